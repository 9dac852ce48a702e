#pragma once

#include "sim/judge/reasons.hpp"
#include "sim/judge/tally.hpp"
#include "sim/records/result.hpp"
#include "sim/theory/expect.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sim::judge {

/// Theory applied to what a run really did.
struct theory_fit {
  theory::expectation expected;
  bool conditioned = false; // the form conditioned on the run holds
  std::string broken;       // why not
  /// By slot: 1 for requests that were guessed while their character's session existed, by the rules alone (first visit
  /// of a token to a map, any request where there is no map; not the request that created the session), or guessed
  /// before the map that balancers share knew (`routing_history::raced`).
  std::vector<std::uint8_t> trials;
  std::uint64_t tokens = 0, requests = 0; // with tokens of ours
  std::uint64_t raced = 0; // of the trials: before the shared map knew. The closed form has none of these
};

theory_fit fit_theory(records::run_view const& v, std::vector<request_facts> const& facts,
                      routing_history const& history);

/// Sets theory, its standard error and the note of a redirect ratio. `whole`: the ratio of the whole run, where the
/// closed form applies, if there is one; parts of it use the form conditioned on the run.
void annotate(records::ratio_metric& m, theory_fit const& fit, std::uint64_t trials, double proxies, bool whole);

/// So many standard errors between what was measured and theory are beyond chance (one in 16,000).
inline constexpr double beyond_chance = 4;

/// One line on each redirect ratio, of the whole run, its phases and its balancers, that is further from theory than
/// `beyond_chance`, or not exactly theory's where theory leaves nothing to chance. Ratios whose scenario or run breaks
/// theory's assumptions have no theory (`annotate`), so that nothing is left that would explain these.
std::vector<std::string> differences_from_theory(records::result const& r);

}
