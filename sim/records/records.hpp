#pragma once

#include "base/journal/records.hpp"
#include "sim/records/handshakes.hpp"
#include "sim/records/log_message.hpp"
#include "sim/records/utilisation.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What a run leaves behind: independent records of clients, balancers, proxies and sols. The input of `analyse`.
namespace sim::records {

inline constexpr std::uint16_t no_balancer = 0xffff;

enum class client_outcome : std::uint8_t {
  pending,       // never completed (interrupted)
  answered,      // a whole answer was read
  connect_error, // could not connect to the balancer
  reset,         // connection closed or reset before a byte of the answer was read
  timeout,
  malformed, // the answer did not parse
  truncated  // connection closed or reset within the answer
};

/// What the client found wrong with an answer when it compared it with what it had sent. A set of bits.
enum client_finding : std::uint16_t {
  found_method = 1,       // Lab-Method is not the method sent
  found_target = 2,       // Lab-Target is not the target sent, or the proxy could not parse it (400 + Lab-Error)
  found_fields = 4,       // Lab-Fields differs
  found_request_body = 8, // Lab-Body differs
  found_answer_body = 16, // the answer's body is not the one for this request (cut short, spliced, swapped)
  found_leak = 32,        // X-Accel-*, X-Backend or X-Session-* came out
  found_foreign = 64,     // Lab-Character is not the character whose token asked
  found_no_echo = 128,    // a success without Lab-* echo fields
  found_denied = 256,     // 403 for what the character may see
  found_too_old = 512     // a version that no cache may serve any more, or none that was ever to be seen
};

/// What kind of token the request carried.
enum class token_kind : std::uint8_t { own, junk, none };

/// Whether the request tries the closed door (docs/invariants.md).
enum class probe_kind : std::uint8_t {
  none,              // ordinary load
  internal_location, // asks for /internal_redirect/...: must be refused without a hop
  forged_fields      // carries X-Accel-Redirect, X-Backend or X-Session-* fields: they must have no effect
};

/// One client request. Times: CLOCK_MONOTONIC ns.
struct client_record {
  journal::request_id request = 0;
  std::int64_t intended_ns = 0; // when it should have been sent: latency counts from here
  std::int64_t sent_ns = 0;     // when its first byte was written
  std::int64_t done_ns = 0;
  std::uint64_t epoch = 0;                 // Lab-Epoch, 0 without
  journal::incarnation_id incarnation = 0; // Lab-Incarnation, 0 without
  std::uint32_t character = journal::no_character;
  std::uint32_t token = 0;  // rotation of the character's token: (character, token) identifies a token
  std::uint32_t target = 0; // index into run_records::targets
  std::uint16_t balancer = no_balancer;
  std::uint16_t status = 0;
  std::uint16_t findings = 0; // client_finding bits
  client_outcome outcome = client_outcome::pending;
  token_kind kind = token_kind::own;
  std::uint8_t method = 0; // boost::beast::http::verb as integer
  std::uint8_t phase = 0;  // index into scenario.phases, of the intended start
  probe_kind probe = probe_kind::none;
  bool asks_resource = false; // of `topology.proxies.resources`
  bool from_cache = false;    // answered with what a proxy had made for another request
};

/// A proxy hop with the index of the proxy that wrote it.
struct located_hop {
  journal::proxy_hop hop;
  std::uint16_t proxy;
};

/// Notifications of one character that did not come once each and in order.
struct notification_fault {
  enum class kind : std::uint8_t { lost, doubled, reordered } what;
  std::uint64_t count;
  /// When it can have happened, as the client knows: lost ones between the arrivals of those around them (from 0:
  /// before all; to the largest time: after all), others when they arrived.
  std::int64_t from_ns, until_ns;
};

/// What one EVE client asked and received.
struct eve_record {
  std::uint32_t character = 0;
  std::uint64_t requests = 0, answers = 0;
  std::uint64_t received = 0, lost = 0, doubled = 0, reordered = 0; // notifications
  std::uint64_t logins = 0, moved = 0, disconnects = 0;
  std::vector<notification_fault> faults = {}; // by the time they were noticed
};

/// What can happen in a run: the actions of a scenario's events, and its partitions.
enum class event_kind : std::uint8_t { add_balancer, kill, restart, reload, move_sessions, partition };

/// As reports write it; empty for no kind.
constexpr std::string_view name_of(event_kind kind) {
  switch (kind) {
  case event_kind::add_balancer:
    return scenario::add_balancer::key;
  case event_kind::kill:
    return scenario::kill_node::key;
  case event_kind::restart:
    return scenario::restart_node::key;
  case event_kind::reload:
    return scenario::reload_node::key;
  case event_kind::move_sessions:
    return scenario::move_sessions::key;
  case event_kind::partition:
    return "partition";
  }
  return {};
}

/// What an event does, for all who look for causes.
struct event_traits {
  bool stops_node = false;     // ends the process of its node …
  bool node_returns = false;   // … and starts it again
  bool moves_sessions = false; // to other proxies
  bool parts_links = false;    // of `node` and `peer`
  bool adds_balancers = false; // `node` has their names
};

constexpr event_traits traits_of(event_kind kind) {
  switch (kind) {
  case event_kind::add_balancer:
    return {.adds_balancers = true};
  case event_kind::kill:
    return {.stops_node = true};
  case event_kind::restart:
    return {.stops_node = true, .node_returns = true};
  case event_kind::reload: // sessions and maps stay, as far as anybody outside knows
    return {};
  case event_kind::move_sessions:
    return {.moves_sessions = true};
  case event_kind::partition:
    return {.parts_links = true};
  }
  return {};
}

struct event_record {
  std::string name;
  event_kind kind{};
  std::string node; // the node that it was about, empty if none
  std::int64_t planned_ns = 0, began_ns = 0, done_ns = 0;
  std::string detail;    // "moved 412 sessions"
  std::string peer = {}; // of a partition: the other end, further from the clients; `node` is the one
  bool map_kept = false; // of a balancer's restart: its map outlived it
  bool by_hand = false;  // somebody who watched the run asked for it
  bool left = false;     // the load ended before it was begun (`began_ns` is 0 then), or done
};

struct balancer_records {
  std::string name;
  std::vector<journal::balancer_event> events; // empty for black boxes
  bool has_journal = false;
  /// What the balancer says it counted, by the names of its /metrics without the program's prefix, labels as written.
  /// Empty: it was not asked, or did not run any more.
  std::map<std::string, std::uint64_t> counters = {};
  std::int64_t counting_since_ns = 0, counters_read_ns = 0; // counted since; asked
  std::vector<log_message> log = {};                        // the first distinct messages of its own log
  std::optional<std::vector<std::string>> retries_on = {};  // see named_metrics
};

/// Where a proxy listens, as balancers name it in their journals.
struct proxy_address {
  std::uint32_t address = 0; // IPv4, host order
  std::uint16_t port = 0;
};

struct run_records {
  std::int64_t start_ns = 0, end_ns = 0;   // of the load
  std::int64_t warm_up_ns = 0;             // requests that are due before start_ns + warm_up_ns are in no metric
  std::vector<client_record> clients;      // by request id, request id = index + 1
  std::vector<located_hop> hops;           // of all proxies
  std::vector<journal::sol_event> sols;    // of all sols, each sol's in its order
  std::vector<balancer_records> balancers; // index = client_record::balancer
  std::vector<std::string> targets;
  std::vector<proxy_address> proxies;                  // index = located_hop::proxy; may be empty (then unknown)
  std::map<journal::request_id, std::string> observed; // of some requests with findings: what arrived, one line
  std::vector<eve_record> eve;
  std::vector<std::uint64_t> eve_latency_ns; // game requests
  std::vector<std::uint64_t> notification_latency_ns;
  std::vector<event_record> events;
  proxy_work_by_phase work;
  std::vector<std::uint32_t> logged_in; // characters that had a session when the load started
  bool bytes = true;                    // false: simulated, so that nothing can be said of what bytes travelled
  bool interrupted = false;
  std::uint32_t looks = 0;               // of a snapshot: how many times thresholds have been judged, this one included
  bool complete = true;                  // all planned load was issued
  std::optional<std::string> aborted_by; // threshold with abort_on_fail
  std::optional<std::string> bad_log;    // of a trace: more of it was skipped than load.max_skipped allows
  double client_cpu_seconds = 0;
  std::optional<handshake_counts> handshakes; // none: without TLS
  std::uint64_t waited_for_connection = 0; // requests that were due while all connections to their balancer were busy
  std::optional<double> cpu_busy;          // share of the machine's CPU time, while the load ran; none: not known
};

}
