#pragma once

#include <cstdint>
#include <span>

namespace sim::judge {

/// One observation of a ratio: what it adds above and below the line, and the token it belongs to.
struct observation {
  std::uint64_t cluster;
  std::uint32_t numerator, denominator;
};

/// A ratio with the standard error that its clusters show.
struct estimate {
  double value = 0;
  double standard_error = 0;
  std::uint64_t clusters = 0;
  std::uint64_t denominator = 0;
};

/// What the ratio estimator needs of clusters, one by one: sums of whole numbers, so that merging is exact.
struct cluster_sums {
  double y = 0, n = 0, yy = 0, yn = 0, nn = 0;
  std::uint64_t clusters = 0;

  /// One cluster with its whole numerator and denominator; one without a denominator is none.
  void add(double numerator, double denominator);

  /// `standard_error` is infinite with fewer than two clusters.
  estimate result() const;
};

/// Ratio estimator over clusters (Cochran, Sampling Techniques, 3rd ed., 6.4): redirects of one token depend on each
/// other, those of different tokens do not. Sorts `observations` by cluster.
estimate clustered(std::span<observation> observations);

/// The bound that the true ratio lies below (`upper`) or above with the given one-sided confidence, 0.5 < c < 1.
/// When every cluster shows the same, the sample has no spread of its own; for a ratio of 0 the bound is then Wilson's
/// for a share of clusters, so that few observations do not prove much.
double one_sided_bound(estimate const& e, double confidence, bool upper);

/// How many more observations would bring the bound to `limit`, were the ratio as measured. At least 1.
std::uint64_t more_to_decide(estimate const& e, double confidence, double limit);

}
