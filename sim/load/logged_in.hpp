#pragma once

#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <vector>

namespace sim::load {

/// Which characters have a session through an EVE client when the run starts; the first `eve_clients` of them are those
/// with a live connection. The same for both engines.
std::vector<std::uint32_t> logged_in(scenario::scenario const& s);

/// The proxy at which each of them but the EVE clients' logs in: the characters of each proxy.
std::vector<std::vector<std::uint32_t>> logins_by_proxy(scenario::scenario const& s,
                                                        std::vector<std::uint32_t> const& characters);

}
