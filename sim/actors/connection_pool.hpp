#pragma once

#include "sim/records/records.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace sim::actors {

using connection_id = std::uint32_t; // dense, in the order in which they were first opened
inline constexpr connection_id no_connection = std::numeric_limits<connection_id>::max();

struct pool_settings {
  std::uint32_t connections_per_balancer = 64; // at most
  std::uint32_t requests_per_connection = 0;   // then the client closes it; 0: no limit
  std::int64_t timeout_ns = 10'000'000'000;    // of each try, from when it has a connection to the last byte read
};

/// The connections of a client to its balancers, one request at a time on each. A request gets the most recently used
/// connection that is open and idle, else a new one, if there may be more; else it waits. Those that wait for a
/// balancer are served in the order in which they came.
///
/// A safe request on a connection that had served before and is reset without a byte of an answer is tried once more,
/// on a new connection (RFC 9112 9.3.1): its balancer had closed the connection, or was about to.
///
/// The driver opens and closes connections, and sends; `Request` is whatever it uses for a request. Times are
/// nanoseconds of the driver's clock, and do not go back. Allocates nothing for a request that need not wait, once
/// there are as many connections as needed. Not thread-safe.
template<class Request>
class connection_pool {
public:
  using balancer = std::uint16_t;
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  explicit connection_pool(pool_settings s)
    : settings_(s) {}

  /// The next balancer's number.
  balancer add_balancer() {
    balancers_.emplace_back();
    return static_cast<balancer>(balancers_.size() - 1);
  }

  // ---- a request

  bool has_room(balancer b) const {
    at const& to = balancers_[b];
    return !to.idle.empty() || !to.closed.empty() || to.connections < settings_.connections_per_balancer;
  }
  bool has_waiting(balancer b) const { return balancers_[b].waits != 0; }

  struct grant {
    connection_id connection = no_connection;
    bool is_open = false; // else it has to be opened first
  };
  /// A connection for a request that is sent now. Precondition: there is room.
  grant take(balancer b, Request const& request, std::int64_t now_ns) {
    at& to = balancers_[b];
    grant given;
    if (!to.idle.empty()) {
      given = {to.idle.back(), true};
      to.idle.pop_back();
    } else if (!to.closed.empty()) {
      given.connection = to.closed.back();
      to.closed.pop_back();
    } else {
      given.connection = static_cast<connection_id>(all_.size());
      all_.emplace_back().to = b;
      ++to.connections;
    }
    connection& c = all_[given.connection];
    c.request = request;
    if (!given.is_open) c.answers = 0;
    c.is_second_try = false;
    begin_try(given.connection, now_ns);
    return given;
  }

  void wait(balancer b, Request const& request) {
    balancers_[b].waiting.push_back(request);
    ++balancers_[b].waits;
    ++waited_;
  }
  /// How many requests had to wait, since the beginning.
  std::uint64_t waited() const { return waited_; }
  /// Takes the next waiting request; nullopt: nobody waits, or there is no room.
  std::optional<Request> next_waiting(balancer b) {
    at& to = balancers_[b];
    if (to.waits == 0 || !has_room(b)) return std::nullopt;
    std::optional<Request> first = std::move(to.waiting.front());
    to.waiting.pop_front();
    --to.waits;
    return first;
  }
  /// Drops all requests that wait. Returns how many did.
  std::size_t drop_waiting() {
    std::size_t dropped = 0;
    for (at& to : balancers_) {
      dropped += std::exchange(to.waits, 0);
      to.waiting.clear();
    }
    return dropped;
  }

  // ---- what became of it: the connection is in use until it is released

  /// Its answer is whole. `may_stay`: the connection could carry another request. Returns whether it stays open.
  bool on_answered(connection_id id, bool may_stay) {
    end_try(id);
    connection& c = all_[id];
    ++c.answers;
    c.stays = may_stay && (settings_.requests_per_connection == 0 || c.answers < settings_.requests_per_connection);
    return c.stays;
  }

