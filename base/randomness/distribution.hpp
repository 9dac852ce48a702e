#pragma once

#include "base/randomness/generator.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

namespace randomness {

struct constant_time {
  std::chrono::nanoseconds value{0};
};
struct exponential_time {
  std::chrono::nanoseconds mean{0};
};
struct lognormal_time {
  std::chrono::nanoseconds mean{0};
  double sigma = 0; // of the logarithm
};
/// Heavy-tailed: P(T > t) = (lowest / t)^alpha. Finite mean: alpha > 1.
struct pareto_time {
  std::chrono::nanoseconds mean{0};
  double alpha = 2;
};
/// Measured times: a draw picks a position among them and interpolates linearly.
struct empirical_time {
  std::vector<std::chrono::nanoseconds> sorted; // at least two
};
using time_distribution = std::variant<constant_time, exponential_time, lognormal_time, pareto_time, empirical_time>;

/// Draws times that follow a distribution, in ns; the same on every machine.
///
/// A distribution with a formula is drawn from a table of its quantile function, which is linear in each of 1024 cells
/// and keeps the function's mean over each. The 16 outer cells at either end use the function itself, so that the tails
/// are complete.
class time_sampler {
public:
  explicit time_sampler(time_distribution const& what);

  /// At least 0. Draws from `random` only where the distribution needs it.
  template<class Generator>
  std::int64_t operator()(Generator& random) const {
    return kind_ == shape::constant ? constant_ : of(random());
  }

  /// The time that 64 uniform bits stand for.
  [[gnu::always_inline]] std::int64_t of(std::uint64_t bits) const {
    std::uint64_t const at = (bits >> (64 - cell_bits)) - outer;
    if (at >= tabulated_) return kind_ == shape::constant ? constant_ : exactly(bits);
    cell const& c = inner_[at];
    auto const part = static_cast<double>(static_cast<std::int64_t>(bits << cell_bits >> 11));
    return static_cast<std::int64_t>(c.base + c.slope * part);
  }

  /// Uses the table of `other`, if that follows the same distribution: one is more often in the processor's caches than
  /// two.
  void share_table(time_sampler const& other) {
    if (kind_ != other.kind_ || scale_ != other.scale_ || exponent_ != other.exponent_ || !other.table_) return;
    table_ = other.table_;
    inner_ = other.inner_;
  }

  /// Whether it is always 0.
  bool nothing() const { return kind_ == shape::constant && constant_ == 0; }
  /// Mean of the distribution itself, in ns.
  double mean_ns() const { return mean_; }

private:
  enum class shape : std::uint8_t { constant, exponential, lognormal, pareto, empirical };
  static constexpr unsigned cell_bits = 10;
  static constexpr std::uint64_t cells = 1 << cell_bits, outer = 16;
  struct cell {
    double base, slope; // ns, to a float's precision; slope over the position in the cell, from 0 to 2^53
  };

  double quantile(double p) const;
  [[gnu::cold]] std::int64_t exactly(std::uint64_t bits) const;
  void tabulate();

  shape kind_ = shape::constant;
  std::int64_t constant_ = 0;
  double mean_ = 0;
  double scale_ = 0;    // exponential: mean; lognormal: median; pareto: least value
  double exponent_ = 0; // lognormal: sigma; pareto: 1 / alpha
  std::vector<std::int64_t> sorted_;
  std::shared_ptr<std::vector<cell> const> table_; // of the inner cells …
  cell const* inner_ = nullptr;                    // … and its first one,
  std::uint64_t tabulated_ = 0;                    // and how many there are; 0: none
};

}
