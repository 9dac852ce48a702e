#include "base/config/document.hpp"
#include "reports/reports.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace reports_test;
using Catch::Contains;

namespace {

void write(std::filesystem::path const& file, std::string const& text) {
  std::ofstream(file, std::ios::binary) << text;
}

}

TEST_CASE("a report made again from its summary is the same to the last byte") {
  scratch const dir;
  for (auto const& r : {passed_run(), eventful_run(), sim::records::result{},
                        reports::result_of_failure("x", "no <room>", sim::records::exit_could_not_run)}) {
    for (char const* name : {"timeseries.csv", "report.html"}) std::filesystem::remove(dir.path / name);
    reports::write_all(r, dir.path);
    std::string const first = read(dir.path / "report.html");
    CHECK(first == reports::report_html(r));
    std::filesystem::remove(dir.path / "report.html");
    CHECK(reports::write_report_of(dir.path) == dir.path / "report.html");
    CHECK(read(dir.path / "report.html") == first);
    CHECK(reports::write_report_of(dir.path / "summary.json", dir.path / "other.html") == dir.path / "other.html");
    CHECK(read(dir.path / "other.html") == first);
  }
}

TEST_CASE("a summary under another name, and without its time series, has a report") {
  scratch const dir;
  write(dir.path / "old.json", reports::summary_json(eventful_run()));
  CHECK(reports::write_report_of(dir.path / "old.json") == dir.path / "report.html");
  CHECK_THAT(read(dir.path / "report.html"), Contains("\"eventful\\\"") && !Contains("timeseries.csv\": "));
}

TEST_CASE("sweeps, plans and comparisons are known by their files") {
  scratch const dir;
  write(dir.path / "summary.json", reports::summary_json(passed_run(), "sweep")); // sweeps have one as well
  write(dir.path / "sweep.csv", "point,replication,load.rate_rps,seed,verdict,redirect_ratio\n0,0,5,1,passed,0.5\n");
  write(dir.path / "sweep.json", R"({"scenario": "s", "axes": ["load.rate_rps"]})");
  reports::write_report_of(dir.path);
  CHECK_THAT(read(dir.path / "report.html"), Contains("{\"of\": \"sweep\"") && Contains("\"sweep.json\": {"));
  std::string const plan = R"({"schema_version": 1, "answer": null, "candidates": {"all": 1}})",
                    limit = R"({"schema_version": 1, "answer": null, "values": []})",
                    comparison = R"({"schema_version": 1, "rows": [], "new": {}})";
  for (auto const& [text, of] :
       {std::pair(plan, "plan"), std::pair(limit, "limit"), std::pair(comparison, "comparison")}) {
    write(dir.path / "any.json", text);
    reports::write_report_of(dir.path / "any.json");
    CHECK_THAT(read(dir.path / "report.html"), Contains("{\"of\": \"" + std::string(of) + "\""));
  }
}

TEST_CASE("what is no result has no report, and leaves none") {
  scratch const dir;
  struct row {
    char const *name, *file, *text, *message;
  };
  for (row const& x :
       std::vector<row>{{"another JSON file", "x.json", "{\"axes\": {}}", "found another file; allowed: sweep.csv"},
                        {"no JSON", "x.json", "hello", "x.json:1:"},
                        {"a list", "x.json", "[1]", "found another file"},
                        {"a plan of another version", "x.json",
                         R"({"schema_version": 2, "answer": null, "candidates": {}})", "schema_version: allowed: 1"},
                        {"a damaged summary", "x.json", R"({"verdict": "passed", "metrics": {}})", "schema_version"},
                        {"a table without verdicts", "x.csv", "point,replication\n0,0\n", "found no column 'verdict'"},
                        {"a damaged table", "x.csv", "point,replication,verdict\n0,0\n", "x.csv:2:"},
                        {"the summary of a sweep", "x.json", nullptr, "found the summary of many runs"},
                        {"no file", "y.json", nullptr, "y.json"}}) {
    INFO(x.name);
    std::string const of_many = reports::summary_json(passed_run(), "sweep");
    if (x.file[0] == 'x') write(dir.path / x.file, x.text != nullptr ? x.text : of_many);
    CHECK_THROWS_WITH(reports::write_report_of(dir.path / x.file), Contains(x.message) && !Contains("\n"));
    CHECK_THROWS_AS(reports::write_report_of(dir.path / x.file), config::bad_input);
    CHECK_FALSE(std::filesystem::exists(dir.path / "report.html"));
  }
  CHECK_THROWS_WITH(reports::write_report_of(dir.path),
                    Contains("found no result in it; allowed: a directory with sweep.csv, plan.json, limit.json, "
                             "compare.json or summary.json"));
}
