#pragma once

#include "sim/plan/definition.hpp"

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
    std::map<std::string, double> by_value; // as `shown_value` has it
  };
  double balancers_ = 0, proxies_ = 0, sols_ = 0;
  std::vector<extra> extras_;
};

/// Fills in all of `d` that stands in /plan of its document, but the prices. `s`: the scenario as it stands.
void read_plan(definition& d, scenario::scenario const& s);

/// A value as prices name it: 4, 10m.
std::string shown_value(nlohmann::json const& value);

}
