#pragma once

#include "fakeproxy/cluster/node.hpp"
#include "sim/load/stream.hpp"
#include "sim/records/notification_log.hpp"
#include "sim/records/records.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace sim::actors {

/// What a proxy says to an EVE client.
struct eve_message {
  fakeproxy::cluster::eve_event::kind what = fakeproxy::cluster::eve_event::kind::refused;
  std::uint64_t number = 0;             // answer: of the request; notification: its own
  std::int64_t sent_ns = 0;             // notification: when the sol sent it
  std::optional<std::uint16_t> proxy{}; // elsewhere, moved: where the session is
};

struct eve_settings {
  std::vector<std::uint32_t> characters; // a client each
  std::uint32_t proxies = 1;
  double request_rate_rps = 0; // of each client; Poisson
  std::uint64_t seed = 1;
  std::int64_t reconnect_pause_ns = 50'000'000;   // where nobody said who has the session
  std::int64_t login_patience_ns = 5'000'000'000; // from the attempt to connect to the welcome
};

/// All EVE clients of a run. Each logs in at a proxy, any of them or the one that it is sent to, and stays; when the
/// connection is over it comes back, at once if it is sent on, else after a pause. They send game requests, one Poisson
/// stream for all, and keep the books of answers and notifications. The driver opens connections, carries messages and
/// reports what became of them. Times are nanoseconds of the driver's clock. Not thread-safe.
class eve_clients {
public:
  using client = std::uint32_t; // index of settings.characters

  explicit eve_clients(eve_settings s);

  eve_settings const& settings() const { return settings_; }
  std::size_t count() const { return members_.size(); }
  std::uint32_t character(client c) const { return members_[c].record.character; }

  /// The proxy to connect to, and how long to wait before.
  struct attempt {
    std::uint16_t proxy;
    std::int64_t pause_ns;
  };
  /// The first one of a client.
  attempt connect(client c);
  /// The connection is over, whoever ended it, or could not be opened: the next one.
  attempt reconnect(client c);
  /// A message has arrived. False: it ends the connection.
  bool on_message(client c, eve_message const& message, std::int64_t now_ns);

  bool is_in(client c) const { return members_[c].is_in; }
  bool all_in() const;

  // Game requests.
  void start_requests(std::int64_t now_ns);
  void stop_requests() { asking_ = false; }
  /// When the next one is due; nullopt: none is.
  std::optional<std::int64_t> next_request_ns() const;
  /// The request that is due: its sender and number. Nullopt: the client drawn is not logged in, and sends none.
  struct request {
    client from;
    std::uint64_t number;
  };
  std::optional<request> take_request();

  /// Whether every request is answered, and every notification up to `sent` (each character's last number) received.
  /// Characters that are not `served` do not count: their sol does not run, and nothing comes from it.
  bool settled(std::map<std::uint32_t, std::uint64_t> const& sent,
               std::function<bool(std::uint32_t)> const& served) const;

  /// `sent`: as above.
  std::vector<records::eve_record> records(std::map<std::uint32_t, std::uint64_t> const& sent) const;
  std::vector<std::uint64_t> const& request_latency_ns() const { return request_latency_; }
  std::vector<std::uint64_t> const& notification_latency_ns() const { return notification_latency_; }

private:
  struct member {
    std::optional<std::uint16_t> sent_on; // where its session is
    bool is_in = false;
    std::map<std::uint64_t, std::int64_t> asked; // number of the request → when it was due
    std::uint64_t next_number = 1;
    records::eve_record record;
    records::notification_log notifications;
  };

  eve_settings settings_;
  std::vector<member> members_;
  load::mersenne_twister where_, when_;
  std::int64_t due_ns_ = 0;
  bool asking_ = false;
  std::vector<std::uint64_t> request_latency_, notification_latency_;
};

}
