#pragma once

#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace sim::virtual_time {

/// Draws times that follow a scenario's law, ns; the same on every machine.
///
/// Laws with a formula are drawn from a table of their quantile function: linear in each of 1024 cells, which keep the
/// mean of the function over them; the 16 outer cells at either end have the function itself, so that tails are whole.
class law {
public:
  explicit law(scenario::service_time const& what);

  /// At least 0. Draws from `random` only where the law needs it.
  std::int64_t operator()(load::small_stream& random) const {
    return kind_ == shape::constant ? constant_ : of(random());
  }

  /// The time that 64 uniform bits stand for.
  std::int64_t of(std::uint64_t bits) const {
    if (kind_ == shape::constant) return constant_;
    std::uint64_t const at = bits >> (64 - cell_bits);
    if (kind_ == shape::empirical || at - outer >= cells - 2 * outer) return exactly(bits);
    cell const& c = (*table_)[at - outer];
    auto const part = static_cast<double>(static_cast<std::int64_t>(bits << cell_bits >> 11)) * 0x1p-53;
    return static_cast<std::int64_t>(static_cast<double>(c.base) + static_cast<double>(c.slope) * part);
  }

  /// Whether it is always 0.
  bool nothing() const { return kind_ == shape::constant && constant_ == 0; }
  /// Of the law itself, ns.
  double mean_ns() const { return mean_; }

private:
  enum class shape : std::uint8_t { constant, exponential, lognormal, pareto, empirical };
  static constexpr unsigned cell_bits = 10;
  static constexpr std::uint64_t cells = 1 << cell_bits, outer = 16;
  struct cell {
    float base, slope; // ns; of the part of the cell, from 0 to 1
  };

  double quantile(double p) const;
  std::int64_t exactly(std::uint64_t bits) const;
  void tabulate();

  shape kind_ = shape::constant;
  std::int64_t constant_ = 0;
  double mean_ = 0;
  double scale_ = 0;    // exponential: mean; lognormal: median; pareto: least value
  double exponent_ = 0; // lognormal: sigma; pareto: 1 / alpha
  std::vector<std::int64_t> sorted_;
  std::shared_ptr<std::vector<cell> const> table_; // of the inner cells
};

}
