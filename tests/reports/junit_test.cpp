#include "reports/reports.hpp"
#include "reports/suite.hpp"
#include "tests/reports/junit_rules.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>

using namespace reports_test;
using Catch::Contains;
using words = std::vector<std::string>;

namespace {

sim::records::result retried(sim::records::result r) {
  r.attempts = sim::records::attempt_facts{3, {{{"invalid: late", "and \"more\""}, 1.5}}};
  return r;
}

sim::records::result invalid_run() {
  auto r = passed_run();
  r.verdict = sim::records::verdict::invalid, r.exit_code = sim::records::exit_invalid, r.load_as_planned = false;
  r.reasons = {"invalid: the load generator could not keep its rate"};
  return r;
}

std::string const head = "<?xml version=\"1.0\"?><testsuites name=\"x\" tests=\"1\" failures=\"0\" errors=\"0\">";
std::string const plain = "<testsuite name=\"a\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">";

}

TEST_CASE("junit.xml is as Jenkins' junit-10 schema demands, whatever became of the run") {
  struct row {
    char const* name;
    std::string xml;
  };
  reports::suite several{passed_run(), {{"a", passed_run()}, {"b", eventful_run()}, {"c", passed_run(), "no time"}}};
  reports::conclude(several);
  row const table[] = {
      {"passed", reports::junit_xml(passed_run())},
      {"failed, with odd names", reports::junit_xml(eventful_run())},
      {"invalid", reports::junit_xml(invalid_run())},
      {"valid at last", reports::junit_xml(retried(passed_run()))},
      {"invalid again", reports::junit_xml(retried(invalid_run()))},
      {"could not run", reports::junit_xml(reports::result_of_failure("x", "no nginx", 1))},
      {"with cases of its own", reports::junit_xml(passed_run(), {{"trial", "point 0", "failure", "m", "t"}})},
      {"a suite", reports::suite_junit(several)},
  };
  for (row const& r : table) {
    INFO(r.name);
    CHECK_THAT(broken_junit_rules(r.xml), Catch::Equals(words{}));
  }
}

TEST_CASE("the rules for junit.xml are rules: what breaks them is named") {
  struct row {
    char const* xml;
    char const* broken;
  };
  row const table[] = {
      {"<testcase name=\"c\" file=\"f\"/>", "testcase with file"},
      {"<testcase/>", "testcase without name"},
      {"<testcase name=\"c\"><flakyError message=\"m\"/></testcase>", "flakyError without type"},
      {"<testcase name=\"c\"><flakyError type=\"t\"><system-out/><stackTrace/></flakyError></testcase>",
       "stackTrace out of order in flakyError"},
      {"<testcase name=\"c\"><properties/></testcase>", "properties in testcase"},
      {"<testcase name=\"c\"><note/></testcase>", "the unknown element note"},
      {"<testcase name=\"c\">text</testcase>", "text in testcase"},
      {"<testcase name=\"c\"><failure/></testcase>", "the sum of failures"},
      {"<testcase name=\"c\"/><testsuite name=\"n\" time=\"1e3\" tests=\"0\" failures=\"0\" errors=\"0\" "
       "skipped=\"0\"/>",
       "the time 1e3"},
  };
  for (row const& r : table) {
    INFO(r.xml);
    auto const found = broken_junit_rules(head + plain + r.xml + "</testsuite></testsuites>");
    CHECK_THAT(found, Catch::VectorContains(std::string(r.broken)));
  }
  CHECK_THAT(broken_junit_rules(head + plain + "<testcase name=\"c\"/></testsuite></testsuites>"),
             Catch::Equals(words{}));
  CHECK_THROWS(broken_junit_rules("<testsuites><a></testsuites>"));
  CHECK(broken_junit_rules("<testsuites skipped=\"0\"/>") == words{"testsuites with skipped"});
}

TEST_CASE("junit.xml says when, where, how long, and of which type what was found is") {
  std::string const failed = reports::junit_xml(eventful_run());
  CHECK_THAT(failed, Contains("time=\"12.000\" timestamp=\"2026-01-31T12:00:00Z\" hostname=\"lab\""));
  CHECK_THAT(failed, Contains("name=\"the run is valid\" time=\"12.000\"/>"));
  CHECK_THAT(failed, Contains("<failure message=\"value 4.75\" type=\"threshold\"/>"));
  CHECK_THAT(failed, Contains("type=\"invariant\">request 17"));
  CHECK_THAT(reports::junit_xml(invalid_run()), Contains("<error message=\"invalid\" type=\"invalid\">"));
}

TEST_CASE("attempts that were made again are flaky where the last one is valid, and reruns where it is not") {
  std::string const valid = reports::junit_xml(retried(passed_run()));
  CHECK_THAT(valid, Contains("errors=\"0\"") && Contains("name=\"attempts\" value=\"2 of at most 3\""));
  CHECK_THAT(valid, Contains("<flakyError message=\"attempt 1\" type=\"invalid\"><stackTrace>invalid: late&#10;and "
                             "&quot;more&quot;</stackTrace></flakyError>"));
  std::string const invalid = reports::junit_xml(retried(invalid_run()));
  CHECK_THAT(invalid, Contains("errors=\"1\"") && Contains("<rerunError message=\"attempt 1\"") && !Contains("flaky"));
}
