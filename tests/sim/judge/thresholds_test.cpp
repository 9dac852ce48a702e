#include "sim/scenario/metrics.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace sim::judge {

using records::threshold_result;
using records::verdict;

namespace {

/// 40 tokens without a map at four proxies; every token the same 5 requests, so that ratios spread over tokens.
world guesses(std::uint32_t tokens = 40) {
  world w(1, 4, 11);
  w.without_maps();
  for (std::uint32_t c = 0; c != tokens; ++c)
    for (int k = 0; k != 5; ++k) w.request(c, 0);
  return w;
}

threshold_result judged(world& w, std::string metric, std::map<std::string, std::string> labels,
                        std::string expression) {
  scenario::threshold t;
  t.metric = metric;
  t.labels = std::move(labels);
  t.expression = std::move(expression);
  t.written = metric;
  w.s.thresholds = {t};
  return w.analyse().thresholds.at(0);
}

}

TEST_CASE("thresholds pass and fail as written") {
  struct row {
    char const* name;
    char const* metric;
    std::map<std::string, std::string> labels;
    char const* expression;
    bool passes;
    char const* note;
  };
  std::vector<row> const rows = {
      {"a ratio", "redirect_ratio", {}, "<0.9", true, ""},
      {"a ratio that is too high", "redirect_ratio", {}, "<0.1", false, ""},
      {"a ratio in a phase", "redirect_ratio", {{"phase", "all"}}, "<0.9", true, ""},
      {"a ratio at a balancer", "redirect_ratio", {{"balancer", "gateway[0]"}, {"phase", "all"}}, "<0.9", true, ""},
      {"a reason that did not occur", "redirect_ratio", {{"reason", "evicted"}}, "==0", true, ""},
      {"a reason that occurred", "redirects", {{"reason", "no_map"}}, "==0", false, ""},
      {"a counter", "failed_requests", {}, "==0", true, ""},
      {"the number of requests", "requests", {}, "==200", true, ""},
      {"a percentile", "latency_ms", {}, "p(99)<1", true, ""},
      {"a percentile that is too high", "latency_ms", {}, "p(99)<0.0001", false, ""},
      {"a mean", "latency_ms", {{"phase", "all"}}, "avg<1", true, ""},
      {"the number of latencies", "latency_ms", {}, "count==200", true, ""},
      {"schedule lag", "schedule_lag_ms", {}, "max<=0", true, ""},
      {"a rate", "requests_per_second", {}, ">1", true, ""},
      {"a phase that nobody was in", "redirect_ratio", {{"phase", "later"}}, "<0.9", false, "no samples"},
      {"a counter of a phase that nobody was in", "failed_requests", {{"phase", "later"}}, "==0", false, "no samples"},
      {"latency of a phase that nobody was in", "latency_ms", {{"phase", "later"}}, "p(99)<50", false, "no samples"},
      {"a balancer that the run does not know", "requests", {{"balancer", "nginx[9]"}}, ">=0", false, "no samples"},
      {"EVE clients that there are not", "notifications_lost", {}, "==0", false, "no samples"},
      {"an event that there is not", "convergence_s", {{"event", "boom"}}, "<1", false, "no samples"},
      {"confidence, far below", "redirect_ratio", {}, "<0.9 @95%", true, ""},
      {"confidence, far above", "redirect_ratio", {}, "<0.1 @95%", false, "decided against"},
      {"confidence, the other way", "redirect_ratio", {}, ">0.1 @95%", true, ""}};
  for (row const& x : rows) {
    INFO(x.name);
    world w = guesses();
    w.s.phases.push_back({"later", scenario::nanoseconds::max(), {}});
    threshold_result const r = judged(w, x.metric, x.labels, x.expression);
    CHECK(r.passed == x.passes);
    CHECK(r.note == x.note);
    CHECK(r.value.has_value() == (std::string(x.note) != "no samples"));
  }
}

TEST_CASE("a threshold with confidence that the sample cannot decide fails and says what would decide") {
  world w = guesses();
  double const value = ratio(w.analyse().metrics, "redirect_ratio").value;
  threshold_result const r = judged(w, "redirect_ratio", {}, "<" + std::to_string(value + 0.005) + " @95%");
  CHECK_FALSE(r.passed);
  CHECK(r.undecided);
  REQUIRE(r.note.starts_with("undecided: about "));
  // The promised number of requests decides: a sample enlarged so has the error it needs.
  auto const more = std::stoull(r.note.substr(17));
  CHECK(more > 200);
  CHECK(judged(w, "redirect_ratio", {}, "<" + std::to_string(value + 0.005)).passed);
}

