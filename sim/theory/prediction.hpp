#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sim::theory {

/// A number that a formula takes.
struct formula_input {
  std::string symbol, meaning;
  double value = 0;
  std::string unit; // "", "1/s", "s"
};

/// What theory says about one metric of one scenario. Plain data.
struct prediction {
  std::string metric; // as thresholds name it: "redirect_ratio", "redirect_ratio{phase:steady}", "latency_ms.p99"
  std::string unit;   // "", "ms", "sessions"
  std::optional<double> value;
  /// Of one run's measured value, by chance alone; 0 where theory leaves nothing to chance. Empty when not known.
  std::optional<double> standard_error;
  /// It assumes that a token's next request finds its entry in the map that balancers share. A run shows how many did
  /// not (reason `raced`), and is then compared with the form conditioned on that.
  bool unless_raced = false;
  /// How far the formula itself may be off, relative to the value; 0 for exact forms.
  double relative_error = 0;
  std::string formula;
  std::vector<formula_input> inputs;
  std::vector<std::string> assumptions;
  std::string broken;      // the assumption that the scenario breaks; empty when `value` is there
  std::string conditional; // when broken: what still holds given what a run did; may be empty
};

}
