#include "base/config/document.hpp"
#include "base/config/schema.hpp"
#include "reports/reports.hpp"
#include "sim/cli/replications.hpp"
#include "sim/judge/replicated.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <set>
#include <string>
#include <vector>

using namespace sim;
using cli::replication_plan;

namespace {

scenario::scenario shipped(std::string const& name, std::vector<std::string> const& overrides = {}) {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/" + name + ".json", overrides);
}

/// Small enough for a debug build.
scenario::scenario small(std::vector<std::string> overrides = {}) {
  overrides.insert(overrides.begin(), {"population.characters=200", "load.requests_per_character=10"});
  return shipped("quickstart", overrides);
}

records::result replicate(scenario::scenario const& s, replication_plan const& plan) {
  return cli::run_replications(s, {}, plan);
}

std::uint64_t checked_books(records::result const& r) {
  for (records::invariant_result const& i : r.invariants)
    if (i.name == "books") return i.checked;
  return 0;
}

records::ratio_metric const& redirect_ratio(records::result const& r) {
  return std::get<records::ratio_metric>(r.metrics.at("redirect_ratio"));
}

}

TEST_CASE("replications come to the same result whatever the number of jobs") {
  for (char const* precision : {"", "with precision"}) {
    INFO(precision);
    std::set<std::string> results;
    for (unsigned const jobs : {1u, 2u, 4u}) {
      replication_plan plan{.count = 6, .jobs = jobs};
      if (*precision != 0) plan.count = 5, plan.precision = 0.04;
      auto const r = replicate(small(), plan);
      REQUIRE(r.history_hash);
      results.insert(reports::summary_json(r));
    }
    CHECK(results.size() == 1);
  }
}

TEST_CASE("the first replication is the plain run, and each other one is another") {
  scenario::scenario s = small();
  CHECK(replicate(s, {.count = 1}).history_hash == virtual_time::run(s).history_hash);
  CHECK(cli::replication_seed(7, 0) == 7);
  std::set<std::uint64_t> seeds;
  for (std::uint64_t of : {7u, 8u})
    for (std::uint64_t i = 0; i != 100; ++i) seeds.insert(cli::replication_seed(of, i));
  CHECK(seeds.size() == 200);
  CHECK(*seeds.rbegin() < std::uint64_t{1} << 53);

  // Put together by hand.
  judge::replicated all(s, 0.95);
  std::uint64_t redirects = 0;
  double requests = 0;
  for (std::uint64_t i = 0; i != 3; ++i) {
    scenario::scenario one = s;
    one.seed = cli::replication_seed(s.seed, i);
    auto r = virtual_time::replicate(one);
    redirects += redirect_ratio(r.alone).numerator;
    requests += std::get<records::counter_metric>(r.alone.metrics.at("requests")).value;
    all.add(std::move(r));
  }
  auto const together = replicate(s, {.count = 3, .jobs = 2});
  CHECK(redirect_ratio(together).numerator == redirects);
  CHECK(std::get<records::counter_metric>(together.metrics.at("requests")).value == requests / 3);
  CHECK(together.history_hash == all.conclude().history_hash);
}

TEST_CASE("a known redirect ratio lies within its interval, which theory's error explains") {
  auto const r = replicate(small({"thresholds={\"redirect_ratio\":[\"<0.2 @95%\"]}"}), {.count = 20, .jobs = 2});
  auto const& ratio = redirect_ratio(r);
  REQUIRE(ratio.theory);
  REQUIRE(ratio.confidence_interval);
  CHECK(ratio.replications == 20);
  CHECK(std::abs(ratio.value - *ratio.theory) < 4 * *ratio.standard_error);
  double const half = (ratio.confidence_interval->high - ratio.confidence_interval->low) / 2;
  // t(19, 0.975) = 2.09 standard errors, known to within 1 / sqrt(2 * 19).
  CHECK(half / 2.09 > *ratio.standard_error * 0.4);
  CHECK(half / 2.09 < *ratio.standard_error * 1.7);
  REQUIRE(r.thresholds.size() == 1);
  CHECK(r.thresholds[0].passed);
  CHECK(r.exit_code == records::exit_passed);
}

