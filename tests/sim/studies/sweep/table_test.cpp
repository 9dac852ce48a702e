#include "base/config/document.hpp"
#include "sim/studies/sweep/table.hpp"
#include "tests/sim/studies/sweep/fake.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <limits>
#include <sstream>

using namespace sim::sweep;
using namespace sim::records;
using namespace sweep_test;
using nlohmann::json;

namespace {

/// Rows of the JSON lines.
std::vector<json> rows_of(std::string const& lines) {
  std::vector<json> rows;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) rows.push_back(json::parse(line));
  return rows;
}

manifest two_trials() {
  return {"s", "s.json", "fake", "1", 1, {"load.kind"}, {{0, 0, {"closed"}, 7, "aa"}, {1, 0, {"a,\"b\""}, 7, "bb"}}};
}

}

TEST_CASE("a table has a row a trial: axes, seed, verdict, every metric in all its parts, reasons") {
  evaluation first;
  first.history_hash = "00ff";
  trend_metric latency{5, 0.1, 2, 3, 4, 5, 6, 1.5, 0};
  latency.p99_within = {3.5, 4.5}; // that of p50 is not known
  first.metrics = {{"latency_ms", latency},
                   {"redirect_ratio", ratio_metric{0.25, 1, 4, 0.3, std::nullopt, "a note", 0.01}},
                   {"redirect_ratio{phase:b,reason:cold}", ratio_metric{}},
                   {"requests", counter_metric{4}},
                   {"zeal", counter_metric{1e300}}};
  evaluation second;
  second.verdict = verdict::failed;
  second.reasons = {"one", "two, and \"three\""};
  second.metrics = {{"requests", counter_metric{std::numeric_limits<double>::infinity()}}};
  table const t = tabulate(two_trials(), {first, second});
  CHECK(csv(t) ==
        "point,replication,load.kind,seed,verdict,history_hash,redirect_ratio,redirect_ratio_numerator,"
        "redirect_ratio_denominator,redirect_ratio_theory,redirect_ratio_standard_error,redirect_ratio_measured_error,"
        "\"redirect_ratio{phase:b,reason:cold}\",\"redirect_ratio_numerator{phase:b,reason:cold}\","
        "\"redirect_ratio_denominator{phase:b,reason:cold}\",\"redirect_ratio_theory{phase:b,reason:cold}\","
        "\"redirect_ratio_standard_error{phase:b,reason:cold}\",\"redirect_ratio_measured_error{phase:b,reason:cold}\","
        "requests,latency_ms_count,latency_ms_mean,latency_ms_p50,latency_ms_p90,latency_ms_p95,latency_ms_p99,"
        "latency_ms_p999,latency_ms_max,latency_ms_p50_low,latency_ms_p50_high,latency_ms_p99_low,latency_ms_p99_high,"
        "zeal,reasons\n"
        "0,0,closed,7,passed,00ff,0.25,1,4,0.3,,0.01,0,0,0,,,,4,5,1.5,0.1,2,3,4,5,6,,,3.5,4.5,1e+300,\n"
        "1,0,\"a,\"\"b\"\"\",7,failed,,,,,,,,,,,,,,,,,,,,,,,,,,,,\"one; two, and \"\"three\"\"\"\n");
  auto const rows = rows_of(json_lines(t));
  REQUIRE(rows.size() == 2);
  for (json const& row : rows) CHECK(row.size() == t.columns.size());
  CHECK(rows[0]["latency_ms_p50"] == 0.1);
  CHECK(rows[0]["redirect_ratio_standard_error"].is_null());
  CHECK(rows[1]["load.kind"] == "a,\"b\"");
  CHECK(rows[1]["requests"].is_null());
  CHECK(rows[1]["reasons"] == "one; two, and \"three\"");
}

