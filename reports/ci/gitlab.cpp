#include "reports/ci/ci.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace reports::ci {
namespace {

using json = nlohmann::ordered_json;

std::string_view severity_of(finding about) {
  switch (about) {
  case finding::could_not_run:
    return "blocker";
  case finding::invariant:
    return "critical";
  case finding::threshold:
  case finding::invalid:
    return "major";
  case finding::interrupted:
    return "minor";
  case finding::retried:
    return "info";
  }
  return "major";
}

}

std::string code_quality(std::vector<annotation> const& annotations,
                         std::function<std::string(std::string const&)> const& digest) {
  json out = json::array();
  std::map<std::string, std::size_t> times; // of the same finding in this report
  for (annotation const& a : annotations) {
    std::string const check = "crest-sim/" + std::string(name_of(a.about));
    std::string const what = a.file + "\n" + check + "\n" + a.subject;
    std::size_t const before = times[what]++;
    out.push_back(
        {{"description", one_line(a.title + ": " + a.message)},
         {"check_name", check},
         {"fingerprint", digest(before == 0 ? what : what + "\n" + std::to_string(before))},
         {"severity", severity_of(a.about)},
         {"location", {{"path", valid_utf8(a.file)}, {"lines", {{"begin", std::max<std::size_t>(a.line, 1)}}}}}});
  }
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}