TEST_CASE("a threshold with confidence that the replications do not decide fails, and says how many would") {
  scenario::scenario const s = small();
  double const value = redirect_ratio(replicate(s, {.count = 5})).value;
  auto const near = small({"thresholds={\"redirect_ratio\":[\"<" + std::to_string(value * 1.0005) + " @95%\"]}"});
  auto const undecided = replicate(near, {.count = 5});
  CHECK(undecided.thresholds[0].undecided);
  CHECK_THAT(undecided.thresholds[0].note, Catch::Contains("more replications would decide"));
  CHECK(undecided.exit_code == records::exit_failed);
  auto const far = small({"thresholds={\"redirect_ratio\":[\"<" + std::to_string(value / 2) + " @95%\"]}"});
  CHECK(replicate(far, {.count = 5}).thresholds[0].note == "decided against");
}

TEST_CASE("every figure has an interval, every counter is a mean, and invariants are sums") {
  auto const s = shipped("new-balancer-joins", {"load.rate_rps=300", "thresholds={}"});
  auto const r = replicate(s, {.count = 4, .jobs = 2});
  auto const check_all = [](records::metric_set const& set, std::string const& where) {
    for (auto const& [name, m] : set) {
      INFO(where << " " << name);
      if (auto const* ratio = std::get_if<records::ratio_metric>(&m)) {
        if (ratio->replications > 1) CHECK(ratio->confidence_interval);
        CHECK((ratio->replications > 1 || ratio->denominator < 10));
      } else if (auto const* trend = std::get_if<records::trend_metric>(&m)) {
        CHECK((trend->count == 0 || trend->confidence_intervals.size() == 6));
      } else {
        CHECK(std::get<records::counter_metric>(m).replications == 4);
        CHECK(std::get<records::counter_metric>(m).confidence_interval);
      }
    }
  };
  check_all(r.metrics, "whole");
  for (auto const& p : r.phases) check_all(p.metrics, p.name);
  for (auto const& b : r.balancers) {
    check_all(b.metrics, b.name);
    for (auto const& [phase, set] : b.phases) check_all(set, b.name + " " + phase);
  }
  std::uint64_t books = 0;
  double seconds = 0;
  for (std::uint64_t i = 0; i != 4; ++i) {
    scenario::scenario one = s;
    one.seed = cli::replication_seed(s.seed, i);
    auto const alone = virtual_time::run(one);
    books += checked_books(alone);
    seconds += alone.duration_s;
  }
  CHECK(books > 0);
  CHECK(checked_books(r) == books);
  CHECK(r.duration_s == Approx(seconds / 4));
  REQUIRE(!r.events.empty());
  CHECK(r.events[0].confidence_intervals.contains("peak_redirect_ratio"));
  auto const violation =
      config::validate(nlohmann::json::parse(reports::summary_json(r)), nlohmann::json::parse(reports::summary_schema));
  INFO((violation ? violation->at.to_string() + ": " + violation->message() : ""));
  CHECK_FALSE(violation);
  CHECK_THAT(reports::summary_text(r), Catch::Contains("±"));
}

