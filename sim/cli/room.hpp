#pragma once

#include "sim/scenario/scenario.hpp"

#include <cstdint>

namespace sim::cli {

/// Bytes that a live run writes, about: journals, which grow with requests, logs, configurations and the report.
/// Not less than is needed by what is known before; a load whose requests nobody knows before counts as its least.
std::uint64_t room_of_live_run(scenario::scenario const& s);

/// Room that the records of at most `most` single requests take, of a run of either engine.
std::uint64_t room_of_kept_requests(scenario::scenario const& s, std::size_t most);

}
