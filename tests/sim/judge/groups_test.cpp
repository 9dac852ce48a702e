// What groups and kinds of balancers come to, and what thresholds ask of them.
#include "sim/judge/groups.hpp"
#include "sim/judge/replicated.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sim::judge {

using records::named_metrics;
using records::result;

namespace {

/// Four gateways in the groups "edge" (one balancer), "core" (two) and "lua" (an nginx), two phases; some fail at core.
world with_groups(std::uint64_t seed = 5) {
  world w(4, 4, seed);
  scenario::balancer_group const one = [&] {
    scenario::balancer_group g = w.s.topology.balancers.at(0);
    g.count = 1;
    return g;
  }();
  w.s.topology.balancers = {one, one, one};
  w.s.topology.balancers[0].name = "edge";
  w.s.topology.balancers[1].name = "core", w.s.topology.balancers[1].count = 2;
  w.s.topology.balancers[2].name = "lua", w.s.topology.balancers[2].kind = scenario::balancer_kind::nginx;
  w.r.balancers[3].name = "nginx[0]", w.r.balancers[3].has_journal = false;
  w.s.phases = {{"first", scenario::nanoseconds::max(), {}}, {"second", scenario::nanoseconds::max(), {}}};
  for (std::size_t i = 0; i != 400; ++i) {
    w.request(static_cast<std::uint32_t>(i % 50), static_cast<std::uint16_t>(i / 3 % 4));
    w.r.clients.back().phase = i < 200 ? 0 : 1;
    if (w.r.clients.back().balancer == 1 && i % 10 < 2) w.r.clients.back().outcome = records::client_outcome::reset;
  }
  return w;
}

named_metrics const& part(std::vector<named_metrics> const& all, std::string const& name) {
  for (named_metrics const& m : all)
    if (m.name == name) return m;
  FAIL("no " << name);
  throw std::logic_error("unreachable");
}

}

TEST_CASE("what groups come to, and what kinds come to, adds up to the whole, in each phase too") {
  world w = with_groups();
  result const r = w.analyse();
  REQUIRE(r.groups.size() == 3);
  CHECK(r.groups[0].name == "edge");
  CHECK(r.groups[1].name == "core");
  CHECK(r.groups[2].kind == "nginx");
  REQUIRE(r.kinds.size() == 2); // gateway, nginx: other sets than the groups
  CHECK(part(r.balancers, "gateway[1]").group == "core");
  for (auto const* const sets : {&r.groups, &r.kinds}) {
    for (char const* name : {"requests", "redirects", "failed_requests", "hops", "redirects{reason:cold}",
                             "failed_requests{cause:reset}"}) {
      INFO(name);
      double sum = 0;
      std::vector<double> by_phase(2);
      for (named_metrics const& set : *sets) {
        sum += records::counter_in(set.metrics, name);
        for (std::size_t p = 0; p != 2; ++p) by_phase[p] += records::counter_in(set.phases.at(r.phases[p].name), name);
      }
      CHECK(sum == records::counter_in(r.metrics, name));
      for (std::size_t p = 0; p != 2; ++p) CHECK(by_phase[p] == records::counter_in(r.phases[p].metrics, name));
      if (std::string(name) == "failed_requests") CHECK(sum > 0);
    }
    std::uint64_t latencies = 0;
    for (named_metrics const& set : *sets)
      latencies += std::get<records::trend_metric>(set.metrics.at("latency_ms")).count;
    CHECK(latencies == std::get<records::trend_metric>(r.metrics.at("latency_ms")).count);
  }
  named_metrics const& core = part(r.groups, "core");
  CHECK(counter(core.metrics, "failed_requests") == counter(r.metrics, "failed_requests"));
  CHECK(counter(core.metrics, "requests") == counter(part(r.balancers, "gateway[1]").metrics, "requests") +
                                                 counter(part(r.balancers, "gateway[2]").metrics, "requests"));
  CHECK(counter(part(r.kinds, "gateway").metrics, "requests") ==
        counter(core.metrics, "requests") + counter(part(r.groups, "edge").metrics, "requests"));
}

