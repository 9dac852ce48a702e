#pragma once

#include <cstddef>
#include <vector>

namespace sim::calibrate {

/// The `q` quantile of the values; 0 if there are none. Takes a copy to sort.
double quantile(std::vector<double> values, double q);

/// The mean of the middle half of the values (interquartile mean); 0 if there are none. As steady as a median, but such
/// means of parts come close to that of their whole also where times come in two kinds, of a processor that was awake
/// and of one that was not. Takes a copy to sort.
double interquartile_mean(std::vector<double> values);

/// A distribution of durations, and what it was fitted to. Milliseconds.
struct fitted_law {
  double mean_ms = 0;
  double sigma = 0; // of the logarithm; 0: constant
  std::size_t count = 0;
  double p50_ms = 0, p99_ms = 0, interquartile_mean_ms = 0, mean_of_all_ms = 0;
};

/// The lognormal distribution with the values' median and the spread of their middle two thirds, sigma = ln(p84/p16)/2,
/// so that the few times when the machine was busy with something else have no influence. Constant below a spread of 1
/// %, or where p16 is 0.
fitted_law fit(std::vector<double> const& ns);

}
