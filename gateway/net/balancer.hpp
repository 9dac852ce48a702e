#pragma once

#include "base/journal/journal.hpp"
#include "base/journal/records.hpp"
#include "base/metrics/latency_histogram.hpp"
#include "gateway/admission/open_connections.hpp"
#include "gateway/admission/rate_limit.hpp"
#include "gateway/http/digest.hpp"
#include "gateway/http/shared_value.hpp"
#include "gateway/net/clocks.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/net/transport/sockets.hpp"
#include "gateway/routing/router.hpp"
#include "gateway/routing/shared_link.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gateway::exchange {
class map_image;
}

namespace gateway::net {

using live_map = routing::token_map<http::map_key, routing::learnt_backend, http::map_key_hash>;
using live_router = routing::basic_router<live_map, http::token_digest, routing::learnt_backend>;
using live_route = routing::route<http::token_digest>;

/// Counters of the shell itself, in addition to the router's.
struct shell_counters {
  std::atomic<std::uint64_t> connections{0}; // client connections accepted
  std::atomic<std::uint64_t> open_connections{0};
  std::atomic<std::uint64_t> refused{0};         // requests answered here without a hop
  std::atomic<std::uint64_t> internal_probes{0}; // of these: requests for the internal location
  std::atomic<std::uint64_t> odd_names{0};       // request fields whose names servers could mistake for others
  std::atomic<std::uint64_t> failed{0};          // requests answered 502, 503 or 504 here
  std::atomic<std::uint64_t> client_gone{0};
  std::atomic<std::uint64_t> truncated_answers{0};   // the upstream broke off in the middle of an answer
  std::atomic<std::uint64_t> connections_refused{0}; // beyond the limit of their address
  std::atomic<std::uint64_t> rate_limited{0};        // requests answered 429
  std::atomic<std::uint64_t> queued{0};              // requests that waited for admission to their upstream
  std::atomic<std::uint64_t> overloaded{0};          // requests answered 503 because they were not admitted
  std::atomic<std::uint64_t> tls_handshakes{0}, tls_resumed{0}, tls_failures{0}; // resumed ones are handshakes too
  std::atomic<std::uint64_t> backends_malformed{0};      // X-Backend values that were not understood
  std::atomic<std::uint64_t> epochs_malformed{0};        // X-Session-Epoch values
  std::atomic<std::uint64_t> forwarded_for_malformed{0}; // elements of X-Forwarded-For, from trusted proxies
  std::atomic<std::uint64_t> log_lines_lost{0};          // of the access log
  std::atomic<std::uint64_t> journal_records_lost{0};
  std::atomic<std::uint64_t> answers_refused{0}; // in addition to the router's: bodies that cannot even begin
  std::atomic<std::uint64_t> bodies_not_kept{0}; // requests answered 507: no file for their bodies
  std::atomic<std::uint64_t> tunnels{0};         // WebSockets opened
  std::atomic<std::uint64_t> open_tunnels{0};    // open or being asked for
  std::atomic<std::uint64_t> tunnel_bytes_up{0}, tunnel_bytes_down{0}; // to upstreams, to clients; without heads
  std::atomic<std::uint64_t> accept_pauses{0};    // times that accepting paused, mostly for lack of descriptors
  std::atomic<std::uint64_t> shared_lookups{0};   // times the shared map was asked
  std::atomic<std::uint64_t> shared_timeouts{0};  // of these: not answered in time
  std::atomic<std::uint64_t> shared_skipped{0};   // not asked, or not waited for: not usable or overloaded
  std::atomic<std::uint64_t> shared_writes{0};    // changes sent to it
  std::atomic<std::uint64_t> shared_errors{0};    // errors it returned, and connections to it that ended or failed
  std::atomic<std::uint64_t> shared_connected{0}; // workers for which it is usable
  std::atomic<routing::link_condition> shared_condition{routing::link_condition::usable}; // as last reported on stderr
  metrics::latency_histogram latency;                                                     // of requests
};

/// An upstream as its users know it, for as long as they hold this: its id may be another's by then.
struct upstream_face {
  explicit upstream_face(http::host_port const& known_as)
    : name(known_as)
    , text(known_as.text()) {}
  http::host_port const name;
  std::string const text;        // HOST:PORT
  std::atomic<bool> gone{false}; // removed: connections to it are no longer of use
};
using upstream_face_ptr = std::shared_ptr<upstream_face const>;

/// What proxies send that is not understood and therefore ignored.
enum class misread : std::uint8_t { redirect, redirect_path, backend, epoch, forwarded_for };

/// Counts for one upstream.
struct upstream_counters {
  std::uint64_t hops = 0;
  std::uint64_t redirects = 0; // X-Accel answers from it
  std::uint64_t failures = 0;
  std::uint64_t bad_answers = 0; // answers that cannot be passed on
};

/// Why `token_map_file` is not used at start.
enum class map_file_refusal : std::uint8_t {
  in_use, // by another process, or its lock cannot be had
  no_file,
  of_another_user,
  open_to_others,
  too_large,
  unreadable,
  late,
  foreign,
  other_version,
  damaged
};

inline constexpr std::array map_file_refusals{
    map_file_refusal::in_use,         map_file_refusal::no_file,   map_file_refusal::of_another_user,
    map_file_refusal::open_to_others, map_file_refusal::too_large, map_file_refusal::unreadable,
    map_file_refusal::late,           map_file_refusal::foreign,   map_file_refusal::other_version,
    map_file_refusal::damaged};

/// As metrics and status have it.
constexpr std::string_view name_of(map_file_refusal why) {
  switch (why) {
  case map_file_refusal::in_use:
    return "in_use";
  case map_file_refusal::no_file:
    return "no_file";
  case map_file_refusal::of_another_user:
    return "of_another_user";
  case map_file_refusal::open_to_others:
    return "open_to_others";
  case map_file_refusal::too_large:
    return "too_large";
  case map_file_refusal::unreadable:
    return "unreadable";
  case map_file_refusal::late:
    return "late";
  case map_file_refusal::foreign:
    return "foreign";
  case map_file_refusal::other_version:
    return "other_version";
  case map_file_refusal::damaged:
    return "damaged";
  }
  return {};
}

/// What came of `token_map_file` at start.
struct map_file_report {
  std::optional<map_file_refusal> refused{};
  std::optional<std::uint64_t> restored{}; // entries; nullopt: there was no file, or it was refused
  std::uint64_t dropped = 0;               // entries whose upstream is not configured, or for which there was no room
};

/// What all threads of the gateway share: the router with its map, the upstreams and their addresses, the counters, the
/// journal. Thread-safe: decisions, which take well under a microsecond, are made under one lock.
class balancer {
public:
  /// Throws std::system_error for the journal.
  explicit balancer(settings const& s);

