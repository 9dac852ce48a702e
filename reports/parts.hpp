#pragma once

#include "sim/records/result.hpp"

#include <string>
#include <vector>

namespace reports {

/// A part of a run as tables name it: "group edge (gateway)", "kind nginx", "gateway[0]", "haproxy[0] (command)",
/// "phase steady". Valid as long as the result is.
struct part {
  std::string name;
  sim::records::metric_set const* metrics;
};

/// Groups and kinds of balancers where there are several, balancers, phases where there are several.
std::vector<part> parts_of(sim::records::result const& r);

}
