#include "reports/ci/ci.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <set>

using namespace reports_test;
using namespace sim::records;
using namespace reports::ci;
using nlohmann::json;

namespace {

void check_golden(std::string const& name, std::string const& text) {
  reports_test::check_golden("tests/reports/goldens", name, text);
}

/// As whoever wrote the file would have it: lines of thresholds, odd names everywhere.
result failed_run() {
  result r = eventful_run();
  std::size_t line = 40;
  for (threshold_result& t : r.thresholds) t.line = line++;
  r.thresholds.back().line = 0; // from --set
  return r;
}

result with(verdict v, int code, std::vector<std::string> reasons) {
  result r = passed_run();
  r.verdict = v, r.exit_code = code, r.reasons = std::move(reasons);
  if (v == verdict::error) r.metrics.clear(), r.thresholds.clear(), r.invariants.clear();
  return r;
}

result retried_run() {
  result r = passed_run();
  r.attempts = attempt_facts{3, {{{"invalid: p(99) of schedule lag 300 ms, allowed 100 ms"}, 1.5}}};
  return r;
}

std::vector<annotation> all() {
  std::vector<annotation> out;
  auto const add = [&](result const& r, std::string const& file, std::string const& path) {
    for (annotation& a : annotations_of(r, r.scenario, file, path)) out.push_back(std::move(a));
  };
  add(passed_run(), "/w/a.json", "a.json");
  add(failed_run(), "/w/odd, 100%: name.json", "scenarios/odd, 100%: name.json");
  add(retried_run(), "/w/a.json", "a.json");
  add(with(verdict::invalid, exit_invalid, {"invalid: late", "threshold latency_ms p(99)<1: found 5"}), "b.json",
      "b.json");
  add(with(verdict::interrupted, exit_interrupted, {"interrupted"}), "b.json", "b.json");
  add(with(verdict::error, exit_bad_input,
           {"./c.json:7: load.rate_rps: found \"x\"; allowed: a number", "./c.json:--set: seed: found \"y\"",
            "c.json:8: of another spelling"}),
      "./c.json", "c.json");
  add(with(verdict::error, exit_could_not_run, {"nginx is not installed\r\nits logs are in \x1b[1mrun\xff"}), "d.json",
      "d.json");
  return out;
}

std::string plainly(std::string const& text) { return text; }

/// Fingerprints of a run's findings.
std::vector<std::string> fingerprints(result const& r) {
  std::vector<std::string> out;
  for (json const& one : json::parse(code_quality(annotations_of(r, "t", "f", "f"), plainly)))
    out.push_back(one.at("fingerprint"));
  return out;
}

/// What GitHub's runner makes of a command: the escapes back to characters.
std::string decoded(std::string text, bool property) {
  auto const replace = [&](std::string const& from, std::string const& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  };
  if (property) replace("%2C", ","), replace("%3A", ":");
  replace("%0A", "\n"), replace("%0D", "\r"), replace("%25", "%");
  return text;
}

}

TEST_CASE("annotations of both CI systems are as they were agreed") {
  check_golden("annotations.github.txt", workflow_commands(all()));
  check_golden("annotations.gitlab.json", code_quality(all(), plainly));
}

TEST_CASE("a run that passed at once has no annotation") {
  CHECK(annotations_of(passed_run(), "t", "f", "f").empty());
  CHECK(workflow_commands({}).empty());
  CHECK(json::parse(code_quality({}, plainly)) == json::array());
}

TEST_CASE("a failed threshold is annotated at its line, other findings at the file") {
  std::size_t thresholds = 0;
  for (annotation const& a : annotations_of(failed_run(), "t", "f", "f")) {
    INFO(a.message);
    if (a.about != finding::threshold) CHECK(a.line == 0);
    if (a.about == finding::threshold && a.subject == "latency_ms p(99)<1") CHECK(a.line == 42);
    thresholds += a.about == finding::threshold ? 1 : 0;
  }
  CHECK(thresholds == 3);
}

TEST_CASE("a run that failed by nothing that is known has an annotation all the same") {
  auto r = passed_run();
  r.verdict = verdict::failed, r.exit_code = exit_failed, r.reasons = {"something else"};
  auto const found = annotations_of(r, "t", "f", "f");
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "something else");
}

