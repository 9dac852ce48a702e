#pragma once

#include "sim/records/records.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"

#include <functional>

namespace sim::judge {

struct findings;

/// Turns what a run left behind into what it amounts to: metrics of the whole, of each phase and of each balancer, with
/// theory beside the redirect ratios; the eight invariants; events with their convergence; thresholds; verdict.
///
/// Pure and deterministic: the same records give the same result. Works on a snapshot of a run that goes on as well
/// (requests in flight are `pending`, `interrupted` set). Throws std::invalid_argument on a threshold that does not
/// parse; loading a scenario rules that out. About a second for 500,000 requests.
///
/// Verdict, the first that applies: interrupted (130); failed (99), when an invariant is broken in a way that a lagging
/// load cannot explain; invalid (3), when the load was not issued in full, or an open load's p99 of schedule lag is
/// above `load.max_schedule_lag`; failed (99), when another invariant or a threshold failed or the run was aborted by
/// one; passed (0). `reasons` has a line for each cause, whichever verdict it led to. `observe`, if there is one, is
/// shown what was found.
records::result analyse(scenario::scenario const& s, records::run_records const& r,
                        std::function<void(findings const&)> const& observe = {});

/// The first threshold with abort_on_fail that does not hold `since_start_ns` after the start of the load, by what a
/// snapshot was analysed to: "METRIC EXPRESSION".
std::optional<std::string> broken_threshold(scenario::scenario const& s, records::result const& so_far,
                                            std::int64_t since_start_ns);

}
