#include "sim/studies/verify/judge.hpp"
#include "sim/studies/verify/verify.hpp"
#include "sim/theory/explain.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

namespace sim::verify {
namespace {

/// 2 balancers, 4 proxies, 20 requests of each of 2,000 characters: ratio 0.0375, standard error 0.000484.
scenario::scenario two_balancers() {
  scenario::scenario s;
  s.name = "two balancers";
  scenario::balancer_group g;
  g.count = 2;
  s.topology.balancers = {g};
  s.topology.proxies.count = 4;
  s.population.characters = 2'000;
  s.load.requests_per_character = 20;
  return s;
}

/// No closed form, and none conditioned on a run either.
scenario::scenario least_busy() {
  scenario::scenario s = two_balancers();
  s.topology.balancers[0].guess = scenario::guess_policy::least_conn;
  return s;
}

records::result showing(double redirect_ratio) {
  records::result r;
  records::ratio_metric m;
  m.denominator = 40'000;
  m.value = redirect_ratio;
  r.metrics["redirect_ratio"] = m;
  return r;
}

/// Always shows the same.
evaluate fake(double redirect_ratio) {
  return [=](scenario::scenario const&) { return showing(redirect_ratio); };
}

/// Shows `middle` on average over every two seeds, `spread` to either side.
evaluate fake(double middle, double spread) {
  return [=](scenario::scenario const& s) { return showing(middle + (s.seed % 2 ? spread : -spread)); };
}

options of_runs(unsigned simulated, unsigned live = 1) {
  options o;
  o.simulated_runs = simulated;
  o.live_runs = live;
  return o;
}

metric_row const& row_of(scenario_agreement const& a, std::string const& metric) {
  auto const found =
      std::find_if(a.rows.begin(), a.rows.end(), [&](metric_row const& r) { return r.metric == metric; });
  REQUIRE(found != a.rows.end());
  return *found;
}

double const ratio = 0.75 * (2 * (1 - std::pow(0.5, 20)) - 1) / 20;
double const error = std::sqrt(0.75 * 0.25 / 2'000) / 20; // of one run: D is 2 all but surely

}

TEST_CASE("engines that show what theory expects agree") {
  auto const a = verify(two_balancers(), {fake(ratio), fake(ratio + error), fake(ratio - 2 * error)}, of_runs(4));
  CHECK(a.agrees);
  CHECK(a.failures.empty());
  CHECK(a.notes.empty());
  metric_row const& row = row_of(a, "redirect_ratio");
  CHECK(row.theory->value == Approx(ratio));
  CHECK(row.simulated->runs == 4);
  CHECK(*row.simulated->standard_error == Approx(error / 2).epsilon(0.001));
  // Against four simulated runs: sqrt(1 + 1/4) standard errors of one run.
  CHECK(*row.gateway_agrees->standard_errors == Approx(1 / std::sqrt(1.25)).epsilon(0.001));
  CHECK(*row.nginx_agrees->standard_errors == Approx(-2 / std::sqrt(1.25)).epsilon(0.001));
}

TEST_CASE("a planted disagreement is found, wherever it is planted") {
  double const far = 5 * error;
  CHECK_FALSE(verify(two_balancers(), {fake(ratio + far), {}, {}}, of_runs(4)).agrees);
  CHECK_FALSE(verify(two_balancers(), {fake(ratio), fake(ratio + far), {}}, of_runs(4)).agrees);
  CHECK_FALSE(verify(two_balancers(), {fake(ratio), fake(ratio), fake(ratio - far)}, of_runs(4)).agrees);
  auto const a = verify(two_balancers(), {fake(ratio), fake(ratio + far), fake(ratio)}, of_runs(4));
  CHECK(row_of(a, "redirect_ratio").simulated_agrees->agrees());
  CHECK_FALSE(row_of(a, "redirect_ratio").gateway_agrees->agrees());
  CHECK(row_of(a, "redirect_ratio").nginx_agrees->agrees());
}

TEST_CASE("simulated runs may differ from theory by a thousandth, but not by more than 4 standard errors") {
  // 1,600 runs: three standard errors are 0.097 % of the value, four 0.129 %; 10,000 runs: 0.039 % and 0.052 %.
  CHECK(verify(two_balancers(), {fake(ratio * 1.00099), {}, {}}, of_runs(1'600)).agrees);
  CHECK_FALSE(verify(two_balancers(), {fake(ratio * 1.0011), {}, {}}, of_runs(1'600)).agrees);
  CHECK(verify(two_balancers(), {fake(ratio * 1.0005), {}, {}}, of_runs(10'000)).agrees);
  CHECK_FALSE(verify(two_balancers(), {fake(ratio * 1.0006), {}, {}}, of_runs(10'000)).agrees);
}

TEST_CASE("where theory leaves nothing to chance, one redirect is too many") {
  auto s = two_balancers();
  s.topology.balancers[0].count = 1;
  CHECK(verify(s, {fake(0), fake(0), {}}, of_runs(2)).agrees);
  CHECK_FALSE(verify(s, {fake(0), fake(1.0 / 40'000), {}}, of_runs(2)).agrees);
}

TEST_CASE("without theory the spread of the simulated runs is the measure of live ones") {
  // Ten runs of 0.05 +- 0.001: standard deviation 0.001054; Student's t with 9 degrees of freedom: 4.09.
  double const one = 0.001 * std::sqrt(10.0 / 9) * std::sqrt(1 + 0.1);
  auto const live = [&](double errors) {
    return verify(least_busy(), {fake(0.05, 0.001), fake(0.05 + errors * one), {}}, of_runs(10));
  };
  auto const judged = [](scenario_agreement const& a) { return row_of(a, "redirect_ratio").gateway_agrees->verdict; };
  auto const near = live(2.95);
  CHECK(near.agrees);
  CHECK_FALSE(row_of(near, "redirect_ratio").simulated_agrees);
  CHECK(row_of(near, "redirect_ratio").theory_note.find("least_conn guesses are not uniform") == 0);
  CHECK(near.notes.size() == 1);
  CHECK(near.notes.front().find("least_conn: ") == 0);
  CHECK(judged(live(4.0942 * 0.99)) == judgement::undecided);
  CHECK_FALSE(live(4.0942 * 0.99).agrees);
  CHECK(judged(live(4.0942 * 1.01)) == judgement::differs);
  CHECK_FALSE(live(4.0942 * 1.01).agrees);
}

TEST_CASE("what theory makes of each run stands in for a closed form") {
  auto const conditioned = [](double off) {
    return [=](scenario::scenario const&) {
      auto r = showing(0.04 + off);
      auto& m = std::get<records::ratio_metric>(r.metrics["redirect_ratio"]);
      m.theory = 0.04;
      m.standard_error = 0.001;
      return r;
    };
  };
  auto s = two_balancers();
  s.population.junk_share = 0.1;
  CHECK(verify(s, {conditioned(0.0014), {}, {}}, of_runs(4)).agrees); // 2.8 standard errors of four runs
  CHECK_FALSE(verify(s, {conditioned(0.0016), {}, {}}, of_runs(4)).agrees);
}

TEST_CASE("a single run of which no error is known is not called agreement") {
  auto const a = verify(least_busy(), {fake(0.05), fake(0.06), {}}, of_runs(1));
  CHECK_FALSE(a.agrees);
  CHECK(row_of(a, "redirect_ratio").gateway_agrees->note.find("no standard error") == 0);
}

TEST_CASE("live runs are held against theory where there is no simulation") {
  CHECK(verify(two_balancers(), {{}, fake(ratio + 2 * error), {}}, of_runs(1)).agrees);
  CHECK_FALSE(verify(two_balancers(), {{}, fake(ratio + 4 * error), {}}, of_runs(1)).agrees);
}

TEST_CASE("a run that differs from theory is no agreement, even where its engine agrees on average") {
  auto const differing = [](scenario::scenario const& s) {
    auto r = showing(ratio);
    if (s.seed == 3) r.differences = {"redirect_ratio{phase:late}: measured 1"};
    return r;
  };
  auto const a = verify(two_balancers(), {fake(ratio), differing, {}}, of_runs(2, 4));
  CHECK_FALSE(a.agrees);
  CHECK(a.failures == std::vector<std::string>{"gateway, seed 3: redirect_ratio{phase:late}: measured 1"});
  CHECK_FALSE(verify(two_balancers(), {fake(ratio), {}, differing}, of_runs(2, 4)).agrees);
  CHECK(verify(two_balancers(), {fake(ratio), differing, {}}, of_runs(2, 1)).agrees);
}

TEST_CASE("what two runs cannot tell is undecided and no agreement") {
  auto const a = verify(least_busy(), {fake(0.05, 0.001), fake(0.041), {}}, of_runs(2)); // 5 standard errors
  CHECK_FALSE(a.agrees);
  CHECK(a.failures.empty());
  auto const& c = *row_of(a, "redirect_ratio").gateway_agrees;
  CHECK(c.verdict == judgement::undecided);
  CHECK(std::abs(*c.standard_errors) > 4.9);
}

TEST_CASE("where requests raced the shared map, each run is held against what theory makes of it") {
  auto s = two_balancers();
  s.population.logged_in = 0.3;
  s.topology.balancers[0].shared_map.emplace();
  double const closed = 0.3 * 0.75 / 20;
  auto const showing_raced = [=](double value, double expected, double raced) {
    return [=](scenario::scenario const&) {
      auto r = showing(value);
      auto& m = std::get<records::ratio_metric>(r.metrics["redirect_ratio"]);
      m.theory = expected;
      m.standard_error = 0.0003;
      r.metrics["redirects{reason:raced}"] = records::counter_metric{raced};
      records::ratio_metric hits;
      hits.denominator = 1, hits.value = 0.95 - 0.001 * raced;
      r.metrics["map_hit_ratio"] = hits;
      return r;
    };
  };
  double const more = 0.001; // live: by 40 redirects that raced
  struct row {
    char const* name;
    evaluate simulated, gateway;
    bool agrees, conditioned;
  };
  for (row const& x :
       {row{"none raced", showing_raced(closed, closed, 0), showing_raced(closed, closed, 0), true, false},
        row{"live ones did, and explain it", showing_raced(closed, closed, 0),
            showing_raced(closed + more, closed + more, 40), true, true},
        row{"both did, by different times", showing_raced(closed + more / 4, closed + more / 4, 10),
            showing_raced(closed + more, closed + more, 40), true, true},
        row{"they do not explain it", showing_raced(closed, closed, 0),
            showing_raced(closed + 3 * more, closed + more, 40), false, true},
        row{"simulated ones do not explain it", showing_raced(closed + 3 * more, closed + more, 40),
            showing_raced(closed, closed, 0), false, true}}) {
    INFO(x.name);
    auto const a = verify(s, {x.simulated, x.gateway, {}}, of_runs(4));
    auto const& ratios = row_of(a, "redirect_ratio");
    auto const& hits = row_of(a, "map_hit_ratio");
    CHECK(ratios.gateway_agrees->against == (x.conditioned ? "theory" : "virtual"));
    CHECK(hits.gateway_agrees.has_value() == !x.conditioned);
    bool const agrees = ratios.simulated_agrees->agrees() && ratios.gateway_agrees->agrees();
    CHECK(agrees == x.agrees);
    bool const said = std::any_of(a.notes.begin(), a.notes.end(), [](std::string const& n) {
      return n.find("map_hit_ratio: not compared: guesses came before the shared map") == 0;
    });
    CHECK(said == x.conditioned);
  }
}

TEST_CASE("runs that are not sound are no agreement, but nginx may break what it breaks") {
  auto const invalid = [](scenario::scenario const&) {
    auto r = showing(ratio);
    r.verdict = records::verdict::invalid;
    r.reasons = {"invalid: lag"};
    return r;
  };
  auto const broken = [](scenario::scenario const&) {
    auto r = showing(ratio);
    r.verdict = records::verdict::failed;
    records::invariant_result i;
    i.name = "intact";
    i.violations = 2;
    r.invariants.push_back(i);
    return r;
  };
  auto const lagged = [](scenario::scenario const&) { // and failed by an invariant, which comes before
    auto r = showing(ratio);
    r.verdict = records::verdict::failed;
    r.load_as_planned = false;
    r.reasons = {"invariant closed_door: 3 violations"};
    return r;
  };
  auto const b = verify(two_balancers(), {fake(ratio), lagged, {}}, of_runs(2));
  CHECK_FALSE(b.agrees);
  CHECK_FALSE(row_of(b, "redirect_ratio").gateway);
  CHECK(b.failures.front() == "gateway, seed 1: invariant closed_door: 3 violations");
  auto const a = verify(two_balancers(), {fake(ratio), invalid, {}}, of_runs(2));
  CHECK_FALSE(a.agrees);
  CHECK(a.failures.front() == "gateway, seed 1: invalid: lag");
  CHECK_FALSE(verify(two_balancers(), {fake(ratio), broken, {}}, of_runs(2)).agrees);
  CHECK(verify(two_balancers(), {fake(ratio), fake(ratio), broken}, of_runs(2)).agrees);
}

TEST_CASE("an engine that refuses is noted, and nothing compared is no agreement") {
  auto const refuses = [](scenario::scenario const&) -> records::result { throw refused("it has traces"); };
  auto const a = verify(two_balancers(), {refuses, fake(ratio), {}}, of_runs(2));
  CHECK(a.agrees);
  CHECK(a.notes == std::vector<std::string>{"virtual: not run: it has traces"});
  auto const none = verify(two_balancers(), {refuses, {}, {}}, of_runs(2));
  CHECK_FALSE(none.agrees);
  CHECK(none.failures == std::vector<std::string>{"nothing could be compared"});
}

TEST_CASE("each run has the next seed, and live runs have the same ones") {
  std::vector<std::uint64_t> seeds;
  auto const noting = [&](scenario::scenario const& s) {
    seeds.push_back(s.seed);
    return showing(ratio);
  };
  auto s = two_balancers();
  s.seed = 7;
  verify(s, {noting, noting, {}}, of_runs(3, 2));
  CHECK(seeds == std::vector<std::uint64_t>{7, 8, 9, 7, 8});
}

TEST_CASE("metrics of phases and of distributions are found by their names") {
  records::result r = showing(0.5);
  records::named_metrics phase;
  phase.name = "steady";
  phase.metrics = showing(0.25).metrics;
  r.phases.push_back(phase);
  records::trend_metric t;
  t.count = 10, t.p50 = 1, t.p99 = 9, t.mean = 2;
  r.metrics["latency_ms"] = t;
  r.metrics["sessions_created"] = records::counter_metric{12};
  auto const value = [&](std::string const& metric) { return sample_of({r}, metric).values; };
  CHECK(value("redirect_ratio") == std::vector<double>{0.5});
  CHECK(value("redirect_ratio{phase:steady}") == std::vector<double>{0.25});
  CHECK(value("latency_ms.p50") == std::vector<double>{1});
  CHECK(value("latency_ms.p99") == std::vector<double>{9});
  CHECK(value("latency_ms.avg") == std::vector<double>{2});
  CHECK(value("sessions_created") == std::vector<double>{12});
  CHECK(value("map_hit_ratio").empty());
}

}
