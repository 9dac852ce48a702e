#pragma once

#include "sim/judge/analyse.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace sim::judge {

/// A world in small, written without the code under test: balancers that guess and learn, proxies, a registry. It keeps
/// the books that real programs would keep, so that a test can plant one lie in them.
class world {
public:
  static constexpr std::int64_t start_ns = 1'000'000'000'000;

  struct options {
    std::uint32_t token = 0;
    boost::beast::http::verb method = boost::beast::http::verb::get;
    records::token_kind kind = records::token_kind::own;
    records::probe_kind probe = records::probe_kind::none;
    std::optional<std::uint16_t> guess; // this proxy instead of a random one
    std::int64_t lasts_ns = 1'000;      // from the last proxy's answer to the client's last byte
  };

  world(std::uint32_t balancers, std::uint32_t proxies, std::uint64_t seed = 1);

  /// Gives a character a session before the load.
  void log_in(std::uint32_t character);
  /// Sends one request at `now_ns`, which then moves past its end. Returns its slot.
  std::size_t request(std::uint32_t character, std::uint16_t balancer, options o);
  std::size_t request(std::uint32_t character, std::uint16_t balancer) {
    return request(character, balancer, options{});
  }
  void move(std::uint32_t character, std::uint16_t to);
  void forget(std::uint16_t balancer, std::uint32_t character, std::uint32_t token = 0);
  records::event_record& event(records::event_kind kind, std::string node);
  /// Turns the balancers into the kind given, without journals when it is not the gateway.
  void become(scenario::balancer_kind kind, scenario::nginx_rules nginx_config = scenario::nginx_rules::lua_map);
  void without_maps();

  records::result analyse();
  /// The last hop of a request, as its proxy wrote it.
  journal::proxy_hop& last_hop(std::size_t slot);
  journal::balancer_event& booked(std::size_t slot, journal::balancer_event_kind kind);

  scenario::scenario s;
  records::run_records r;
  std::int64_t now_ns = start_ns;

private:
  struct session {
    std::uint16_t proxy;
    std::uint64_t epoch;
  };
  void grant(std::uint32_t character, std::uint16_t proxy);
  void hop(records::client_record const& c, std::uint16_t proxy, journal::hop_kind kind, bool hit, bool serves);
  std::uint16_t draw();

  std::uint32_t proxies_;
  std::mt19937_64 random_;
  std::map<std::uint32_t, session> sessions_;
  std::map<std::uint32_t, std::uint64_t> epochs_;
  std::map<std::pair<std::uint16_t, std::uint64_t>, std::uint16_t> maps_;
};

/// The invariant of that name.
records::invariant_result const& invariant(records::result const& r, std::string const& name);
/// Names of the invariants that did not pass, with blanks between.
std::string broken(records::result const& r);
double counter(records::metric_set const& set, std::string const& name);
records::ratio_metric const& ratio(records::metric_set const& set, std::string const& name);

}
