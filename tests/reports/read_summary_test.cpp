#include "base/config/document.hpp"
#include "reports/csv.hpp"
#include "reports/read_summary.hpp"
#include "reports/reports.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace reports_test;
using Catch::Contains;

TEST_CASE("a summary that is read and written again is the same to the last byte") {
  scratch const dir;
  auto simulated = passed_run();
  simulated.history_hash = 0xfedcba9876543210u;
  simulated.replications = sim::records::replication_facts{3, 0.95, 0.01, 0.02, "latency_ms.p99"};
  auto& ratio = std::get<sim::records::ratio_metric>(simulated.metrics["redirect_ratio"]);
  ratio.confidence_interval = sim::records::interval{0.1, 0.2}, ratio.replications = 3;
  auto& latency = std::get<sim::records::trend_metric>(simulated.metrics["latency_ms"]);
  latency.confidence_intervals["p99"] = {4, 5}, latency.replications = 3;
  auto& requests = std::get<sim::records::counter_metric>(simulated.metrics["requests"]);
  requests.confidence_interval = sim::records::interval{39000.5, 41000}, requests.replications = 3;
  simulated.provenance = provenance_of_samples();
  simulated.attempts = sim::records::attempt_facts{3, {{{"invalid: late", "and more"}, 1.5}}};
  simulated.thresholds[1].line = 12;
  simulated.thresholds[0].confidence_interval = sim::records::interval{0.1, 0.2};
  for (auto const& r : {passed_run(), eventful_run(), simulated}) {
    reports::write_all(r, dir.path);
    auto const back = reports::read_summary(dir.path);
    CHECK(reports::summary_json(back) == reports::summary_json(r));
    auto const whole = reports::read_with_timeseries(dir.path / "summary.json");
    CHECK(reports::timeseries_csv(whole) == reports::timeseries_csv(r));
  }
}

TEST_CASE("what is no summary is refused in one line") {
  scratch const dir;
  std::string const good = reports::summary_json(passed_run());
  auto const with = [&](std::string const& what, std::string const& other) {
    std::string text = good;
    text.replace(text.find(what), what.size(), other);
    return text;
  };
  struct row {
    char const* name;
    std::string text;
    char const* message;
  };
  for (row const& x : std::vector<row>{
           {"not JSON", "hello", "summary.json:1:"},
           {"another JSON file", "{\"axes\": {}}", "no schema_version; allowed: the summary.json of a run"},
           {"a list", "[1]", "no schema_version"},
           {"another version", with("\"schema_version\": 1", "\"schema_version\": 2"), "found 2; allowed: 1"},
           {"a key of another type", with("\"seed\": 42", "\"seed\": \"42\""), "seed: found \"42\""},
           {"a missing key", with("\"verdict\": \"passed\",", ""), "verdict"}}) {
    INFO(x.name);
    std::ofstream(dir.path / "summary.json") << x.text;
    CHECK_THROWS_WITH(reports::read_summary(dir.path), Contains(x.message) && !Contains("\n"));
    CHECK_THROWS_AS(reports::read_summary(dir.path), config::bad_input);
  }
  CHECK_THROWS_WITH(reports::read_summary(dir.path / "none"), Contains("no such file"));
  std::filesystem::create_directory(dir.path / "empty");
  CHECK_THROWS_WITH(reports::read_summary(dir.path / "empty"), Contains("no summary.json in it"));
}

TEST_CASE("a run that came to nothing is refused with what stopped it, and not read as a run without requests") {
  scratch const dir;
  reports::write_all(reports::result_of_failure("some", "nginx is\nnot installed", 1), dir.path);
  CHECK_THROWS_WITH(reports::read_summary(dir.path), Contains("found no figures in it (nginx is") &&
                                                         Contains("allowed: the summary.json of a run that came") &&
                                                         !Contains("\n"));
  CHECK_THROWS_AS(reports::read_summary(dir.path), config::bad_input);
}

TEST_CASE("keys that a later version adds do no harm") {
  scratch const dir;
  auto summary = nlohmann::json::parse(reports::summary_json(passed_run()));
  summary["of_a_later_version"] = 3;
  summary["metrics"]["redirect_ratio"]["of_a_later_version"] = 3;
  summary["metrics"]["latency_ms"]["of_a_later_version"] = 3;
  std::ofstream(dir.path / "summary.json") << summary;
  CHECK(reports::read_summary(dir.path).seed == 42);
}

TEST_CASE("CSV is read as RFC 4180 has it") {
  auto const table = reports::parse_csv("a,\"b, c\",d\r\n1,\"say \"\"x\"\"\",\n\n-2.5e3,\"two\nlines\",y", "t.csv");
  CHECK(table.columns == std::vector<std::string>{"a", "b, c", "d"});
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == std::vector<std::string>{"1", "say \"x\"", ""});
  CHECK(table.rows[1][1] == "two\nlines");
  CHECK(table.lines == std::vector<std::size_t>{2, 4});
  CHECK(table.number(1, 0) == -2500.0);
  CHECK_FALSE(table.number(0, 2));
  CHECK_THROWS_WITH(table.number(1, 2), "t.csv:4: d: found 'y'; allowed: a number, or nothing");
  CHECK_THROWS_WITH(table.column("e"), Contains("no column 'e'; allowed: a, b, c, d"));
}

TEST_CASE("CSV that is broken is refused with its line") {
  struct row {
    char const *name, *text, *message;
  };
  for (row const& x : std::vector<row>{{"nothing", "", "t.csv:1: found nothing"},
                                       {"too few cells", "a,b\n1,2\n3\n", "t.csv:3: found 1 cells; allowed: 2"},
                                       {"a quote without end", "a\n\"1\n2\n", "t.csv:2: found a quote"},
                                       {"a name twice", "a,a\n1,2\n", "t.csv:1: found two columns 'a'"}}) {
    INFO(x.name);
    CHECK_THROWS_WITH(reports::parse_csv(x.text, "t.csv"), Contains(x.message));
  }
  CHECK_THROWS_WITH(reports::read_csv("/no/such.csv"), Contains("cannot be read"));
}