TEST_CASE("both formats of the table say the same") {
  scratch const at;
  definition const d =
      define(at.file("s.json", scenario_text(R"({"topology.proxies.count": [1, 7]})",
                                             "\"events\": [{\"at_share\": 0.5, \"kill\": \"sol[0]\"}],\n")),
             {{}, "fake", 2});
  swept(d, at / "d");
  auto const rows = rows_of(text_of(at / "d" / "sweep.jsonl"));
  std::string const text = text_of(at / "d" / "sweep.csv");
  REQUIRE(rows.size() == 4);
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
  CHECK(rows[2]["verdict"] == "failed");
  CHECK(rows[3]["topology.proxies.count"] == 7);
  CHECK(rows[3]["replication"] == 1);
  CHECK(rows[3]["redirect_ratio{phase:steady,reason:cold}"] == rows[3]["redirect_ratio"]);
  CHECK(rows[0]["peak_redirect_ratio{event:kill sol[0]}"] == 0.5);
  std::string const ratio = rows[1]["redirect_ratio"].dump();
  CHECK(text.find("\n0,1,1," + std::to_string(d.trials[1].seed) + ",passed,," + ratio + ",") != std::string::npos);
}

TEST_CASE("a seed that varies is one column") {
  scratch const at;
  definition const d = define(at.file("s.json", scenario_text(R"({"seed": [1, 2]})")), {{}, "fake", 1});
  swept(d, at / "d");
  CHECK(text_of(at / "d" / "sweep.csv").starts_with("point,replication,seed,verdict,"));
}

TEST_CASE("an evaluation survives being written, to the last bit") {
  evaluation e;
  e.verdict = verdict::invalid;
  e.reasons = {"why"};
  e.history_hash = "ab";
  trend_metric b{9, 1.0 / 7, 2, 3, 4, 5, 6, 7, 8};
  b.p50_within = {1.0 / 9, 0.2};
  e.metrics = {{"a", ratio_metric{1.0 / 3, 1, 3, 0.1 + 0.2, 1e-17, "note", 1.0 / 11}},
               {"b", b},
               {"c{phase:x}", counter_metric{5e-324}}};
  evaluation const back = evaluation_from(json::parse(to_json(e).dump()));
  CHECK(to_json(back) == to_json(e));
  CHECK(std::get<ratio_metric>(back.metrics.at("a")).theory == 0.1 + 0.2);
  CHECK(std::get<ratio_metric>(back.metrics.at("a")).measured_error == 1.0 / 11);
  CHECK(std::get<trend_metric>(back.metrics.at("b")).p50 == 1.0 / 7);
  CHECK(std::get<trend_metric>(back.metrics.at("b")).p50_within.low == 1.0 / 9);
  CHECK(back.verdict == verdict::invalid);
}

TEST_CASE("groups and kinds of balancers are among what a trial keeps") {
  result r;
  r.metrics = {{"redirects", counter_metric{5}}};
  r.groups = {
      {"edge", "gateway", {{"redirects", counter_metric{2}}, {"redirects{reason:cold}", counter_metric{1}}}, {}},
      {"core", "gateway", {{"redirects", counter_metric{3}}}, {}}};
  r.kinds = {{"nginx", "nginx", {{"redirects", counter_metric{4}}}, {}}};
  evaluation const e = evaluation_of(r);
  auto const value = [&](char const* name) { return counter_in(e.metrics, name); };
  CHECK(value("redirects") == 5);
  CHECK(value("redirects{group:edge}") == 2);
  CHECK(value("redirects{group:edge,reason:cold}") == 1);
  CHECK(value("redirects{group:core}") == 3);
  CHECK(value("redirects{kind:nginx}") == 4);
}

TEST_CASE("the worst verdict of a sweep is failed, then invalid") {
  CHECK(worse(verdict::passed, verdict::invalid) == verdict::invalid);
  CHECK(worse(verdict::failed, verdict::invalid) == verdict::failed);
  CHECK(worse(verdict::passed, verdict::passed) == verdict::passed);
  CHECK(worse(verdict::error, verdict::failed) == verdict::error);
  CHECK(worse(verdict::error, verdict::interrupted) == verdict::interrupted);
}
