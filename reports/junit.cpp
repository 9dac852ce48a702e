#include "reports/junit.hpp"

#include "base/config/joined.hpp"
#include "reports/attempts.hpp"
#include "reports/provenance.hpp"
#include "reports/wording.hpp"
#include "reports/xml.hpp"

namespace reports {
namespace {

using namespace sim::records;

std::vector<test_case> cases_of(result const& r) {
  std::vector<test_case> cases;
  std::string const why = config::joined(r.reasons, "\n");
  // A run that failed by a broken invariant may have lagged as well.
  bool const ran = r.load_as_planned && r.verdict != verdict::invalid && r.verdict != verdict::interrupted &&
                   r.verdict != verdict::error;
  std::string const what = r.verdict == verdict::failed  ? "invalid"
                           : r.verdict != verdict::error ? std::string(verdict_name(r.verdict))
                           : came_to_nothing(r)          ? "could not run"
                                                         : "the report is not complete";
  test_case valid{"run", "the run is valid", ran ? "" : "error", ran ? "" : what, ran ? "" : why, ran ? "" : what};
  valid.duration_s = r.duration_s;
  if (r.attempts)
    for (invalid_attempt const& one : r.attempts->invalid)
      valid.invalid_attempts.push_back(config::joined(one.reasons, "\n"));
  cases.push_back(std::move(valid));
  for (invariant_result const& i : r.invariants) {
    test_case c{"invariant", i.name, "", "", ""};
    if (!i.passed) {
      c.element = "failure";
      c.message = violations_text(i);
      c.text = config::joined(i.examples, "\n");
    } else if (!i.exercised) {
      c.element = "skipped";
      c.message = "not exercised";
    }
    cases.push_back(std::move(c));
  }
  for (threshold_result const& t : r.thresholds) {
    test_case c{"threshold", t.metric + " " + t.expression, "", "", t.note};
    if (!t.passed) {
      c.element = "failure";
      c.message = "value " + (t.value ? short_number(*t.value) : std::string("missing"));
    }
    cases.push_back(std::move(c));
  }
  return cases;
}

std::string attribute(std::string const& name, std::string_view value) {
  return " " + name + "=\"" + xml_text(value) + "\"";
}

/// Attempts whose run was made again: flaky if this one is valid, else rerun, as Surefire has them.
std::string attempts(test_case const& c) {
  std::string const element = c.element == "error" ? "rerunError" : "flakyError";
  std::string out;
  for (std::size_t i = 0; i != c.invalid_attempts.size(); ++i)
    out += "      <" + element + attribute("message", "attempt " + std::to_string(i + 1)) +
           attribute("type", "invalid") + "><stackTrace>" + xml_text(c.invalid_attempts[i]) + "</stackTrace></" +
           element + ">\n";
  return out;
}

std::string xml_of(test_case const& c, std::string const& suite) {
  std::string const head = "    <testcase" + attribute("classname", suite + "." + c.group) + attribute("name", c.name) +
                           attribute("time", fixed(c.duration_s, 3));
  if (c.element.empty() && c.invalid_attempts.empty()) return head + "/>\n";
  std::string out = head + ">\n";
  if (!c.element.empty()) {
    out +=
        "      <" + c.element + attribute("message", c.message) + attribute("type", c.type.empty() ? c.group : c.type);
    out += c.text.empty() ? "/>\n" : ">" + xml_text(c.text) + "</" + c.element + ">\n";
  }
  return out + attempts(c) + "    </testcase>\n";
}

struct totals {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  double duration_s = 0;

  void add(junit::suite const& s) {
    tests += s.cases.size(), duration_s += s.duration_s;
    for (test_case const& c : s.cases) {
      failures += c.element == "failure" ? 1 : 0;
      errors += c.element == "error" ? 1 : 0;
      skipped += c.element == "skipped" ? 1 : 0;
    }
  }
  std::string attributes() const {
    return attribute("tests", std::to_string(tests)) + attribute("failures", std::to_string(failures)) +
           attribute("errors", std::to_string(errors));
  }
  std::string time() const { return attribute("time", fixed(duration_s, 3)); }
};

std::string xml_of(junit::suite const& s) {
  totals sum;
  sum.add(s);
  std::string out = "  <testsuite" + attribute("name", s.name) + sum.attributes() +
                    attribute("skipped", std::to_string(sum.skipped)) + sum.time();
  if (!s.timestamp.empty()) out += attribute("timestamp", s.timestamp);
  if (!s.host.empty()) out += attribute("hostname", s.host);
  if (!s.file.empty()) out += attribute("file", s.file);
  out += ">\n    <properties>\n";
  for (auto const& [name, value] : s.properties)
    out += "      <property" + attribute("name", name) + attribute("value", value) + "/>\n";
  out += "    </properties>\n";
  for (test_case const& c : s.cases) out += xml_of(c, s.name);
  if (!s.remarks.empty()) {
    out += "    <system-out>";
    for (std::string const& remark : s.remarks) out += xml_text(remark) + "\n";
    out += "</system-out>\n";
  }
  return out + "  </testsuite>\n";
}

}

junit::suite junit::suite_of(result const& r, std::string const& name, std::vector<test_case> const& more) {
  suite s{name,
          r.provenance ? r.provenance->started : "",
          r.provenance ? r.provenance->host : "",
          file_name(r.file),
          {{"seed", std::to_string(r.seed)}, {"engine", r.engine}, {"exit_code", std::to_string(r.exit_code)}},
          r.duration_s,
          r.differences};
  if (r.attempts) s.properties.emplace_back("attempts", count_text(*r.attempts));
  if (r.provenance)
    for (auto& fact : facts_of(*r.provenance)) s.properties.push_back(std::move(fact));
  s.cases = cases_of(r);
  s.cases.insert(s.cases.end(), more.begin(), more.end());
  return s;
}

std::string junit::xml(std::vector<suite> const& suites) {
  totals sum;
  for (suite const& s : suites) sum.add(s);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + attribute("name", "crest-sim") +
                    sum.attributes() + sum.time() + ">\n";
  for (suite const& s : suites) out += xml_of(s);
  return out + "</testsuites>\n";
}

std::string junit_xml(result const& r, std::vector<test_case> const& more) {
  return junit::xml({junit::suite_of(r, r.scenario, more)});
}

}
