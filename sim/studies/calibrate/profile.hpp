#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/studies/calibrate/fit.hpp"
#include "sim/studies/calibrate/segments.hpp"

#include <cstdint>
#include <string>

namespace sim::calibrate {

/// A machine's times, as simulated time needs them.
struct profile {
  fitted_law client, proxy, rpc; // one-way delays
  fitted_law balancer;           // service time of a hop
  // What clients saw, and the sum of the distributions' means.
  double direct_p50_ms = 0, direct_mean_ms = 0, redirected_p50_ms = 0, redirected_mean_ms = 0;
  unsigned rounds = 0;
  std::uint64_t requests = 0;
  std::uint64_t seed = 0;
};

profile profile_of(segments const& s);

/// The profile as `virtual.profile` reads it: the shape of a scenario's `virtual` section, and `measured`, which says
/// what the distributions were fitted to. `version`: of the program that measured.
std::string profile_json(profile const& p, std::string const& version);

/// For people: each time with its fit, and whether they add up.
std::string profile_text(profile const& p);

/// The scenario that `calibrate` runs: one gateway without a map, so that three guesses in four are redirected; four
/// proxies without service time; one sol; one request at a time, none of which changes game state.
scenario::scenario calibration_scenario(std::uint64_t seed, std::uint32_t requests);

}
