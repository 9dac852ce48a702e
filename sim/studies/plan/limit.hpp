#pragma once

#include "sim/studies/plan/search.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace sim::plan {

/// How a search for the last place at which all goals hold came to its end.
enum class ending : std::uint8_t {
  inside,  // beyond the answer a goal is missed, or not met with confidence
  at_end,  // all goals hold at the last place: the limit lies beyond it
  nowhere, // they hold nowhere
  untold   // beyond the answer, or at the first place, no load was issued as planned: the limit is not known
};

/// What became of it. Places are candidates of the problem, in order.
struct limit_findings {
  std::map<std::size_t, judgement> tried; // by place
  std::vector<std::size_t> order;         // in which they were tried
  std::optional<std::size_t> answer;      // the last place at which all goals hold, of those that were tried
  std::optional<std::size_t> beyond;      // the next place; none: there is none
  std::vector<std::size_t> reversals;     // places before the answer at which a goal is missed
  bool interrupted = false;               // by `stop`: the answer is the one so far

  ending how() const;
};

/// How far the search is.
struct limit_progress {
  std::size_t tried = 0, left = 0;   // left: as far as it can be foreseen
  std::optional<std::size_t> answer; // so far
  std::optional<std::size_t> beyond; // the lowest place beyond it that was tried
};

struct limit_options {
  std::size_t probes = 3; // places that are tried besides those that bisection needs; see bisection.hpp
  std::function<bool()> stop = [] { return false; };                // checked before each run
  std::function<void(limit_progress const&)> report = [](auto&) {}; // after each place
};

/// Looks for the last of `places` candidates at which all goals hold, supposing that they hold from the first one up to
/// it: see bisection.hpp. Each is judged as `search` judges it, with the same seeds at all places. `problem.prices` is
/// not needed.
limit_findings find_limit(problem const& p, std::size_t places, evaluation const& evaluate,
                          limit_options const& options = {});

/// `evaluate`, which repeats a run that was invalid until it is valid, `most` times in all. The last one then says how
/// often.
evaluation repeated_if_invalid(evaluation evaluate, std::uint32_t most);

/// `evaluate`, in which `jobs` replications of a candidate are run at once, before they are asked for one by one; no
/// more than the rule allows. Asked by one thread. What was run and not asked for is lost.
evaluation run_ahead(evaluation evaluate, unsigned jobs, rule const& r);

}
