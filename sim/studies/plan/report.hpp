#pragma once

#include "sim/studies/plan/sensitivity.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace sim::plan {

/// The outcome of a plan.
struct outcome {
  definition const& what;
  findings const& found;
  std::vector<tornado_bar> const& tornado;
};

/// "accepted", "refused", "ruled out", "not needed".
std::string_view fate_name(fate how);

/// Why a candidate was not accepted: "utilisation <0.7: 0.72 (1 proxy lost)".
std::string reason_of(definition const& d, judgement const& j);

/// The candidate that misses its goals by the least; nothing if none was run or objected to.
std::optional<std::size_t> nearest_miss(definition const& d, findings const& f);

/// What the goals' confidence is called: "with 95 % confidence", "in one run each".
std::string confidence_text(rule const& r);

/// What reports of plans begin with, as JSON: their version, the scenario, how it was run and judged.
nlohmann::ordered_json head_json(definition const& d);

/// A goal's estimate, and the estimates of all goals in all circumstances in which a candidate was run, as JSON.
nlohmann::ordered_json estimate_json(goal const& g, estimate const& e);
nlohmann::ordered_json goals_json(definition const& d, judgement const& j);

/// plan.json (reports/plan.schema.json).
nlohmann::ordered_json to_json(outcome const& o);

/// A row for each candidate, by price: its values, price, fate, and the goals' means in each circumstance.
std::string candidates_csv(outcome const& o);

/// A row for each input, the widest first: the answer's price and the binding goal's metric with the input low, as it
/// is and high. Empty cells: no answer, or no value.
std::string tornado_csv(outcome const& o);

}