  /// Takes over upstreams, ranges, guess policy and limits; the map is kept. Upstreams keep their ids.
  void reload(settings const& s);

  template<class Generator>
  routing::action start(live_route& r, routing::request_facts<http::token_digest> const& facts, routing::time_ns now,
                        Generator& generator) {
    std::lock_guard const lock(mutex_);
    return router_.start(r, facts, now, generator);
  }
  struct redirect {
    std::optional<http::host_port> to; // nullopt: malformed
    bool once = false;                 // for this request only
    bool other_target = false;         // it names another path or query, and is not followed
  };
  routing::action on_redirect(live_route& r, redirect const& what);
  /// What an answer's head says about where its session is.
  struct answer {
    std::optional<std::optional<http::host_port>> backend; // from X-Backend; the inner one is empty if malformed
    std::optional<std::uint64_t> epoch;
    bool success = true;
  };
  /// `learnt_at`: if the action has news for the shared map, ADDRESS:PORT of the upstream concerned, by which every
  /// balancer knows it.
  routing::action on_answer(live_route& r, answer const& head, std::string& learnt_at);
  /// The answer cannot be passed on.
  routing::action on_bad_answer(live_route& r) {
    std::lock_guard const lock(mutex_);
    ++upstreams_[routing::index_of(r.upstream)].counters.bad_answers;
    return router_.on_bad_answer(r);
  }
  template<class Generator>
  routing::action on_failure(live_route& r, routing::failure const& what, routing::time_ns now, Generator& generator) {
    std::lock_guard const lock(mutex_);
    if (!what.no_room) ++upstreams_[routing::index_of(r.upstream)].counters.failures;
    return router_.on_failure(r, what, now, generator);
  }
  template<class Generator>
  routing::action on_full(live_route& r, routing::time_ns now, Generator& generator) {
    std::lock_guard const lock(mutex_);
    return router_.on_full(r, now, generator);
  }
  template<class Generator>
  routing::action on_wake(live_route& r, routing::time_ns now, Generator& generator) {
    std::lock_guard const lock(mutex_);
    return router_.on_wake(r, now, generator);
  }
  template<class Generator>
  routing::action on_patience_end(live_route& r, routing::time_ns now, Generator& generator) {
    std::lock_guard const lock(mutex_);
    return router_.on_patience_end(r, now, generator);
  }
  /// The shared map's answer. An entry that names no upstream counts as none.
  template<class Generator>
  routing::action on_shared(live_route& r, std::optional<http::shared_value> const& found, routing::time_ns now,
                            Generator& generator) {
    std::lock_guard const lock(mutex_);
    routing::shared_facts facts;
    if (found) facts = {.backend = resolve_target(found->backend), .epoch = found->epoch};
    return router_.on_shared(r, facts, now, generator);
  }
  /// Entries written to the map may be lost.
  void share_anew() {
    std::lock_guard const lock(mutex_);
    router_.share_anew();
  }
  /// What the next life of this gateway is to know, as the bytes of a file.
  struct kept_map {
    std::string image;
    std::size_t entries = 0;
  };
  kept_map keep_map();
  /// Knows it again, and makes digests as it did: before the first one is made. Entries of upstreams to which no
  /// redirect might lead either are dropped.
  map_file_report restore_map(exchange::map_image const& image);
  /// What is to be shown of the map's file.
  void report(map_file_report const& what);

