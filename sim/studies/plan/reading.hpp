#pragma once

#include "sim/studies/plan/definition.hpp"

#include <map>
#include <string>
#include <string_view>

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
    std::map<std::string, double> by_value; // as from `plain_text`
  };
  double balancers_ = 0, proxies_ = 0, sols_ = 0, redis_ = 0;
  std::vector<extra> extras_;
};

/// Fills in everything of `d` that /plan of its document has, except the prices. `s`: the scenario as it stands. What
/// cannot be read is a line of `found`.
void read_plan(definition& d, scenario::scenario const& s, config::faults& found);

/// Fills in `find` of `d`, with the space that it leads to, from /plan/find; and refuses what the engine of `d` cannot
/// tell. Throws `config::bad_input`.
void read_find(definition& d);

/// Where `path`, written at `at`, leads to in the scenario. Throws `config::bad_input` for a path that leads nowhere or
/// into the plan or the axes, of which `what` is said.
nlohmann::json::json_pointer target_of(config::document const& document, nlohmann::json::json_pointer const& at,
                                       std::string const& path, std::string_view what);

/// The number in "95%".
double percent_in(std::string_view text);

}
