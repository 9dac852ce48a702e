#pragma once

#include "fakeproxy/cluster/token.hpp"
#include "sim/actors/gateway_settings.hpp"
#include "sim/scenario/scenario.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// A scenario's settings as the configuration files of our own programs have them, without addresses and files.
namespace sim::live {

/// What crest-gateway reads as these settings; of a shared map without its address and key.
nlohmann::json gateway_config(actors::gateway_settings const& settings);

/// What crest-fakeproxy reads of all proxies and sols.
nlohmann::json cluster_settings(scenario::scenario const& s);

/// As configurations have keys.
std::string hex(fakeproxy::cluster::token_key const& key);

/// A number for the random streams of node `name`, from the scenario's seed; below 2^53, so that JSON keeps it.
std::uint64_t node_seed(std::uint64_t seed, std::string_view name);

}
