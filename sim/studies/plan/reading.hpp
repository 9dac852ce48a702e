#pragma once

#include "sim/studies/plan/definition.hpp"

#include <map>
#include <string>

/// The steps of define(). All throw config::bad_input.
namespace sim::plan {

/// What a candidate costs.
class price_list {
public:
  /// Reads /plan/prices of a document that was checked against the schema.
  price_list(config::document const& document, sweep::axis_set const& space);

  double of(scenario::scenario const& s, sweep::point const& values) const;

private:
  enum class per : std::uint8_t { candidate, balancer, proxy, sol };
  struct extra {
    std::size_t axis;
    per what;
    std::map<std::string, double> by_value; // as from `shown_value`
  };
  double balancers_ = 0, proxies_ = 0, sols_ = 0;
  std::vector<extra> extras_;
};

/// Fills in everything of `d` that /plan of its document has, except the prices. `s`: the scenario as it stands. What
/// cannot be read is a line of `found`.
void read_plan(definition& d, scenario::scenario const& s, config::faults& found);

/// A value as prices refer to it: 4, 10m.
std::string shown_value(nlohmann::json const& value);

}