  bool abandon(live_route& r) {
    std::lock_guard const lock(mutex_);
    return router_.abandon(r);
  }

  /// Whether an address may have one more connection, which counts until `disconnected` if there is a limit at all.
  bool connected(std::uint64_t address);
  void disconnected(std::uint64_t address);
  /// 0: the request may be served. Otherwise it exceeds the limit of its address or token: seconds until it may be
  /// tried again.
  unsigned retry_after_s(std::uint64_t address, http::token_digest const* token, std::int64_t now_ns);

  http::token_digest digest(std::string_view authorization) const { return http::digest_token(key_, authorization); }

  /// Called, from any thread, once a waiting request is admitted to its upstream.
  using continuation = std::function<void()>;
  enum class upstream_admission : std::uint8_t { now, later, none };
  /// Asks for admission of a request to the upstream: at once, when `turn` is called, or not at all. Every `now` and
  /// every `turn` ends with `leave_upstream`.
  upstream_admission enter_upstream(routing::upstream_id id, std::uint64_t ticket, continuation const& turn);
  void leave_upstream(routing::upstream_id id);
  /// The request no longer waits; its turn may have come already.
  void withdraw(routing::upstream_id id, std::uint64_t ticket);
  std::uint64_t next_ticket() { return tickets_.fetch_add(1, std::memory_order_relaxed); }
  /// Drops all queues: those who would be called are about to be destroyed.
  void forget_queues();
  /// Whether requests need admission.
  bool limits_upstreams() const { return upstream_limited_.load(std::memory_order_relaxed); }

  // Upstreams changed at run time, until a reload: then the configuration counts.
  /// Guesses choose it from now on; redirects and what is learnt may lead to it. False if there are too many. A
  /// `weight` that is not given is left as it is, or is 1.
  bool put_upstream(place const& at, std::optional<std::uint32_t> weight);
  /// Guesses no longer choose it; existing sessions go on. False if there is no such upstream.
  bool drain_upstream(http::host_port const& name);
  /// Nothing leads to it any more; requests in progress there end normally.
  bool remove_upstream(http::host_port const& name);
  /// No effect if it is gone.
  void set_healthy(upstream_face const& which, bool healthy);
  struct check_target {
    upstream_face_ptr face;
    endpoint address;
    bool healthy;
  };
  /// Those in the configuration, and those added by PUT.
  std::vector<check_target> to_be_checked() const;

  /// Where to connect to, and which upstream it is; counts the hop.
  struct destination {
    endpoint address;
    upstream_face_ptr face;
  };
  destination destination_of_hop(routing::upstream_id id);
  /// Reports that a piece of a body was stored, or could not be (errno): stderr says when that begins, and when a body
  /// is written to a file again.
  void keeps_bodies(int error, bool in_file, std::filesystem::path const& directory);
  /// Counts input that was not understood and reports it on stderr: once per source, for a few hundred sources at most.
  void misunderstood(misread what, std::string_view source, std::string_view said);
  /// Whether `authority` (HOST:PORT) is an upstream, or could become one by a redirect.
  bool is_upstream(http::host_port const& authority) const;

