#pragma once

#include <span>

/// Che's approximation of an LRU cache (Che, Tung, Wang: Hierarchical Web caching systems, IEEE JSAC 20(7), 2002).
/// Assumes independent Poisson requests of each token, one map, and that every request refreshes its entry.
namespace sim::theory {

/// The characteristic time t_C, seconds: sum over tokens of 1 - exp(-rate t_C) = capacity (entries). Rates are per
/// second and >= 0. Infinite when the capacity holds every token that is ever asked for; 0 for no capacity.
double characteristic_time(std::span<double const> rates, double capacity);

/// Chance that a request of a token with this rate finds its entry: 1 - exp(-rate t_C).
double hit_chance(double rate, double characteristic_time);

/// Share of all requests that hit.
double hit_ratio(std::span<double const> rates, double capacity);

}
