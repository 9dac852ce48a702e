#include "sim/cli/why.hpp"

#include "reports/wording.hpp"

#include <iostream>
#include <string>
#include <vector>

namespace sim::cli {

void say_why(records::result const& r) {
  if (r.verdict == records::verdict::passed) return;
  std::vector<std::string> const unknown{"see its report"};
  for (std::string const& reason : r.reasons.empty() ? unknown : r.reasons)
    std::cerr << "crest-sim: " << reports::one_line(r.scenario) << ": " << reports::verdict_because(r.verdict, reason)
              << '\n';
}

}
