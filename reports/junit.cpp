#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "reports/xml.hpp"

namespace reports {
namespace {

using namespace sim::records;

std::vector<test_case> cases_of(result const& r) {
  std::vector<test_case> cases;
  std::string why;
  for (std::string const& reason : r.reasons) why += (why.empty() ? "" : "\n") + reason;
  // A run that failed by a broken invariant may have lagged as well.
  bool const ran = r.load_as_planned && r.verdict != verdict::invalid && r.verdict != verdict::interrupted &&
                   r.verdict != verdict::error;
  std::string const what = r.verdict == verdict::failed  ? "invalid"
                           : r.verdict != verdict::error ? std::string(verdict_name(r.verdict))
                           : came_to_nothing(r)          ? "could not run"
                                                         : "the report is not complete";
  cases.push_back({"run", "the run is valid", ran ? "" : "error", ran ? "" : what, ran ? "" : why});
  for (invariant_result const& i : r.invariants) {
    test_case c{"invariant", i.name, "", "", ""};
    if (!i.passed) {
      c.element = "failure";
      c.message = std::to_string(i.violations) + " violations in " + std::to_string(i.checked) + " checks";
      for (std::string const& example : i.examples) c.text += (c.text.empty() ? "" : "\n") + example;
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

/// The suite's own element; `properties` are attributes by name.
struct suite {
  std::string name;
  std::vector<std::pair<std::string, std::string>> properties;
  double duration_s = 0;
  std::vector<std::string> remarks = {}; // for people; they decide nothing
};

std::string xml(suite const& s, std::vector<test_case> const& cases) {
  auto const count = [&](std::string_view element) {
    std::size_t n = 0;
    for (test_case const& c : cases) n += c.element == element ? 1 : 0;
    return std::to_string(n);
  };
  std::string const totals = "tests=\"" + std::to_string(cases.size()) + "\" failures=\"" + count("failure") +
                             "\" errors=\"" + count("error") + "\" skipped=\"" + count("skipped") + "\" time=\"" +
                             fixed(s.duration_s, 3) + "\"";
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + totals + ">\n  <testsuite name=\"" +
                    xml_text(s.name) + "\" " + totals + ">\n    <properties>\n";
  for (auto const& [name, value] : s.properties)
    out += "      <property name=\"" + name + "\" value=\"" + xml_text(value) + "\"/>\n";
  out += "    </properties>\n";
  for (test_case const& c : cases) {
    out += "    <testcase classname=\"" + xml_text(s.name) + "." + c.group + "\" name=\"" + xml_text(c.name) + "\"";
    if (c.element.empty()) {
      out += "/>\n";
      continue;
    }
    out += ">\n      <" + c.element + " message=\"" + xml_text(c.message) + "\"";
    out += c.text.empty() ? "/>\n" : ">" + xml_text(c.text) + "</" + c.element + ">\n";
    out += "    </testcase>\n";
  }
  if (!s.remarks.empty()) {
    out += "    <system-out>";
    for (std::string const& remark : s.remarks) out += xml_text(remark) + "\n";
    out += "</system-out>\n";
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}

std::string junit_xml(result const& r, std::vector<test_case> const& more) {
  suite s{r.scenario,
          {{"seed", std::to_string(r.seed)}, {"engine", r.engine}, {"exit_code", std::to_string(r.exit_code)}},
          r.duration_s,
          r.differences};
  if (r.provenance)
    for (auto& fact : facts_of(*r.provenance)) s.properties.push_back(std::move(fact));
  std::vector<test_case> cases = cases_of(r);
  cases.insert(cases.end(), more.begin(), more.end());
  return xml(s, cases);
}

}
