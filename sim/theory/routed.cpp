#include "sim/theory/routed.hpp"

#include "sim/theory/redirects.hpp"

#include <algorithm>
#include <cmath>

namespace sim::theory {
namespace {

/// Sums over tokens, from which a ratio's error is computed. N requests, D guesses, J: a session was made, V = D - (1 -
/// q) J.
struct spread {
  double guesses = 0, created = 0, trials = 0; // expectations
  double nn = 0, dd = 0, jj = 0, dn = 0, jn = 0, dj = 0;

  /// Variance of a N + b D + c J, as covariances add.
  double of(double a, double b, double c) const {
    return std::max(0.0, a * a * nn + b * b * dd + c * c * jj + 2 * (a * b * dn + a * c * jn + b * c * dj));
  }
};

/// One token that is asked for at `rate` in all, over `maps` maps that forget nothing; Poisson counts.
spread token_spread(double rate, routing_model const& m, request_window w) {
  double const length = w.to - w.from, n = rate * length;
  double const unseen = std::exp(-rate * w.from);
  double const j = unseen * -std::expm1(-n);
  spread s;
  s.nn = n;
  s.jj = j * (1 - j);
  s.jn = n * std::exp(-rate * w.to);
  s.created = j;
  if (!m.map) {
    s.guesses = s.dd = s.dn = n;
    s.dj = s.jn;
    return s;
  }
  double const each = rate / m.balancers;
  double const visited = -std::expm1(-each * length), d = std::exp(-each * w.from) * visited;
  s.guesses = m.balancers * d;
  s.dd = m.balancers * d * (1 - d);
  s.dn = n * std::exp(-each * w.to);
  s.dj = unseen * m.balancers * visited - s.guesses * j;
  return s;
}

void add(spread& sum, spread const& one, double tokens, double without_session) {
  sum.guesses += tokens * one.guesses;
  sum.created += tokens * without_session * one.created;
  sum.trials += tokens * (one.guesses - without_session * one.created);
  sum.nn += tokens * one.nn, sum.dd += tokens * one.dd, sum.dn += tokens * one.dn;
  // J counts for tokens without a session only.
  sum.jj += tokens * without_session * one.jj, sum.jn += tokens * without_session * one.jn;
  sum.dj += tokens * without_session * one.dj;
}

/// The errors of one run's ratios. X redirects are Binomial(V, miss) given V.
void set_errors(routed& r, spread const& s, double miss, bool poisson) {
  double const n = r.requests, chance = miss * (1 - miss) * s.trials;
  if (n <= 0) return;
  // If the number of requests is fixed, what it explains does not vary: subtract the regression on N.
  auto const error = [&](double slope, double d, double j, double extra) {
    if (!poisson) slope = -(d * s.dn + j * s.jn) / s.nn;
    return std::sqrt(s.of(slope, d, j) + extra);
  };
  r.redirect_ratio_error = error(-r.redirect_ratio(), miss, -miss, chance) / n;
  r.map_hit_ratio_error = error(-r.guesses / n, 1, 0, 0) / n;
  double const missed = r.guesses > 0 ? r.redirects / r.guesses : 0;
  if (r.guesses > 0) r.guess_hit_ratio_error = std::sqrt(s.of(0, miss - missed, -miss) + chance) / r.guesses;
}

}

routed route_closed(routing_model const& m, double requests_per_character) {
  double const requests = requests_per_character, q = m.logged_in, miss = miss_chance(m.proxies);
  routed r;
  if (requests <= 0) return r;
  double const visits = m.map ? distinct_maps(m.balancers, requests) : requests;
  double const spread = m.map ? variance_of_distinct_maps(m.balancers, requests) : 0;
  double const trials = m.hash_guess ? q * visits : visits - 1 + q;
  r.requests = m.characters * requests;
  r.guesses = m.characters * visits;
  r.redirects = m.characters * trials * miss;
  r.sessions_created = m.characters * (1 - q);
  r.sessions_created_error = 0;
  r.map_hit_ratio_error = std::sqrt(m.characters * spread) / r.requests;
  double const missed = r.redirects / r.guesses;
  double chance = trials * miss * (1 - miss) + miss * miss * spread;
  double guess = trials * miss * (1 - miss) + (miss - missed) * (miss - missed) * spread;
  if (m.hash_guess) { // all guesses of a token miss, or none
    chance = q * (miss * (spread + visits * visits) - miss * miss * visits * visits);
    guess = chance + missed * missed * spread - 2 * missed * q * miss * spread;
  }
  r.redirect_ratio_error = std::sqrt(m.characters * chance) / r.requests;
  r.guess_hit_ratio_error = std::sqrt(std::max(0.0, m.characters * guess)) / r.guesses;
  return r;
}

routed route_open(routing_model const& m, std::vector<token_class> const& popularity, request_window window,
                  bool poisson) {
  double const miss = miss_chance(m.proxies), q = m.logged_in;
  std::vector<token_class> at_one_map = popularity;
  for (token_class& c : at_one_map) c.rate /= m.balancers;
  double const kept = m.map ? characteristic_time(at_one_map, m.capacity) : 0;
  bool const evicting = m.map && !std::isinf(kept);
  routed r;
  spread sum;
  for (token_class const& c : popularity) {
    spread one = token_spread(c.rate, m, window);
    if (evicting) one.guesses = one.nn - m.balancers * hits_between(c.rate / m.balancers, kept, window.from, window.to);
    add(sum, one, c.tokens, 1 - q);
  }
  r.requests = sum.nn;
  r.guesses = sum.guesses;
  r.sessions_created = sum.created;
  r.redirects = miss * (m.hash_guess ? q * sum.guesses : sum.trials);
  r.sessions_created_error = std::sqrt(sum.jj);
  if (!evicting) set_errors(r, sum, miss, poisson);
  if (m.hash_guess) {
    r.redirect_ratio_error = r.guess_hit_ratio_error = std::nullopt;
    if (q == 0) r.redirect_ratio_error = r.guess_hit_ratio_error = 0;
  }
  return r;
}

std::vector<token_class> popularity_classes(double characters, double zipf) {
  if (zipf <= 0) return {{1 / characters, characters}};
  auto const integral = [&](double x) {
    return std::abs(zipf - 1) < 1e-9 ? std::log(x) : (std::pow(x, 1 - zipf) - 1) / (1 - zipf);
  };
  constexpr double one_by_one = 4096, growth = 1.01;
  std::vector<token_class> classes;
  double sum = 0;
  for (double rank = 1; rank <= characters;) {
    double const next = rank <= one_by_one ? rank + 1 : std::min(std::floor(rank * growth), characters + 1);
    double const weight =
        rank <= one_by_one ? std::pow(rank, -zipf) : (integral(next - 0.5) - integral(rank - 0.5)) / (next - rank);
    classes.push_back({weight, next - rank});
    sum += weight * (next - rank);
    rank = next;
  }
  for (token_class& c : classes) c.rate /= sum;
  return classes;
}

}
