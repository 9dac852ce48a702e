#include "sim/theory/redirects.hpp"

#include <algorithm>
#include <cmath>

namespace sim::theory {

double miss_chance(double proxies) { return proxies > 1 ? (proxies - 1) / proxies : 0; }

double distinct_maps(double balancers, double requests) {
  return balancers * (1 - std::pow(1 - 1 / balancers, requests));
}

double variance_of_distinct_maps(double balancers, double requests) {
  double const one_missed = std::pow(1 - 1 / balancers, requests);
  double const two_missed = balancers >= 2 ? std::pow(1 - 2 / balancers, requests) : 0;
  double const variance = balancers * one_missed + balancers * (balancers - 1) * two_missed -
                          balancers * balancers * one_missed * one_missed;
  return std::max(0.0, variance); // the terms cancel to rounding error when R is large
}

double redirects_without_map(double requests, double logged_in, double proxies) {
  return requests > 0 ? (requests - 1 + logged_in) * miss_chance(proxies) : 0;
}

double redirects_with_maps(double balancers, double requests, double logged_in, double proxies) {
  return requests > 0 ? (distinct_maps(balancers, requests) - 1 + logged_in) * miss_chance(proxies) : 0;
}

double redirects_with_one_map(double requests, double logged_in, double proxies) {
  return requests > 0 ? logged_in * miss_chance(proxies) : 0;
}

moments redirects_of_token(bool map, double balancers, double requests, double logged_in, double proxies) {
  if (requests <= 0) return {};
  double const miss = miss_chance(proxies);
  double const visits = map ? distinct_maps(balancers, requests) : requests;
  double const spread = map ? variance_of_distinct_maps(balancers, requests) : 0;
  double const trials = visits - 1 + logged_in;
  return {trials * miss, trials * miss * (1 - miss) + miss * miss * spread};
}

moments conditioned(std::uint64_t trials, double proxies) {
  double const n = static_cast<double>(trials), miss = miss_chance(proxies);
  return {n * miss, n * miss * (1 - miss)};
}

moments redirects_of_cold_restart(double requests_before, double requests_after, double proxies) {
  double const chance = -std::expm1(-requests_before) * -std::expm1(-requests_after) * miss_chance(proxies);
  return {chance, chance * (1 - chance)};
}

double stale_hits_per_move(double balancers, double proxies, double requests, double moves) {
  if (requests <= 0 || proxies <= 1) return 0;
  return balancers * requests / (requests + balancers * moves * proxies / (proxies - 1));
}

}
