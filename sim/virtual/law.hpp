#pragma once

#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <vector>

namespace sim::virtual_time {

/// Draws times that follow a scenario's law, ns; the same on every machine.
class law {
public:
  explicit law(scenario::service_time const& what);

  /// At least 0. Draws from `random` only where the law needs it.
  std::int64_t operator()(load::small_stream& random) const;

  /// Whether it is always 0.
  bool nothing() const { return kind_ == shape::constant && constant_ == 0; }
  /// Of the law itself, ns.
  double mean_ns() const { return mean_; }

private:
  enum class shape : std::uint8_t { constant, exponential, lognormal, pareto, empirical };
  shape kind_ = shape::constant;
  std::int64_t constant_ = 0;
  double mean_ = 0;
  double scale_ = 0;    // exponential: mean; lognormal: median; pareto: least value
  double exponent_ = 0; // lognormal: sigma; pareto: 1 / alpha
  std::vector<std::int64_t> sorted_;
};

}
