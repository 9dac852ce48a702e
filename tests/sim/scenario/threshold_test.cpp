#include "sim/scenario/threshold.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <set>

using namespace sim::scenario;

TEST_CASE("expressions of the k6 form are read with units and confidence") {
  auto const p99 = parse_expression("p(99.9) < 50", metric_kind::duration);
  CHECK(p99.of == aggregate::percentile);
  CHECK(p99.percentile == 99.9);
  CHECK(p99.compare == comparison::less);
  CHECK(p99.bound == 50);
  CHECK_FALSE(p99.confidence);

  CHECK(parse_expression("avg<=2s", metric_kind::duration).bound == 2000);
  CHECK(parse_expression("max<500us", metric_kind::duration).bound == 0.5);
  CHECK(parse_expression("med!=1ms", metric_kind::duration).compare == comparison::not_equal);
  CHECK(parse_expression("count>100", metric_kind::duration).of == aggregate::count);

  auto const sure = parse_expression("<0.04 @95%", metric_kind::ratio);
  CHECK(sure.bound == 0.04);
  CHECK(sure.confidence == 0.95);
  CHECK(parse_expression("rate<4%@99%", metric_kind::ratio).bound == Approx(0.04));
  CHECK(parse_expression("==0", metric_kind::counter).compare == comparison::equal);
  CHECK(parse_expression("count>=3", metric_kind::counter).compare == comparison::greater_equal);
  CHECK(parse_expression(" >1.5 ", metric_kind::value).compare == comparison::greater);
}

TEST_CASE("expressions that mean nothing are refused with what is allowed") {
  struct row {
    char const* text;
    metric_kind kind;
  };
  row const rows[] = {
      {"", metric_kind::ratio},           {"<", metric_kind::ratio},         {"0.5", metric_kind::ratio},
      {"=0.5", metric_kind::ratio},       {"=<0.5", metric_kind::ratio},     {"<0.5 @95", metric_kind::ratio},
      {"<0.5 @100%", metric_kind::ratio}, {"<0.5 @5%", metric_kind::ratio},  {"==0 @95%", metric_kind::ratio},
      {"<0.5 0.6", metric_kind::ratio},   {"p(99)<1", metric_kind::ratio},   {"<nan", metric_kind::ratio},
      {"<-1", metric_kind::ratio},        {"<inf", metric_kind::value},      {"<5ms", metric_kind::counter},
      {"==0 @95%", metric_kind::counter}, {"<50", metric_kind::duration},    {"p(101)<5", metric_kind::duration},
      {"p(99<5", metric_kind::duration},  {"p()<5", metric_kind::duration},  {"p99<5", metric_kind::duration},
      {"mean<5", metric_kind::duration},  {"avg<5m", metric_kind::duration}, {"p(99)<5 @95%", metric_kind::duration}};
  for (row const& r : rows) {
    INFO(r.text);
    CHECK_THROWS_WITH(parse_expression(r.text, r.kind),
                      Catch::StartsWith("found ") && Catch::Contains("; allowed: such as"));
  }
}

TEST_CASE("metrics are named with labels that they have") {
  auto const r = parse_metric("redirect_ratio{phase:after the storm, reason:cold}");
  CHECK(r.metric == "redirect_ratio");
  CHECK(r.labels == std::map<std::string, std::string>{{"phase", "after the storm"}, {"reason", "cold"}});
  CHECK(parse_metric("failed_requests").labels.empty());
  CHECK(parse_metric("convergence_s{event:kill proxy[1]}").labels.at("event") == "kill proxy[1]");

  CHECK_THROWS_WITH(parse_metric("redirct_ratio"), Catch::Contains("did you mean 'redirect_ratio'?"));
  CHECK_THROWS_WITH(parse_metric("latency_ms{phse:a}"), Catch::Contains("did you mean 'phase'?"));
  CHECK_THROWS_WITH(parse_metric("latency_ms{reason:cold}"), Catch::EndsWith("allowed: phase, balancer, kind, group"));
  CHECK(parse_metric("failed_requests{cause:reset,kind:nginx,phase:a}").labels.size() == 3);
  CHECK_THROWS_WITH(parse_metric("failed_requests{reason:cold}"),
                    Catch::EndsWith("allowed: phase, balancer, kind, group, cause, status"));
  CHECK_THROWS_WITH(parse_metric("eve_requests{phase:a}"), Catch::EndsWith("allowed: none"));
  for (char const* bad : {"", "latency_ms{", "latency_ms{}", "latency_ms{phase}", "latency_ms{phase:}",
                          "latency_ms{phase:a", "latency_ms{phase:a,phase:b}", "latency_ms{phase:a}x"}) {
    INFO(bad);
    CHECK_THROWS_AS(parse_metric(bad), std::invalid_argument);
  }
}

TEST_CASE("comparisons hold as written, and never with a value that is not a number") {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(holds(comparison::less, 1, 2));
  CHECK_FALSE(holds(comparison::less, 2, 2));
  CHECK(holds(comparison::less_equal, 2, 2));
  CHECK(holds(comparison::greater, 3, 2));
  CHECK(holds(comparison::greater_equal, 2, 2));
  CHECK(holds(comparison::equal, 2, 2));
  CHECK_FALSE(holds(comparison::equal, 2, 3));
  CHECK(holds(comparison::not_equal, 2, 3));
  CHECK_FALSE(holds(comparison::less, nan, 2));
  CHECK_FALSE(holds(comparison::equal, nan, 2));
  CHECK_FALSE(holds(comparison::not_equal, nan, 2));
  CHECK(parse_comparison(">0") == std::pair(comparison::greater, 0.0));
  CHECK_THROWS_AS(parse_comparison("some"), std::invalid_argument);
}

TEST_CASE("the catalogue names each metric once and says what it is") {
  std::set<std::string_view> names;
  for (metric_info const& m : metrics()) {
    INFO(m.name);
    CHECK(names.insert(m.name).second);
    CHECK_FALSE(m.description.empty());
    CHECK(find_metric(m.name) == &m);
  }
  CHECK(find_metric("nonsense") == nullptr);
  CHECK(redirect_reasons().size() == 11);
  CHECK(failure_causes().size() == failure_cause_count);
}