TEST_CASE("a group's error is as sure as that of its one balancer, and its percentiles are those of the balancer") {
  world w = with_groups();
  result const r = w.analyse();
  named_metrics const &edge = part(r.groups, "edge"), &alone = part(r.balancers, "gateway[0]");
  REQUIRE(ratio(edge.metrics, "redirect_ratio").measured_error);
  CHECK(ratio(edge.metrics, "redirect_ratio").measured_error == ratio(alone.metrics, "redirect_ratio").measured_error);
  auto const& latency = std::get<records::trend_metric>(edge.metrics.at("latency_ms"));
  CHECK(latency.p99 == std::get<records::trend_metric>(alone.metrics.at("latency_ms")).p99);
  CHECK(latency.p50_within.high == std::get<records::trend_metric>(alone.metrics.at("latency_ms")).p50_within.high);
  REQUIRE(ratio(part(r.kinds, "gateway").metrics, "redirect_ratio").measured_error);
  CHECK(ratio(part(r.kinds, "gateway").metrics, "redirect_ratio").clusters == 50);
}

TEST_CASE("one group needs no rows of its own, and kinds that are the groups are not said twice") {
  world one(2, 4, 5);
  one.s.topology.balancers.at(0).name = "edge";
  one.request(0, 0);
  result const r = one.analyse();
  CHECK(r.groups.empty());
  CHECK(r.kinds.empty());
  CHECK(r.balancers.at(0).group == "edge");
  world w = with_groups();
  w.s.topology.balancers = {w.s.topology.balancers[1], w.s.topology.balancers[2]};
  w.s.topology.balancers[0].count = 3;
  result const two = w.analyse();
  CHECK(two.groups.size() == 2);
  CHECK(two.kinds.empty());
}

TEST_CASE("thresholds narrow by group, by kind, by phase and by both") {
  world w = with_groups();
  auto const value = [&](std::string const& metric, std::map<std::string, std::string> labels) {
    scenario::threshold t;
    t.metric = t.written = metric;
    t.labels = std::move(labels);
    t.expression = metric == "latency_ms" ? "count>=0" : metric == "redirect_ratio" ? "<9 @95%" : ">=0";
    w.s.thresholds = {t};
    auto const judged = w.analyse().thresholds.at(0);
    return judged.value.value_or(-1);
  };
  result const r = w.analyse();
  named_metrics const& core = part(r.groups, "core");
  CHECK(value("redirect_ratio", {{"group", "core"}}) == ratio(core.metrics, "redirect_ratio").value);
  CHECK(value("redirect_ratio", {{"group", "core"}, {"phase", "second"}}) ==
        ratio(core.phases.at("second"), "redirect_ratio").value);
  CHECK(value("redirect_ratio", {{"kind", "nginx"}}) == ratio(part(r.groups, "lua").metrics, "redirect_ratio").value);
  CHECK(value("failed_requests", {{"group", "core"}, {"cause", "reset"}}) == counter(r.metrics, "failed_requests"));
  CHECK(value("failed_requests", {{"group", "edge"}}) == 0);
  CHECK(value("requests", {{"group", "core"}, {"kind", "nginx"}}) == -1); // none is both
  CHECK(value("requests", {{"group", "core"}, {"balancer", "gateway[2]"}}) ==
        counter(part(r.balancers, "gateway[2]").metrics, "requests"));
  CHECK(value("latency_ms", {{"group", "core"}}) ==
        static_cast<double>(std::get<records::trend_metric>(core.metrics.at("latency_ms")).count));
}

TEST_CASE("groups and kinds of several replications are put together as their balancers are") {
  std::vector<world> worlds;
  for (std::uint64_t seed = 1; seed != 5; ++seed) worlds.push_back(with_groups(seed));
  replicated all(worlds[0].s, 0.95);
  double requests = 0, redirects = 0;
  for (world& w : worlds) {
    std::optional<replication> one;
    result alone = analyse(w.s, w.r, [&](findings const& f) { one = replication_of(f); });
    requests += counter(part(alone.groups, "core").metrics, "requests");
    redirects += counter(part(alone.kinds, "gateway").phases.at("second"), "redirects");
    one->alone = std::move(alone);
    all.add(std::move(*one));
  }
  result const r = all.conclude();
  auto const of = [&](records::metric_set const& set, char const* name) {
    return std::get<records::counter_metric>(set.at(name));
  };
  CHECK(of(part(r.groups, "core").metrics, "requests").value == Approx(requests / 4));
  CHECK(of(part(r.kinds, "gateway").phases.at("second"), "redirects").value == Approx(redirects / 4));
  CHECK(of(part(r.groups, "edge").metrics, "redirects").replications == 4);
  CHECK(of(part(r.groups, "edge").metrics, "redirects").confidence_interval);
  CHECK(ratio(part(r.groups, "lua").metrics, "redirect_ratio").confidence_interval);
}

}
