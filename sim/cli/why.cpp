#include "sim/cli/why.hpp"

#include "reports/wording.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace sim::cli {

void say_why(records::result const& r) {
  if (r.verdict == records::verdict::passed) return;
  std::string const verdict(reports::verdict_name(r.verdict));
  std::vector<std::string> const unknown{"see its report"};
  for (std::string const& reason : r.reasons.empty() ? unknown : r.reasons) {
    std::string const why = reason.starts_with(verdict) ? reason : verdict + ": " + reason;
    std::cerr << "crest-sim: " << reports::one_line(r.scenario) << ": " << reports::one_line(why) << '\n';
  }
}

}
