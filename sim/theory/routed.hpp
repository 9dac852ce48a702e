#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/theory/lru.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Expected outcomes of a load's requests on their way to a session (docs/theory.md).
namespace sim::theory {

/// A run, or a part of it: the number of requests that have started at its beginning and its end.
struct request_window {
  double from = 0, to = 0;
};

/// Expected counts, and the standard errors of the ratios that one run shows, clustered by token.
struct routed {
  double requests = 0, guesses = 0, redirects = 0, sessions_created = 0;
  std::optional<double> redirect_ratio_error, map_hit_ratio_error, guess_hit_ratio_error, sessions_created_error;

  double redirect_ratio() const { return requests > 0 ? redirects / requests : 0; }
  double map_hit_ratio() const { return requests > 0 ? 1 - guesses / requests : 0; }
  double guess_hit_ratio() const { return guesses > 0 ? 1 - redirects / guesses : 0; }
};

/// What these forms need to know of balancers, proxies and characters.
struct routing_model {
  double balancers = 1;    // maps that one token's requests are spread over; 1 with affinity
  double proxies = 1;      // P
  double characters = 0;   // T
  double logged_in = 0;    // q, after rounding to whole characters
  bool map = true;         // else every request is a guess
  bool shared_map = false; // the one map is in Redis, shared by balancers over which a token's requests are spread
  bool hash_guess = false; // the guess is the token's hash, the same everywhere
  double capacity = 0;     // entries of one map; with affinity, of all: they share the tokens. Infinite: no eviction
};

/// Closed load: R requests of each character, one after another. The maps evict nothing.
routed route_closed(routing_model const& m, double requests_per_character);

/// Open load: each request is of a character drawn independently with the shares of `popularity` (which add up to 1).
/// `poisson`: the number of requests is itself Poisson; else it is fixed. Bounded maps by Che's approximation, without
/// standard errors. A miss of a token whose session exists is redirected with (P - 1)/P.
routed route_open(routing_model const& m, std::vector<token_class> const& popularity, request_window window,
                  bool poisson);

/// Shares of requests: one class when uniform; Zipf's ranks one by one as far as they matter, then in classes within
/// 1 % of each other (the sum over a class is the integral of x^-s, midpoint rule).
std::vector<token_class> popularity_classes(double characters, double zipf);

/// Why there is no closed form for routing or the proxies' load if caches answer.
inline constexpr std::string_view broken_by_caches =
    "balancers answer from their caches, so that not every request needs a proxy";

/// The model of a scenario, or why the forms do not hold for it.
struct routing_choice {
  routing_model model;
  std::string broken;      // the first assumption that does not hold
  std::string conditional; // what holds given what a run did
};
routing_choice model_of(scenario::scenario const& s);

/// Requests that an open load has started by `at` after its beginning, in expectation; capped at its end.
double requests_by(scenario::load const& load, double at_s);

}
