#pragma once

#include <cstdint>

/// Closed forms for redirects (docs/theory.md). All assume: every guess is uniform over P proxies and independent of
/// all others; requests of one token do not overlap; sessions do not move or end; a map forgets nothing. A session that
/// a request creates is at the proxy that was guessed for it. P >= 1, B >= 1, R >= 0; 0 <= q <= 1.
namespace sim::theory {

/// Chance that a guess misses a session that exists: (P - 1) / P.
double miss_chance(double proxies);

/// Distinct balancers that R uniform, independent choices among B visit: B (1 - (1 - 1/B)^R), and its variance
/// (classical occupancy; Feller, An Introduction to Probability Theory, vol. 1, IV.2).
double distinct_maps(double balancers, double requests);
double variance_of_distinct_maps(double balancers, double requests);

/// Redirects of one token that makes R requests; q: share of characters with a session before.
double redirects_without_map(double requests, double logged_in, double proxies);
double redirects_with_maps(double balancers, double requests, double logged_in, double proxies);
double redirects_with_one_map(double requests, double logged_in, double proxies); // affinity, or a shared map

struct moments {
  double mean = 0, variance = 0;
};

/// Redirects of one token with q = 0 or 1 in a share `logged_in` of exactly so many tokens: the variance is that of the
/// guesses and of the number of maps visited, not of q. `balancers` = 1 also stands for affinity.
moments redirects_of_token(bool map, double balancers, double requests, double logged_in, double proxies);

/// Redirects when `trials` guesses were made for sessions that existed: Binomial(trials, (P - 1) / P). Exact whatever
/// the arrivals were: trials = sum over tokens of D_i - 1 + q_i, with D_i the maps that token i really visited.
moments conditioned(std::uint64_t trials, double proxies);

/// Redirects of one token that a balancer's restart with an empty map brings about, its requests being Poisson at that
/// balancer, so many expected before and after: it must have been known, be asked for again, and be guessed wrong.
moments redirects_of_cold_restart(double requests_before, double requests_after, double proxies);

/// Stale hits per move of a session: a character moves at rate `moves` to a uniformly random other proxy and is asked
/// for at rate `requests`, over B maps: B l / (l + B m P / (P - 1)).
double stale_hits_per_move(double balancers, double proxies, double requests, double moves);

}