TEST_CASE("what GitHub's runner decodes is what was meant, and each annotation is one line") {
  for (std::string const& text :
       {std::string("50 % of a, b: c"), std::string("a\nb\r\nc"), std::string("%0A is no line feed, %25 no per cent"),
        std::string("::error::x"), std::string("ü 猫")}) {
    INFO(text);
    annotation a;
    a.file = a.title = a.message = text, a.line = 3;
    std::string const line = workflow_commands({a});
    REQUIRE(line.ends_with('\n'));
    CHECK(line.find_first_of("\n\r") == line.size() - 1);
    std::string const head = "::error file=";
    REQUIRE(line.starts_with(head));
    std::size_t const properties = line.find("::", head.size());
    REQUIRE(properties != std::string::npos);
    CHECK(decoded(line.substr(properties + 2, line.size() - properties - 3), false) == text);
    std::string const between = line.substr(head.size(), properties - head.size());
    std::size_t const first = between.find(','), second = between.find(',', first + 1);
    CHECK(decoded(between.substr(0, first), true) == text);
    CHECK(between.substr(first, second - first) == ",line=3");
    CHECK(between.find(',', second + 1) == std::string::npos);
    CHECK(decoded(between.substr(second + std::string(",title=").size()), true) == text);
  }
}

TEST_CASE("a finding's fingerprint is its own, and the same wherever its line is and whatever was measured") {
  auto r = failed_run();
  auto const first = fingerprints(r);
  CHECK(std::set<std::string>(first.begin(), first.end()).size() == first.size());
  for (threshold_result& t : r.thresholds) t.line += 7, t.value = 0.77, t.note = "another";
  for (invariant_result& i : r.invariants) i.violations += i.violations > 0 ? 1 : 0, i.examples.clear();
  CHECK(fingerprints(r) == first);
  r.thresholds.push_back(r.thresholds.back()); // written twice
  auto const twice = fingerprints(r);
  CHECK(std::set<std::string>(twice.begin(), twice.end()).size() == first.size() + 1);
}

TEST_CASE("GitLab's report has what its format asks for, in words that it knows") {
  std::set<std::string> const severities = {"info", "minor", "major", "critical", "blocker"};
  for (json const& one : json::parse(code_quality(all(), plainly))) {
    CHECK(one.size() == 5);
    CHECK_FALSE(one.at("description").get<std::string>().empty());
    CHECK(one.at("description").get<std::string>().find('\n') == std::string::npos);
    CHECK(severities.contains(one.at("severity").get<std::string>()));
    CHECK(one.at("location").at("lines").at("begin") >= 1);
    CHECK_FALSE(one.at("location").at("path").get<std::string>().starts_with("./"));
  }
}

TEST_CASE("sections of the log are opened and closed, and what is in them is no command") {
  std::string const github = section(provider::github, "a", "t: 50 %", "::error::x\n", 1700000000, "token-1");
  CHECK(github == "::group::t: 50 %25\n::stop-commands::token-1\n::error::x\n::token-1::\n::endgroup::\n");
  CHECK(
      section(provider::gitlab, "a", "t", "text", 1700000000, "") ==
      "\x1b[0Ksection_start:1700000000:a[collapsed=true]\r\x1b[0Kt\ntext\n\x1b[0Ksection_end:1700000000:a\r\x1b[0K\n");
}

TEST_CASE("the step summary of a run and of a suite are as they were agreed") {
  auto odd = failed_run();
  odd.next_steps = {"give it more `connections` | a quieter machine"};
  reports::suite s{result(), {{"a", retried_run()}, {"b", odd}, {"c", passed_run(), "the suite ended before"}}};
  s.whole.scenario = "ci";
  s.whole.provenance = provenance_of_samples();
  reports::conclude(s);
  check_golden("step-summary.suite.md", step_summary(s));
  check_golden("step-summary.run.md", step_summary(odd));
}

TEST_CASE("a step summary is cut at a line before it is too long for GitHub") {
  std::string const whole = step_summary(failed_run());
  CHECK(step_summary(failed_run(), whole.size()) == whole);
  for (std::size_t longest = 60; longest < whole.size(); longest += 7) {
    std::string const cut = step_summary(failed_run(), longest);
    CHECK(cut.size() <= longest);
    CHECK_THAT(cut, Catch::EndsWith("too long for a step summary.)\n"));
    std::string const kept = cut.substr(0, cut.find("\n(Cut here"));
    CHECK(whole.starts_with(kept));
  }
}