  struct failure {
    records::client_outcome what;
    bool answer_began;               // a byte of an answer has arrived
    boost::beast::http::verb method; // the request's
  };
  /// It got no answer, and the connection is closed. Returns its outcome; nullopt: it is sent once more on this
  /// connection, which has to be opened.
  std::optional<records::client_outcome> on_failed(connection_id id, failure const& how, std::int64_t now_ns) {
    using records::client_outcome;
    end_try(id);
    connection& c = all_[id];
    bool const was_stale = how.what == client_outcome::reset && !how.answer_began && has_served(id);
    if (was_stale && is_safe(how.method)) { // a second try is on a connection that has not served
      c.answers = 0;
      c.is_second_try = true;
      begin_try(id, now_ns);
      return std::nullopt;
    }
    c.stays = false;
    // The balancer may have read the first try: that the second one did not reach it does not mean that none did.
    bool const was_sent = c.is_second_try && how.what == client_outcome::connect_error;
    if (was_sent) return client_outcome::reset;
    return how.what == client_outcome::reset && how.answer_began ? client_outcome::truncated : how.what;
  }

  void release(connection_id id) {
    at& to = balancers_[all_[id].to];
    (all_[id].stays ? to.idle : to.closed).push_back(id);
  }

  /// Its balancer has closed it while it was idle.
  void on_closed(connection_id id) {
    at& to = balancers_[all_[id].to];
    std::erase(to.idle, id);
    to.closed.push_back(id);
  }
  /// … all its idle connections.
  void on_all_closed(balancer b) {
    at& to = balancers_[b];
    to.closed.insert(to.closed.end(), to.idle.begin(), to.idle.end());
    to.idle.clear();
  }

  // ---- time-outs

  std::int64_t deadline(connection_id id) const { return all_[id].deadline_ns; }
  /// When the first request times out; never: none is under way.
  std::int64_t next_deadline() const { return oldest_ == no_connection ? never : all_[oldest_].deadline_ns; }
  /// The connection of a request that has timed out, on which the driver then calls `on_failed`.
  std::optional<connection_id> overdue(std::int64_t now_ns) const {
    return next_deadline() <= now_ns ? std::optional(oldest_) : std::nullopt;
  }

  /// The request that is under way on it, or was last. The reference is invalid once another request gets a connection.
  Request& request_of(connection_id id) { return all_[id].request; }
  balancer balancer_of(connection_id id) const { return all_[id].to; }
  /// Whether it has carried an answer since it was opened.
  bool has_served(connection_id id) const { return all_[id].answers != 0; }
  /// Whether its present request had failed on a stale connection.
  bool is_second_try(connection_id id) const { return all_[id].is_second_try; }

private:
  struct connection {
    connection_id older = no_connection, newer = no_connection; // among those in use, whose deadlines are in order
    std::int64_t deadline_ns = 0;
    std::uint32_t answers = 0; // since it was opened
    balancer to = 0;
    bool stays = false; // open when it is released
    bool is_second_try = false;
    Request request{};
  };
  struct at {
    std::vector<connection_id> idle, closed; // used last at the end
    std::uint32_t connections = 0;           // in all
    std::uint32_t waits = 0;                 // as many as `waiting` holds
    std::deque<Request> waiting;
  };

  static bool is_safe(boost::beast::http::verb method) { // RFC 9110 9.2.1
    using boost::beast::http::verb;
    return method == verb::get || method == verb::head || method == verb::options || method == verb::trace;
  }

  void begin_try(connection_id id, std::int64_t now_ns) {
    connection& c = all_[id];
    c.deadline_ns = now_ns + settings_.timeout_ns;
    c.older = newest_;
    c.newer = no_connection;
    (newest_ == no_connection ? oldest_ : all_[newest_].newer) = id;
    newest_ = id;
  }
  void end_try(connection_id id) {
    connection const& c = all_[id];
    (c.older == no_connection ? oldest_ : all_[c.older].newer) = c.newer;
    (c.newer == no_connection ? newest_ : all_[c.newer].older) = c.older;
  }

  pool_settings settings_;
  std::vector<connection> all_;
  std::vector<at> balancers_;
  connection_id oldest_ = no_connection, newest_ = no_connection;
  std::uint64_t waited_ = 0;
};

}
