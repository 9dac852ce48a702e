#pragma once

#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <vector>

namespace sim::judge {

/// Of `intact`, where a run was simulated.
inline constexpr char const* note_of_no_bytes =
    "simulated time has no bytes that could be changed: only versions of resources are looked at";

/// All eight invariants, in the order of docs/invariants.md.
std::vector<records::invariant_result> check_invariants(records::run_view const& v);

/// 1. Each epoch of a character belongs to one incarnation, and no hop that arrived after a later epoch was granted (by
/// the registry's time, or by another proxy's having served it) was served under an earlier one. Checked: served hops.
records::invariant_result check_one_session(records::run_view const& v);

/// 2. Every served hop, and every answer that a client got, came from the incarnation to which the registry had granted
/// that epoch.
records::invariant_result check_right_place(records::run_view const& v);

/// 3. What the proxies saw, and what the client's echo says, is what the client sent. Checked: answers from proxies.
records::invariant_result check_intact(records::run_view const& v);

/// 4. A request of a method that is not idempotent was applied at most once, and once if the client saw success; and no
/// balancer sent it again after a proxy had it, or the kernel had taken bytes of it, whatever the sol made of that.
records::invariant_result check_at_most_once(records::run_view const& v);

/// 5. An answer belongs to the character whose token asked. Checked: answers from proxies.
records::invariant_result check_nobody_elses(records::run_view const& v);

/// 6. Probes have no effect, and internal headers never come out. Checked: answers of any kind.
records::invariant_result check_closed_door(records::run_view const& v);

/// 7. Client, balancer and proxy count the same, and so do a balancer's own counters. Checked: client requests, and
/// counters.
records::invariant_result check_books(records::run_view const& v);

/// 8. Of each character's notifications none is lost, doubled or out of order, except where a fault on the time line
/// took their way away. Checked: notifications that the sols gave out. Needs no records of single requests.
records::invariant_result check_notifications(scenario::scenario const& s, records::run_records const& r);

}
