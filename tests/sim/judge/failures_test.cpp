#include "sim/judge/failures.hpp"
#include "sim/judge/replicated.hpp"
#include "sim/scenario/metrics.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sim::judge {

using records::client_outcome;
using records::result;
using records::token_kind;
using scenario::failure_cause;

namespace {

struct ending {
  char const* name;
  client_outcome outcome;
  std::uint16_t status;
  token_kind kind;
  std::optional<failure_cause> cause;
};

std::vector<ending> const endings = {
    {"200", client_outcome::answered, 200, token_kind::own, {}},
    {"404", client_outcome::answered, 404, token_kind::own, {}},
    {"401 for junk", client_outcome::answered, 401, token_kind::junk, {}},
    {"401 for a good token", client_outcome::answered, 401, token_kind::own, failure_cause::status},
    {"502", client_outcome::answered, 502, token_kind::junk, failure_cause::status},
    {"nobody listens", client_outcome::connect_error, 0, token_kind::own, failure_cause::refused},
    {"reset", client_outcome::reset, 0, token_kind::own, failure_cause::reset},
    {"too late", client_outcome::timeout, 0, token_kind::own, failure_cause::timeout},
    {"cut short, after a good head", client_outcome::truncated, 200, token_kind::own, failure_cause::truncated},
    {"no HTTP", client_outcome::malformed, 0, token_kind::own, failure_cause::wrong_answer},
    {"never ended", client_outcome::pending, 0, token_kind::own, failure_cause::unfinished}};

std::string of_cause(failure_cause c) { return "failed_requests{cause:" + std::string(name_of(c)) + "}"; }

/// Two gateways and two phases, 100 requests in each of the four places. The first requests end as said, at gateway[0].
world with(std::vector<ending> const& all) {
  world w(2, 4, 5);
  w.s.phases = {{"first", scenario::nanoseconds::max(), {}}, {"second", scenario::nanoseconds::max(), {}}};
  for (std::size_t i = 0; i != 400; ++i) {
    w.request(static_cast<std::uint32_t>(i % 50), static_cast<std::uint16_t>(i / 100 % 2));
    w.r.clients.back().phase = i < 200 ? 0 : 1;
  }
  for (std::size_t i = 0; i != all.size(); ++i) {
    records::client_record& c = w.r.clients[i];
    c.outcome = all[i].outcome, c.status = all[i].status, c.kind = all[i].kind;
  }
  return w;
}

}

TEST_CASE("a request that failed has one cause, others have none") {
  for (ending const& e : endings) {
    INFO(e.name);
    CHECK(cause_of(e.outcome, e.status, e.kind) == e.cause);
  }
}

TEST_CASE("a request without an end has failed unless the run was cut short") {
  records::run_records r;
  CHECK(cause_of(r, {}) == failure_cause::unfinished);
  r.interrupted = true;
  CHECK_FALSE(cause_of(r, {}));
  r.interrupted = false, r.aborted_by = "failed_requests ==0";
  CHECK_FALSE(cause_of(r, {}));
}

TEST_CASE("causes add up to the failed requests, of the whole, of balancers and of phases") {
  world w = with(endings);
  result const r = w.analyse();
  double const failed = counter(r.metrics, "failed_requests");
  CHECK(failed == 8);
  double sum = 0;
  for (std::string_view const cause : scenario::failure_causes())
    sum += counter(r.metrics, "failed_requests{cause:" + std::string(cause) + "}");
  CHECK(sum == failed);
  CHECK(counter(r.metrics, of_cause(failure_cause::status)) == 2);
  CHECK(counter(r.metrics, "failed_requests{status:401}") == 1);
  CHECK(counter(r.metrics, "failed_requests{status:502}") == 1);
  CHECK_FALSE(r.metrics.contains("failed_requests{status:200}")); // of the truncated one: not why it failed
  CHECK(counter(r.balancers.at(0).metrics, of_cause(failure_cause::reset)) == 1);
  CHECK_FALSE(r.balancers.at(1).metrics.contains(of_cause(failure_cause::reset)));
  CHECK(counter(r.phases.at(0).metrics, of_cause(failure_cause::reset)) == 1);
  CHECK_FALSE(r.phases.at(1).metrics.contains(of_cause(failure_cause::reset)));
  CHECK(counter(r.balancers.at(0).phases.at("first"), of_cause(failure_cause::timeout)) == 1);
  std::uint64_t over_time = 0, by_cause = 0;
  for (records::time_slice const& s : r.timeseries) {
    if (!s.balancer.empty()) continue;
    over_time += s.failed;
    for (std::uint64_t const n : s.failed_by_cause) by_cause += n;
  }
  CHECK(over_time == 8);
  CHECK(by_cause == 8);
}

