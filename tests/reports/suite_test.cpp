#include "base/config/schema.hpp"
#include "reports/read_summary.hpp"
#include "reports/suite.hpp"
#include "tests/reports/junit_rules.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

using namespace reports_test;
using namespace sim::records;
using Catch::Contains;

namespace {

void check_golden(std::string const& name, std::string const& text) {
  reports_test::check_golden("tests/reports/goldens", name, text);
}

result whole() {
  result r;
  r.scenario = "ci";
  r.file = "scenarios/ci";
  r.engine = "live and virtual";
  r.provenance = provenance_of_samples();
  return r;
}

/// One of each kind; two have one name.
reports::suite mixed() {
  auto invalid = passed_run();
  invalid.verdict = verdict::invalid, invalid.exit_code = exit_invalid, invalid.load_as_planned = false;
  invalid.reasons = {"invalid: the load generator could not keep its rate"};
  auto again = passed_run();
  again.attempts = attempt_facts{3, {{{"invalid: late"}, 1.5}}};
  again.engine = "live";
  auto simulated = passed_run();
  simulated.engine = "virtual";
  return {whole(),
          {{"quickstart", simulated},
           {"quickstart-2", again},
           {"odd", eventful_run()},
           {"late", invalid},
           {"later", passed_run(), "the suite ended before"}}};
}

reports::suite of(std::initializer_list<int> codes) {
  reports::suite s{whole(), {}};
  int number = 0;
  for (int const code : codes) {
    result r;
    r.scenario = std::to_string(number++);
    r.exit_code = code;
    for (verdict const v : {verdict::failed, verdict::invalid, verdict::interrupted, verdict::error})
      if (exit_code_of(v) == code || (v == verdict::error && code == exit_bad_input)) r.verdict = v;
    s.members.push_back({r.scenario, r});
  }
  reports::conclude(s);
  return s;
}

}

TEST_CASE("a suite's formats are as they were agreed") {
  auto s = mixed();
  reports::conclude(s);
  check_golden("suite.txt", reports::suite_text(s));
  check_golden("suite.json", reports::suite_json(s));
  check_golden("suite.junit.xml", reports::suite_junit(s));
  CHECK_FALSE(
      config::validate(nlohmann::json::parse(reports::suite_json(s)), nlohmann::json::parse(reports::summary_schema)));
}

TEST_CASE("a suite has the worst verdict and exit code of its scenarios") {
  struct row {
    std::initializer_list<int> codes;
    int worst;
    verdict judged;
  };
  row const table[] = {
      {{0, 0}, 0, verdict::passed},
      {{0, 3}, 3, verdict::invalid},
      {{99, 3, 0}, 99, verdict::failed},
      {{3, 99}, 99, verdict::failed},
      {{1, 99}, 1, verdict::error},
      {{99, 2, 1}, 2, verdict::error},
      {{99, 130, 1}, 130, verdict::interrupted},
  };
  for (row const& r : table) {
    auto const s = of(r.codes);
    CHECK(s.whole.exit_code == r.worst);
    CHECK(s.whole.verdict == r.judged);
    CHECK(s.whole.reasons.size() ==
          static_cast<std::size_t>(std::count_if(r.codes.begin(), r.codes.end(), [](int code) { return code != 0; })));
  }
}

TEST_CASE("a suite of which scenarios were not run is an error to readers of JUnit") {
  auto s = of({0});
  CHECK_THAT(reports::suite_junit(s), Contains("errors=\"0\""));
  s.members.push_back({"b", passed_run(), "the suite ended before"});
  CHECK_THAT(reports::suite_junit(s),
             Contains("errors=\"1\"") && Contains("<skipped message=\"not run\"") && Contains("not all were run"));
}

TEST_CASE("the directories of an earlier suite are known by its summary, and none outside of it") {
  scratch const dir;
  CHECK(reports::directories_of_suite(dir.path).empty());
  auto s = mixed();
  reports::write_suite(s, dir.path);
  CHECK(reports::directories_of_suite(dir.path) ==
        std::vector<std::string>{"quickstart", "quickstart-2", "odd", "late", "later"});
  for (char const* name : {"../x", "/x", "..", ".", ""}) {
    s.members[0].directory = name;
    reports::write_suite(s, dir.path);
    CHECK(reports::directories_of_suite(dir.path).size() == 4);
  }
  reports::write_all(passed_run(), dir.path);
  CHECK(reports::directories_of_suite(dir.path).empty());
  std::ofstream(dir.path / "summary.json") << "{\"of\": 7}";
  CHECK(reports::directories_of_suite(dir.path).empty());
}

TEST_CASE("a suite's summary is no run's") {
  scratch const dir;
  auto s = mixed();
  reports::conclude(s);
  reports::write_suite(s, dir.path);
  CHECK_THROWS_WITH(reports::read_summary(dir.path), Contains("no figures"));
  CHECK_THROWS_WITH(reports::write_report_of(dir.path), Contains("many runs"));
}

TEST_CASE("a suite's reports are well-formed whatever names and texts hold") {
  for (std::string const& name :
       {std::string("a & b < c > \"d\""), std::string("]]>\x01\x1b[31m"), std::string("\xff\xc3"),
        std::string("a\nb\rc\td"), std::string("NUL \0 in it", 11)}) {
    auto s = mixed();
    for (auto& m : s.members) {
      m.result.scenario = m.result.file = m.result.engine = name;
      m.result.reasons = {name};
      if (m.result.attempts) m.result.attempts->invalid[0].reasons = {name};
      if (m.not_run) m.not_run = name;
    }
    reports::conclude(s);
    CHECK(broken_junit_rules(reports::suite_junit(s)).empty());
    CHECK(nlohmann::json::accept(reports::suite_json(s)));
    std::string const text = reports::suite_text(s);
    CHECK(std::none_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }));
  }
}
