#pragma once

#include <span>

/// Che's approximation of an LRU cache (Che, Tung, Wang: Hierarchical Web caching systems, IEEE JSAC 20(7), 2002).
/// Assumes independent requests of each token at constant shares, one map, and that every request refreshes its entry.
/// Rates and times may have any matching units: per second and seconds, or per request and requests.
namespace sim::theory {

/// Tokens that are asked for equally often.
struct token_class {
  double rate = 0;   // of each token
  double tokens = 1; // how many
};

/// The characteristic time t_C, seconds: sum over tokens of 1 - exp(-rate t_C) = capacity (entries). Rates are per
/// second and >= 0. Infinite when the capacity holds every token that is ever asked for; 0 for no capacity.
double characteristic_time(std::span<double const> rates, double capacity);
double characteristic_time(std::span<token_class const> classes, double capacity);

/// Chance that a request of a token with this rate finds its entry: 1 - exp(-rate t_C).
double hit_chance(double rate, double characteristic_time);

/// Share of all requests that hit, in the long run.
double hit_ratio(std::span<double const> rates, double capacity);
double hit_ratio(std::span<token_class const> classes, double capacity);

/// Hits per token of this rate from time `from` to `to`, of a map that was empty at time 0: until t_C nothing has been
/// evicted, so a request at time t hits with 1 - exp(-rate min(t, t_C)).
double hits_between(double rate, double characteristic_time, double from, double to);

}
