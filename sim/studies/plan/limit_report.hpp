#pragma once

#include "sim/studies/plan/definition.hpp"
#include "sim/studies/plan/limit.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace sim::plan {

/// The outcome of a plan that looks for a value.
struct limit_outcome {
  definition const& what; // with `find`
  limit_findings const& found;
};

/// "holds", "fails", "undecided", "invalid".
std::string_view outcome_name(judgement const& j);

/// "found", "at the end", "nowhere", "not known".
std::string_view ending_name(ending how);

/// The goal that is missed first, and in which circumstance: at the next value beyond the answer, or at the first value
/// if there is no answer. None: no goal is missed there.
struct first_miss {
  std::size_t goal = 0, circumstance = 0, place = 0;
};
std::optional<first_miss> first_miss_of(limit_outcome const& o);

/// The estimate of that goal at a place; none: it was not run in that circumstance.
std::optional<estimate> estimate_at(limit_outcome const& o, std::size_t place, first_miss const& what);

/// The places that were tried, by value.
std::vector<std::size_t> by_value(limit_outcome const& o);

/// The value at a place.
nlohmann::json const& value_at(definition const& d, std::size_t place);

/// limit.json (reports/limit.schema.json).
nlohmann::ordered_json to_json(limit_outcome const& o);

/// A row for each goal in each circumstance at each value that was tried, by value.
std::string limit_csv(limit_outcome const& o);

}