TEST_CASE("a look at a running test refutes with less confidence the more often it looks") {
  world w = guesses();
  double const value = ratio(w.analyse().metrics, "redirect_ratio").value;
  std::string const limit = "<" + std::to_string(value - 0.05) + " @95%";
  CHECK_FALSE(judged(w, "redirect_ratio", {}, limit).undecided); // about 1.9 standard errors away
  w.r.looks = 1;
  CHECK_FALSE(judged(w, "redirect_ratio", {}, "<0.1 @95%").undecided);
  w.r.looks = 20;
  CHECK(judged(w, "redirect_ratio", {}, limit).undecided);
  CHECK_FALSE(judged(w, "redirect_ratio", {}, "<0.1 @95%").undecided);
}

TEST_CASE("every metric of the catalogue is measured") {
  world w(1, 4, 3);
  for (std::uint32_t c = 0; c != 100; ++c) w.log_in(c);
  for (int round = 0; round != 40; ++round) {
    if (round == 20) {
      w.event(records::event_kind::restart, "gateway[0]").name = "restart";
      for (std::uint32_t c = 0; c != 100; ++c) w.forget(0, c);
    }
    for (std::uint32_t c = 0; c != 100; ++c) w.request(c, 0);
  }
  for (std::size_t i = 0; i != 10; ++i) w.r.clients[i].asks_resource = true;
  w.r.eve.push_back({.character = 1, .requests = 1, .received = 1});
  w.r.eve_latency_ns = w.r.notification_latency_ns = {1'000};
  w.r.handshakes = {.all = 2, .resumed = 1};
  w.r.work = {{{1, 2}, {1, 2}, {1, 2}, {1, 2}}};
  for (scenario::metric_info const& row : scenario::metrics()) {
    INFO(row.name << " has a row in sim/scenario/metrics.cpp, and no value in sim/judge");
    scenario::threshold t;
    t.metric = t.written = row.name;
    if ((row.labels & scenario::by_event) != 0) t.labels = {{"event", "restart"}};
    t.expression = row.kind == scenario::metric_kind::duration ? "p(50)>=0"
                   : row.kind == scenario::metric_kind::ratio  ? "<1000000 @95%"
                                                               : ">=0";
    w.s.thresholds = {t};
    records::result const r = w.analyse();
    CHECK(r.thresholds.at(0).value);
    CHECK(r.thresholds.at(0).passed);
    if ((row.labels & scenario::by_event) == 0 && row.kind != scenario::metric_kind::duration)
      CHECK(r.metrics.contains(t.metric));
  }
}

TEST_CASE("the verdict is interrupted before invalid before failed before passed, but for broken invariants") {
  world w = guesses();
  scenario::threshold t;
  t.metric = t.written = "redirect_ratio";
  t.expression = "<0.01";
  w.s.thresholds = {t};
  records::result r = w.analyse();
  CHECK(r.verdict == verdict::failed);
  CHECK(r.exit_code == 99);
  CHECK(r.reasons.size() == 1);

  w.s.load.kind = scenario::load_kind::poisson;
  for (records::client_record& c : w.r.clients) c.intended_ns -= 200'000'000; // sent 200 ms late, 100 ms are allowed
  r = w.analyse();
  CHECK(r.verdict == verdict::invalid);
  CHECK(r.exit_code == 3);
  CHECK(r.reasons.size() == 2);
  CHECK(r.reasons[0].find("could not keep its rate") != std::string::npos);

  w.s.load.kind = scenario::load_kind::closed; // closed load has no rate to keep
  CHECK(w.analyse().exit_code == 99);
  w.r.complete = false;
  CHECK(w.analyse().exit_code == 3);
  w.r.aborted_by = "redirect_ratio <0.01";
  CHECK(w.analyse().exit_code == 99);
  w.r.interrupted = true;
  CHECK(w.analyse().exit_code == 130);
  CHECK(w.analyse().verdict == verdict::interrupted);
}

}
