#pragma once

#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Finds the cheapest topology of a space that meets goals with confidence, and says why no cheaper one does.
namespace sim::plan {

/// One bound that must hold.
struct goal {
  std::string metric;     // as written: "latency_ms{phase:steady}"
  std::string expression; // "p(99)<50"
  scenario::comparison compare = scenario::comparison::less;
  double bound = 0; // ratios: a fraction; durations: milliseconds

  std::string text() const { return metric + " " + expression; }
};

/// When replications decide.
struct rule {
  std::uint32_t replications = 5; // at most
  double confidence = 0.95;       // one-sided, of a goal's final standing, however many looks there were
};

enum class standing : std::uint8_t { undecided, met, missed };

/// What the replications so far say about a goal.
struct estimate {
  std::size_t count = 0;      // of values
  std::optional<double> mean; // none without values
  double low = 0, high = 0;   // one-sided bounds of the mean; equal to it without confidence (one replication)
  standing how = standing::undecided;
};

/// Student's t bounds of the mean. A goal is looked at after each replication from the second on, and all looks
/// together must not err more often than the confidence allows, so each gets an equal share (Bonferroni). With `==` and
/// `!=` every single value must comply. A replication without a value misses the goal.
estimate estimate_of(goal const& g, std::vector<std::optional<double>> const& values, rule const& r);

/// How far a value is beyond the bound, as a share of the bound (of 1 if that is 0): positive if it misses.
double shortfall(goal const& g, double value);

}