TEST_CASE("thresholds ask for failed requests by cause, status, phase, balancer and kind of balancer") {
  struct row {
    std::map<std::string, std::string> labels;
    double value; // below 0: no samples
  };
  for (row const& x : std::vector<row>{{{{"cause", "reset"}}, 1},
                                       {{{"cause", "status"}}, 2},
                                       {{{"status", "502"}}, 1},
                                       {{{"status", "504"}}, 0},
                                       {{{"cause", "status"}, {"status", "401"}}, 1},
                                       {{{"cause", "reset"}, {"status", "401"}}, 0},
                                       {{{"cause", "reset"}, {"phase", "first"}}, 1},
                                       {{{"cause", "reset"}, {"phase", "second"}}, 0},
                                       {{{"cause", "reset"}, {"balancer", "gateway[1]"}}, 0},
                                       {{{"cause", "reset"}, {"balancer", "gateway[0]"}, {"phase", "first"}}, 1},
                                       {{{"cause", "reset"}, {"kind", "gateway"}}, 1},
                                       {{{"kind", "gateway"}}, 8},
                                       {{{"kind", "gateway"}, {"phase", "second"}}, 0},
                                       {{{"kind", "gateway"}, {"balancer", "gateway[0]"}}, 8},
                                       {{{"kind", "nginx"}}, -1},
                                       {{{"cause", "boredom"}}, -1}}) {
    world w = with(endings);
    scenario::threshold t;
    t.metric = t.written = "failed_requests", t.labels = x.labels, t.expression = "==" + std::to_string(x.value);
    if (x.value < 0) t.expression = ">=0";
    w.s.thresholds = {t};
    records::threshold_result const found = w.analyse().thresholds.at(0);
    INFO(t.expression << ", first label " << x.labels.begin()->first << ":" << x.labels.begin()->second);
    CHECK(found.passed == (x.value >= 0));
    CHECK(found.value.has_value() == (x.value >= 0));
  }
}

TEST_CASE("figures of a kind of balancer are those of all its balancers together, with confidence, too") {
  world w = with({});
  for (char const* metric : {"redirect_ratio", "requests", "latency_ms"}) {
    INFO(metric);
    std::vector<records::threshold_result> of;
    for (bool const by_kind : {true, false}) {
      scenario::threshold t;
      t.metric = t.written = metric;
      if (by_kind) t.labels = {{"kind", "gateway"}};
      t.expression = std::string(metric) == "latency_ms" ? "p(99)<1000"
                     : std::string(metric) == "requests" ? ">0"
                                                         : "<0.9 @95%";
      w.s.thresholds = {t};
      of.push_back(w.analyse().thresholds.at(0));
    }
    REQUIRE(of[0].value);
    CHECK(*of[0].value == *of[1].value);
    CHECK(of[0].passed);
  }
}

TEST_CASE("a balancer's log is in the result where its requests failed, and only there") {
  world w = with({endings[4]});
  for (records::balancer_records& b : w.r.balancers) b.log = {{"[error] connect() failed", 12}};
  result const r = w.analyse();
  REQUIRE(r.balancers.at(0).log.size() == 1);
  CHECK(r.balancers[0].log[0].text == "[error] connect() failed");
  CHECK(r.balancers[0].log[0].count == 12);
  CHECK(r.balancers.at(1).log.empty());
}

TEST_CASE("a status that only some replications show counts as 0 in the others") {
  ending gone = endings[4];
  gone.status = 503;
  world worlds[] = {with({endings[4]}), with({gone}), with({gone}), with({})};
  replicated all(worlds[0].s, 0.95);
  for (world& w : worlds) {
    std::optional<replication> one;
    result alone = analyse(w.s, w.r, [&](findings const& f) { one = replication_of(f); });
    one->alone = std::move(alone);
    all.add(std::move(*one));
  }
  result const r = all.conclude();
  auto const of = [&](char const* name) { return std::get<records::counter_metric>(r.metrics.at(name)); };
  CHECK(of("failed_requests").value == Approx(0.75));
  CHECK(of("failed_requests{cause:status}").value == Approx(0.75));
  CHECK(of("failed_requests{status:502}").value == Approx(0.25));
  CHECK(of("failed_requests{status:503}").value == Approx(0.5));
  CHECK(of("failed_requests{status:503}").replications == 4);
}

}
