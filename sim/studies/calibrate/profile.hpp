#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/studies/calibrate/fit.hpp"
#include "sim/studies/calibrate/segments.hpp"

#include <cstdint>
#include <string>

namespace sim::calibrate {

/// What clients saw of a request's whole way, beside what its parts add up to. On a quiet machine all are alike. On a
/// busy one the laws' means are larger, since single parts wait; the middle halves still say whether a part is missing.
struct way_times {
  double p50_ms = 0;                // as clients saw it
  double interquartile_mean_ms = 0; // the same
  double parts_ms = 0;              // the sum of the parts' interquartile means
  double laws_ms = 0;               // the sum of the distributions' means
};

/// A machine's times, as simulated time needs them.
struct profile {
  fitted_law client, proxy, rpc; // one-way delays
  fitted_law balancer;           // service time of a hop
  way_times direct, redirected;
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
