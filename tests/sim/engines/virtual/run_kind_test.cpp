// An engine composed for plain runs comes to what the engine for any run comes to.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace sim;

namespace {

/// A scenario without events and phases.
scenario::scenario plain(std::string const& file, std::vector<std::string> const& overrides) {
  scenario::scenario s = scenario::load_file(std::string(CREST_SOURCE_DIR) + "/" + file + ".json", overrides);
  s.phases.resize(1);
  s.phases.front() = {};
  s.thresholds.clear();
  return s;
}

void compare(records::metric_set const& any, records::metric_set const& composed) {
  REQUIRE(any.size() == composed.size());
  for (auto const& [name, value] : any) {
    INFO(name);
    records::metric const& other = composed.at(name);
    if (auto const* ratio = std::get_if<records::ratio_metric>(&value)) {
      CHECK(ratio->numerator == std::get<records::ratio_metric>(other).numerator);
      CHECK(ratio->denominator == std::get<records::ratio_metric>(other).denominator);
      CHECK(ratio->theory == std::get<records::ratio_metric>(other).theory);
    } else if (auto const* trend = std::get_if<records::trend_metric>(&value)) {
      auto const& of_other = std::get<records::trend_metric>(other);
      CHECK(trend->count == of_other.count);
      CHECK(std::vector{trend->p50, trend->p99, trend->p999, trend->max, trend->mean, trend->min} ==
            std::vector{of_other.p50, of_other.p99, of_other.p999, of_other.max, of_other.mean, of_other.min});
    } else {
      CHECK(std::get<records::counter_metric>(value).value == std::get<records::counter_metric>(other).value);
    }
  }
}

void compare(records::result const& any, records::result const& composed) {
  CHECK(any.history_hash == composed.history_hash);
  CHECK(any.duration_s == composed.duration_s);
  CHECK(any.notes == composed.notes);
  compare(any.metrics, composed.metrics);
  REQUIRE(any.balancers.size() == composed.balancers.size());
  for (std::size_t i = 0; i != any.balancers.size(); ++i)
    compare(any.balancers[i].metrics, composed.balancers[i].metrics);
  REQUIRE(any.timeseries.size() == composed.timeseries.size());
  for (std::size_t i = 0; i != any.timeseries.size(); ++i) {
    records::time_slice const &a = any.timeseries[i], &b = composed.timeseries[i];
    CHECK(std::pair(a.from_s, a.balancer) == std::pair(b.from_s, b.balancer));
    CHECK(std::vector{a.requests, a.redirects, a.failed} == std::vector{b.requests, b.redirects, b.failed});
  }
  REQUIRE(any.invariants.size() == composed.invariants.size());
  for (std::size_t i = 0; i != any.invariants.size(); ++i) {
    records::invariant_result const &a = any.invariants[i], &b = composed.invariants[i];
    INFO(a.name);
    CHECK(std::pair(a.checked, a.violations) == std::pair(b.checked, b.violations));
  }
}

}

TEST_CASE("an engine composed for plain runs comes to the same as that for any run") {
  auto const nothing = [](scenario::scenario&) {};
  auto const patience = [](scenario::scenario& s) { // proxies whose queues are longer than a client waits
    s.load.timeout = std::chrono::milliseconds(30);
    s.topology.proxies.servers = 1;
    s.topology.proxies.service_time = scenario::exponential_time{std::chrono::milliseconds(2)};
  };
  // Late ones are looked for, and there are none.
  auto const in_time = [](scenario::scenario& s) { s.load.timeout = std::chrono::milliseconds(300); };
  auto const few_connections = [](scenario::scenario& s) { s.load.connections_per_balancer = 3; };
  // Delays and services of whole microseconds, in step: many events fall into one nanosecond.
  auto const in_step = [](scenario::scenario& s) {
    s.load.kind = scenario::load_kind::constant_rate;
    s.simulated.client_delay = s.simulated.proxy_delay = s.simulated.rpc_delay =
        scenario::constant_time{std::chrono::microseconds(100)};
    s.topology.proxies.servers = 1;
    s.topology.proxies.service_time = scenario::constant_time{std::chrono::microseconds(200)};
  };
  auto const sharing = [](scenario::scenario& s) {
    s.topology.proxies.servers = 2;
    s.topology.proxies.discipline = scenario::discipline::processor_sharing;
    s.topology.proxies.service_time = scenario::exponential_time{std::chrono::milliseconds(1)};
  };
  std::vector<std::string> const small{"population.characters=1000", "load.duration=\"0.4s\""};
  std::vector<std::string> tiny_maps = small; // that lose a token before its answer is there
  tiny_maps.push_back("topology.balancers.token_map=\"2k\"");
  auto const guessing = [small](std::string const& policy) {
    std::vector<std::string> all = small;
    all.push_back("topology.balancers.guess=\"" + policy + "\"");
    return all;
  };
  std::vector<std::string> const brief{"load.duration=\"2s\"", R"(phases=[{"name":"all"}])", "thresholds={}"};
  std::vector<std::string> logged_in{"population.logged_in=0.3", "population.eve_clients=20",
                                     "load.balancer_choice=\"round_robin\""};
  logged_in.insert(logged_in.end(), brief.begin(), brief.end());
  using cases =
      std::vector<std::tuple<char const*, std::vector<std::string>, std::function<void(scenario::scenario&)>>>;
  for (auto const& [file, overrides, change] : cases{{"scenarios/small-map", brief, nothing},
                                                     {"scenarios/small-map", brief, patience},
                                                     {"scenarios/small-map", brief, in_time},
                                                     {"scenarios/small-map", brief, few_connections},
                                                     {"scenarios/small-map", brief, sharing},
                                                     {"scenarios/small-map", logged_in, nothing},
                                                     {"bench/sim/standard", small, nothing},
                                                     {"bench/sim/standard", small, few_connections},
                                                     {"bench/sim/standard", tiny_maps, nothing},
                                                     {"bench/sim/standard", small, patience},
                                                     {"bench/sim/standard", small, in_time},
                                                     {"bench/sim/standard", small, in_step},
                                                     {"bench/sim/standard", small, sharing},
                                                     {"bench/sim/standard", guessing("least_conn"), nothing},
                                                     {"bench/sim/standard", guessing("two_choices"), nothing},
                                                     {"bench/sim/standard", guessing("round_robin"), nothing},
                                                     {"bench/sim/standard", guessing("token_hash"), nothing},
                                                     {"bench/sim/huge", small, nothing}}) {
    scenario::scenario s = plain(file, overrides);
    change(s);
    INFO(file);
    virtual_time::run_options composed, any;
    composed.keep = any.keep = virtual_time::run_options::detail::summary;
    // Routers from elsewhere may have any keys; these decide as the others.
    any.decisions = [] { return std::make_unique<virtual_time::dense_routers>(); };
    compare(virtual_time::run(s, any), virtual_time::run(s, composed));
  }
}
