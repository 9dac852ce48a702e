// Convergence of events in simulated runs against closed forms: every token is asked for at rate `rate` a second, by
// Poisson arrivals, over balancers drawn uniformly, so that a map meets a token it knew after an exponential time.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>

using namespace sim;

namespace {

constexpr double characters = 3000, rate = 0.5; // of each, a second
constexpr int balancers = 2;

records::event_result event_of(std::string const& what, double at_s, double duration_s) {
  std::string const text =
      R"({"name": "convergence", "seed": 5, "topology": {"balancers": {"kind": "gateway", "count": )" +
      std::to_string(balancers) + R"(}, "proxies": {"count": 4, "lease": "200ms"}, "sols": {"count": 2}},
        "population": {"characters": )" +
      std::to_string(static_cast<int>(characters)) + R"(}, "load": {"kind": "poisson", "targets": ["/status"],
        "rate_rps": )" +
      std::to_string(characters * rate) + R"(, "duration": ")" + std::to_string(duration_s) + R"(s"},
        "events": [{"at": ")" +
      std::to_string(at_s) + R"(s", )" + what + "}]}";
  virtual_time::run_options options;
  options.keep = virtual_time::run_options::detail::full;
  auto const r = virtual_time::run(scenario::load_text(text, "convergence.json"), options);
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name);
    CHECK(i.violations == 0);
  }
  return r.events.at(0);
}

/// The 95 % quantile of an exponential time, and its error when it is estimated from `n` of them.
double quantile(double mean_s) { return std::log(20) * mean_s; }
double error_of(double mean_s, double n) { return mean_s * std::sqrt(0.95 * 0.05 / n) / 0.05; }

struct row {
  char const* name;
  char const* what;
  double at_s;
  double expected_s; // seconds; 0: untold
  double error_s;
};

constexpr double met_s = balancers / rate; // mean time until one of the maps is asked for a token

row const rows[] = {
    {"half of the sessions move, late", R"("move_sessions": {"share": 0.5})", 30, quantile(met_s),
     error_of(met_s, characters)},
    {"half of the sessions move while maps warm up", R"("move_sessions": {"share": 0.5})", 2, quantile(met_s),
     error_of(met_s, characters*(1 - std::exp(-2 / met_s)))},
    {"a balancer restarts, late", R"("restart": {"node": "gateway[0]", "graceful": false})", 30, quantile(met_s),
     error_of(met_s, 0.75 * characters)},
    {"a balancer restarts while maps warm up", R"("restart": {"node": "gateway[0]", "graceful": false})", 4,
     quantile(met_s), error_of(met_s, 0.75 * characters * (1 - std::exp(-4 / met_s)))},
    {"a third balancer joins, late", R"("add_balancer": {"kind": "gateway"})", 30, quantile(3 / rate),
     error_of(3 / rate, 0.75 * characters)},
    {"a third balancer joins while maps warm up", R"("add_balancer": {"kind": "gateway"})", 2, 0, 0},
    // Of the two maps that led to the dead proxy the one that is met last redirects: the time is the larger of two.
    {"a proxy is killed, late", R"("kill": "proxy[1]")", 30, -std::log(1 - std::sqrt(0.95)) * met_s,
     error_of(met_s, 0.75 * characters / 4)},
};

}

TEST_CASE("convergence of moves, restarts, joins and kills, early and late, is what closed forms say") {
  for (row const& x : rows) {
    INFO(x.name);
    records::event_result const e = event_of(x.what, x.at_s, x.at_s + 40);
    if (x.expected_s == 0) {
      CHECK_FALSE(e.convergence_s);
      CHECK(e.convergence_note.find("still learning") != std::string::npos);
      continue;
    }
    INFO(e.convergence_note);
    REQUIRE(e.convergence_s);
    CHECK(std::abs(*e.convergence_s - x.expected_s) < 4 * x.error_s);
  }
}

TEST_CASE("of an event that happens when the load is nearly over no convergence is told") {
  for (char const* const what : {R"("move_sessions": {"share": 0.5})", R"("add_balancer": {"kind": "gateway"})",
                                 R"("restart": {"node": "gateway[0]", "graceful": false})"}) {
    INFO(what);
    records::event_result const e = event_of(what, 30, 33);
    CHECK_FALSE(e.convergence_s);
    CHECK(e.convergence_note.find("the load ended when ") == 0);
  }
}