  /// Journal records; nullptr without a journal, or when the disk is full. Valid as long as the balancer; each is
  /// completed by its one owner.
  journal::balancer_event* record_request(journal::request_id request);
  journal::balancer_event* record_hop(journal::request_id request, endpoint const& upstream, journal::hop_kind hop,
                                      bool from_map);

  shell_counters& shell() { return shell_; }
  shell_counters const& shell() const { return shell_; }

  struct upstream_status {
    std::string name;
    bool in_rotation = true;
    bool healthy = true;
    bool avoided = false; // since it failed
    std::uint32_t weight = 1;
    std::uint32_t in_flight = 0;
    std::size_t waiting = 0; // for admission
    upstream_counters counters;
  };
  /// The counters and the settings in force.
  struct status {
    routing::router_counters router;
    routing::router_settings settings;
    routing::guess_policy guess = routing::guess_policy::random;
    http::accel_path accel = http::accel_path::same;
    http::odd_names odd = http::odd_names::drop;
    bool has_map = false;
    bool has_shared_map = false;
    std::size_t map_entries = 0, map_unproven = 0, map_capacity = 0, map_bytes = 0;
    std::optional<map_file_report> map_file; // nullopt: there is none
    std::vector<upstream_status> upstreams;
  };
  status snapshot() const;

private:
  struct upstream {
    std::shared_ptr<upstream_face> face;
    endpoint address;
    upstream_counters counters{};
    std::uint32_t busy = 0;                                     // requests in progress there, if these are limited
    std::deque<std::pair<std::uint64_t, continuation>> queue{}; // by ticket
  };

  /// nullptr when the disk is full.
  journal::balancer_event* append_to_journal(journal::balancer_event const& event);
  void limit(client_limits const& limits);
  routing::upstream_id add(http::host_port const& name, endpoint const& address, bool in_rotation,
                           std::uint32_t weight = 1);
  /// Adds it, or makes it known and puts it into rotation again. Under the lock.
  void take_in(place const& at, std::optional<std::uint32_t> weight);
  void name_by_address(routing::upstream_id id, endpoint const& address);
  /// Takes it out of use. Under the lock.
  void retire(routing::upstream_id id);
  void ban(std::string const& name);
  /// no_upstream if there is none of that name, or no longer. Under the lock.
  routing::upstream_id find_known(http::host_port const& name) const;
  /// The address of a target that is one, if a redirect may lead there although it is not listed.
  std::optional<boost::asio::ip::address> allowed_address(http::host_port const& target) const;
  /// The id of a target named by a proxy; adds targets in an allowed range. Under the lock.
  routing::upstream_id resolve_target(http::host_port const& target);

  mutable std::mutex mutex_;
  http::digest_key key_;
  live_router router_;
  std::optional<map_file_report> map_file_;
  std::deque<upstream> upstreams_; // by id
  std::deque<std::string> banned_; // the last ones that admin removed: redirects do not bring them back before a reload
  std::atomic<bool> bodies_in_trouble_{false}; // stderr says so
  std::mutex misread_mutex_;
  std::set<std::pair<misread, std::string>> misread_; // what was already reported
  boost::unordered_flat_map<std::string, routing::upstream_id> by_name_;
  std::vector<allowed_range> ranges_;
  http::accel_path accel_path_ = http::accel_path::same; // these two are for the status only
  http::odd_names odd_names_ = http::odd_names::drop;
  std::optional<client_limits::upstream_slots> upstream_slots_;
  std::atomic<bool> upstream_limited_{false};
  std::atomic<std::uint64_t> tickets_{1};
  std::mutex limits_mutex_;
  std::atomic<bool> limits_requests_{false}; // so that the lock is not needed for each request
  std::optional<std::uint32_t> connections_per_address_;
  admission::open_connections connections_;
  std::optional<admission::rate_limit> by_address_, by_token_;
  std::mutex journal_mutex_;
  std::optional<journal::writer<journal::balancer_event>> journal_;
  bool journal_in_trouble_ = false; // stderr says so
  shell_counters shell_;
};

}
