#pragma once

#include "base/config/faults.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>

namespace sim::live {

/// Renders the configuration that a balancer of `group` of `s` would get, and lets its program read it in a directory
/// that goes afterwards: nginx by `nginx -t`, a command by its `check`. Adds what is wrong to `found`: placeholders and
/// the program's own words, with the template's line. Returns why the program was not asked, as when it is not
/// installed; empty when it was, when there is nothing to ask, or when the placeholders are wrong. Throws
/// `could_not_run`.
std::string check_balancer(scenario::scenario const& s, scenario::balancer_group const& group, config::faults& found);

}