TEST_CASE("several replications show every figure that one run shows") {
  struct row {
    char const* name;
    char const* scenario;
    std::vector<std::string> overrides;
  };
  for (row const& x :
       std::vector<row>{{"closed load", "quickstart", {"population.characters=100"}},
                        {"phases, open load, an added balancer", "new-balancer-joins", {"load.rate_rps=300"}},
                        {"EVE clients and notifications", "eve-clients-and-crest", {}},
                        {"a proxy that dies", "proxy-dies", {}},
                        {"caches and resources", "corporations", {}},
                        {"a shared map", "shared-map", {"population.characters=300"}},
                        {"sessions that move", "sessions-move", {}},
                        {"guesses only", "guess-only", {"population.characters=100"}}}) {
    for (auto const detail : {virtual_time::run_options::detail::full, virtual_time::run_options::detail::summary}) {
      INFO(x.name << (detail == virtual_time::run_options::detail::full ? ", full" : ", summary"));
      auto overrides = x.overrides;
      overrides.emplace_back("thresholds={}");
      scenario::scenario const s = shipped(x.scenario, overrides);
      virtual_time::run_options options;
      options.keep = detail;
      auto const alone = nlohmann::json::parse(reports::summary_json(virtual_time::run(s, options)));
      auto const all = nlohmann::json::parse(reports::summary_json(cli::run_replications(s, options, {.count = 3})));
      std::vector<std::string> lost;
      auto const look = [&](auto const& self, nlohmann::json const& of, nlohmann::json const& in,
                            std::string const& at) -> void {
        if (!of.is_object()) return;
        for (auto const& [key, value] : of.items()) {
          std::string const here = at + "/" + key;
          bool const there = in.contains(key) && in[key].is_null() <= value.is_null();
          if (!there)
            lost.push_back(here);
          else
            self(self, value, in[key], here);
        }
      };
      for (char const* part : {"metrics", "phases", "balancers"}) look(look, alone[part], all[part], part);
      CHECK(lost.empty());
      bool const limited = alone["metrics"].contains("utilisation");
      CHECK(all["metrics"].contains("utilisation") == limited);
      if (limited) {
        CHECK(all["metrics"]["utilisation"]["replications"] == 3);
        CHECK(all["metrics"]["utilisation"]["value"].get<double>() ==
              Approx(alone["metrics"]["utilisation"]["value"].get<double>()).epsilon(0.3));
        CHECK(all["metrics"]["utilisation_max"]["value"] >= all["metrics"]["utilisation"]["value"]);
      }
    }
  }
}

TEST_CASE("the interval of a percentile across replications reaches to the ends of its bucket") {
  // All replications find the same: the spread is 0, the histogram's error is not.
  scenario::scenario const s = small({"topology.proxies.servers=1000", "load.concurrency=1"});
  auto const r = replicate(s, {.count = 4});
  auto const& latency = std::get<records::trend_metric>(r.metrics.at("latency_ms"));
  for (auto const& [name, value] : {std::pair("p50", latency.p50), std::pair("p90", latency.p90)}) {
    INFO(name);
    records::interval const i = latency.confidence_intervals.at(name);
    auto const ns = static_cast<std::uint64_t>(value * 1e6);
    CHECK(i.low <= value);
    CHECK(value <= i.high);
    double const high = static_cast<double>(records::histogram::bucket_around(ns).high_ns) / 1e6;
    CHECK(i.high >= std::min(high, latency.max));
    double const low = static_cast<double>(records::histogram::bucket_around(ns).low_ns) / 1e6;
    CHECK(i.low <= std::max(low, latency.min));
  }
}

TEST_CASE("replicating goes on until the precision is reached, and says what was last") {
  auto const s = small({"thresholds={\"redirect_ratio\":[\"<0.5\"],\"failed_requests\":[\"==0\"]}"});
  replication_plan plan{.count = 5, .precision = 0.015, .jobs = 2};
  auto const reached = replicate(s, plan);
  REQUIRE(reached.replications);
  CHECK(reached.replications->count > 5);
  CHECK(reached.replications->count % cli::replications_between_looks == 0);
  CHECK(reached.replications->precision < 0.015);
  CHECK(reached.replications->last == "redirect_ratio");
  plan.precision = 0.0001;
  plan.most = 10;
  auto const not_reached = replicate(s, plan);
  CHECK(not_reached.replications->count == 10);
  CHECK_THAT(not_reached.notes.back(), Catch::Contains("not reached"));
}

TEST_CASE("replications that are interrupted come to what was complete") {
  scenario::scenario const s = shipped("quickstart");
  auto const r = cli::run_replications(s, {}, {.count = 50, .jobs = 2},
                                       [](cli::replications_progress const& now) { return now.done < 2; });
  CHECK(r.exit_code == records::exit_interrupted);
  CHECK(r.replications->count >= 2);
  CHECK(r.replications->count < 50);
  for (auto const& i : r.invariants) CHECK(i.violations == 0);
}

TEST_CASE("what simulated time refuses is refused from any number of threads") {
  CHECK_THROWS_AS(replicate(shipped("nginx-article-guess"), {.count = 8, .jobs = 3}), config::bad_input);
}
