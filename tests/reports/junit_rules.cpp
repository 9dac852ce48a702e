#include "tests/reports/junit_rules.hpp"

#include <boost/property_tree/xml_parser.hpp>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace reports_test {
namespace {

using boost::property_tree::ptree;
using words = std::vector<std::string>;

struct rule {
  words required, optional; // attributes
  words children;
  bool in_order = false; // each at most once, as they are listed
  bool text = false;
};

/// Attempts that were made again.
rule attempt() { return {{"type"}, {"message"}, {"stackTrace", "system-out", "system-err"}, true, true}; }

std::map<std::string, rule> const& rules() {
  static rule const outcome{{}, {"type", "message"}, {}, false, true}, output{{}, {}, {}, false, true};
  static std::map<std::string, rule> const all = {
      {"testsuites", {{}, {"name", "time", "tests", "failures", "errors"}, {"testsuite"}}},
      {"testsuite",
       {{"name", "tests", "failures", "errors"},
        {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
        {"testsuite", "properties", "testcase", "system-out", "system-err"}}},
      {"properties", {{}, {}, {"property"}}},
      {"property", {{"name", "value"}, {}, {}}},
      {"testcase",
       {{"name"},
        {"time", "classname", "group"},
        {"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out",
         "system-err"}}},
      {"failure", outcome},
      {"error", outcome},
      {"skipped", outcome},
      {"rerunFailure", attempt()},
      {"rerunError", attempt()},
      {"flakyFailure", attempt()},
      {"flakyError", attempt()},
      {"stackTrace", output},
      {"system-out", output},
      {"system-err", output}};
  return all;
}

bool has(words const& all, std::string const& word) { return std::find(all.begin(), all.end(), word) != all.end(); }

std::string attribute(ptree const& of, std::string const& name) { return of.get("<xmlattr>." + name, ""); }

class examination {
public:
  words found;

  void look(std::string const& name, ptree const& element) {
    auto const known = rules().find(name);
    if (known == rules().end()) return say("the unknown element " + name);
    rule const& r = known->second;
    attributes(name, element, r);
    if (!r.text && element.data().find_first_not_of(" \n") != std::string::npos) say("text in " + name);
    children(name, element, r);
    if (name == "testsuite") sums(element);
    if (name == "testsuites" || name == "testsuite") time(attribute(element, "time"));
  }

private:
  void say(std::string what) { found.push_back(std::move(what)); }

  void attributes(std::string const& name, ptree const& element, rule const& r) {
    std::set<std::string> there;
    if (auto const list = element.get_child_optional("<xmlattr>"))
      for (auto const& [attribute, value] : *list) {
        if (!has(r.required, attribute) && !has(r.optional, attribute)) say(name + " with " + attribute);
        if (!there.insert(attribute).second) say(name + " with two of " + attribute);
      }
    for (std::string const& needed : r.required)
      if (!there.contains(needed)) say(name + " without " + needed);
  }

  void children(std::string const& name, ptree const& element, rule const& r) {
    std::size_t place = 0; // of the next one in order
    for (auto const& [child, content] : element) {
      if (child == "<xmlattr>") continue;
      auto const at = std::find(r.children.begin(), r.children.end(), child) - r.children.begin();
      auto const index = static_cast<std::size_t>(at);
      if (index == r.children.size()) say(child + " in " + name);
      if (r.in_order && index < place) say(child + " out of order in " + name);
      place = index + 1;
      look(child, content);
    }
  }

  void time(std::string const& value) {
    static std::regex const seconds(R"((([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?)");
    if (!std::regex_match(value, seconds)) say("the time " + value);
  }

  void sums(ptree const& suite) {
    std::map<std::string, int> counted = {{"tests", 0}, {"failures", 0}, {"errors", 0}, {"skipped", 0}};
    for (auto const& [name, one] : suite) {
      if (name != "testcase") continue;
      ++counted["tests"];
      counted["failures"] += static_cast<int>(one.count("failure"));
      counted["errors"] += static_cast<int>(one.count("error"));
      counted["skipped"] += static_cast<int>(one.count("skipped"));
    }
    for (auto const& [name, count] : counted)
      if (attribute(suite, name) != std::to_string(count)) say("the sum of " + name);
  }
};

}

std::vector<std::string> broken_junit_rules(std::string const& xml) {
  std::istringstream in(xml);
  ptree tree;
  boost::property_tree::read_xml(in, tree);
  examination e;
  if (tree.size() != 1 || tree.front().first != "testsuites") e.found.emplace_back("another root than testsuites");
  for (auto const& [name, root] : tree) e.look(name, root);
  return e.found;
}

}
