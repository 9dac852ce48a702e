#pragma once

#include "sim/engines/live/load_run.hpp"
#include "sim/engines/live/topology.hpp"
#include "sim/records/records.hpp"

#include <cstdint>
#include <vector>

/// Reading what the nodes wrote down.
namespace sim::live {

/// Fills in the hops, sol events, balancers and proxies of `records` from the journals as they are now. `broken_off`:
/// the run ended early, and nodes may not have written a journal; a missing one counts as empty.
void read_journals(topology const& nodes, records::run_records& records, bool broken_off);

/// Fills in what the balancers' own logs say first, and what an nginx's configuration retries. `records` has the
/// balancers already. Files that cannot be read say nothing.
void read_logs(topology const& nodes, records::run_records& records);

/// Counts redirects as the proxies write them down, each journal read once.
class redirect_tail {
public:
  /// Redirects since the run's start.
  std::uint64_t count(topology const& nodes);

private:
  std::vector<std::uint64_t> read_;
  std::uint64_t redirects_ = 0;
};

/// One session, as the registry's journals tell.
struct session_place {
  std::uint32_t character;
  std::uint32_t proxy; // index
};

/// The sessions that exist now, by character.
std::vector<session_place> sessions_now(topology const& nodes);

}
