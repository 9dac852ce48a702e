#pragma once

#include "sim/studies/plan/report.hpp"

#include <string>

namespace sim::cli {

/// A plan for the terminal: the answer and its price, how much head-room each goal has, why cheaper topologies do not
/// do, what binds, and what each input changes. Or the nearest miss.
std::string plan_text(plan::outcome const& o);

/// A row for each goal in each circumstance in which a candidate was run: mean, interval, head-room.
std::string goals_text(plan::definition const& d, plan::judgement const& j);

}
