#include "sim/theory/lru.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sim::theory {
namespace {

double occupied(std::span<double const> rates, double time) {
  double sum = 0;
  for (double rate : rates) sum += hit_chance(rate, time);
  return sum;
}

}

double hit_chance(double rate, double characteristic_time) {
  if (rate <= 0 || characteristic_time <= 0) return 0;
  return std::isinf(characteristic_time) ? 1 : -std::expm1(-rate * characteristic_time);
}

double characteristic_time(std::span<double const> rates, double capacity) {
  if (capacity <= 0) return 0;
  auto const asked = std::count_if(rates.begin(), rates.end(), [](double r) { return r > 0; });
  if (capacity >= static_cast<double>(asked)) return std::numeric_limits<double>::infinity();
  double low = 0, high = 1;
  while (occupied(rates, high) < capacity) low = high, high *= 2;
  while (high - low > 1e-12 * high) {
    double const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (occupied(rates, middle) < capacity ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

double hit_ratio(std::span<double const> rates, double capacity) {
  double const time = characteristic_time(rates, capacity);
  double all = 0, hits = 0;
  for (double rate : rates) all += rate, hits += rate * hit_chance(rate, time);
  return all > 0 ? hits / all : 0;
}

}
