#include "reports/reports.hpp"
#include "reports/wording.hpp"

namespace reports {
namespace {

using namespace sim::measure;

/// As XML text or attribute value; what XML cannot hold becomes '?'.
std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\n':
      out += "&#10;";
      break;
    default:
      out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return out;
}

struct test_case {
  std::string group, name;
  std::string element, message, text; // element: "failure", "error", "skipped" or empty
};

std::vector<test_case> cases_of(result const& r) {
  std::vector<test_case> cases;
  std::string why;
  for (std::string const& reason : r.reasons) why += (why.empty() ? "" : "\n") + reason;
  bool const ran = r.verdict != verdict::invalid && r.verdict != verdict::interrupted;
  cases.push_back(
      {"run", "the run is valid", ran ? "" : "error", ran ? "" : std::string(verdict_name(r.verdict)), ran ? "" : why});
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

}

std::string junit_xml(result const& r) {
  auto const cases = cases_of(r);
  auto const count = [&](std::string_view element) {
    std::size_t n = 0;
    for (test_case const& c : cases) n += c.element == element ? 1 : 0;
    return std::to_string(n);
  };
  std::string const totals = "tests=\"" + std::to_string(cases.size()) + "\" failures=\"" + count("failure") +
                             "\" errors=\"" + count("error") + "\" skipped=\"" + count("skipped") + "\" time=\"" +
                             fixed(r.duration_s, 3) + "\"";
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites " + totals + ">\n  <testsuite name=\"" +
      escaped(r.scenario) + "\" " + totals + ">\n    <properties>\n      <property name=\"seed\" value=\"" +
      std::to_string(r.seed) + "\"/>\n      <property name=\"engine\" value=\"" + escaped(r.engine) +
      "\"/>\n      <property name=\"exit_code\" value=\"" + std::to_string(r.exit_code) + "\"/>\n    </properties>\n";
  for (test_case const& c : cases) {
    out += "    <testcase classname=\"" + escaped(r.scenario) + "." + c.group + "\" name=\"" + escaped(c.name) + "\"";
    if (c.element.empty()) {
      out += "/>\n";
      continue;
    }
    out += ">\n      <" + c.element + " message=\"" + escaped(c.message) + "\"";
    out += c.text.empty() ? "/>\n" : ">" + escaped(c.text) + "</" + c.element + ">\n";
    out += "    </testcase>\n";
  }
  if (!r.differences.empty()) {
    out += "    <system-out>";
    for (std::string const& difference : r.differences) out += escaped(difference) + "\n";
    out += "</system-out>\n";
  }
  return out + "  </testsuite>\n</testsuites>\n";
}

}
