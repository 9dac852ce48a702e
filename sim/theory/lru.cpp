#include "sim/theory/lru.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sim::theory {
namespace {

double occupied(std::span<token_class const> classes, double time) {
  double sum = 0;
  for (token_class const& c : classes) sum += c.tokens * hit_chance(c.rate, time);
  return sum;
}

std::vector<token_class> one_by_one(std::span<double const> rates) {
  std::vector<token_class> classes;
  classes.reserve(rates.size());
  for (double const rate : rates) classes.push_back({rate, 1});
  return classes;
}

}

double hit_chance(double rate, double characteristic_time) {
  if (rate <= 0 || characteristic_time <= 0) return 0;
  return std::isinf(characteristic_time) ? 1 : -std::expm1(-rate * characteristic_time);
}

double characteristic_time(std::span<token_class const> classes, double capacity) {
  if (capacity <= 0) return 0;
  double asked = 0;
  for (token_class const& c : classes) asked += c.rate > 0 ? c.tokens : 0;
  if (capacity >= asked) return std::numeric_limits<double>::infinity();
  double low = 0, high = 1;
  while (occupied(classes, high) < capacity) low = high, high *= 2;
  while (high - low > 1e-12 * high) {
    double const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (occupied(classes, middle) < capacity ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

double characteristic_time(std::span<double const> rates, double capacity) {
  return characteristic_time(one_by_one(rates), capacity);
}

double hit_ratio(std::span<token_class const> classes, double capacity) {
  double const time = characteristic_time(classes, capacity);
  double all = 0, hits = 0;
  for (token_class const& c : classes) {
    all += c.rate * c.tokens;
    hits += c.rate * c.tokens * hit_chance(c.rate, time);
  }
  return all > 0 ? hits / all : 0;
}

double hit_ratio(std::span<double const> rates, double capacity) { return hit_ratio(one_by_one(rates), capacity); }

double hits_between(double rate, double characteristic_time, double from, double to) {
  if (rate <= 0 || to <= from) return 0;
  double const filling_to = std::clamp(characteristic_time, from, to);
  double const filling = filling_to - from;
  // The integral of rate (1 - exp(-rate t)) while the map fills, then of the constant chance.
  double hits = rate * filling + std::exp(-rate * from) * std::expm1(-rate * filling);
  if (to > filling_to) hits += rate * (to - filling_to) * hit_chance(rate, characteristic_time);
  return hits;
}

}
