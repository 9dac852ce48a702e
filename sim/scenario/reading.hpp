#pragma once

#include "base/config/faults.hpp"
#include "sim/scenario/cursor.hpp"
#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// The steps of load.cpp, one for each part of the file. All throw config::bad_input.
namespace sim::scenario {

/// A scenario of which a part may be wrong.
struct partial_scenario {
  std::optional<scenario> whole; // if nothing is
  std::optional<scenario> nodes; // topology and load alone, if these are right
};
/// As `read_document`, for somebody to whom a part is of use.
partial_scenario read_partially(config::document const& document, std::filesystem::path const& file,
                                config::faults& found);

/// `directory` is where relative paths start. The group has a name only if the file gives it one.
balancer_group read_balancer_group(cursor const& at, std::filesystem::path const& directory);
/// One of the laws of time; an empirical one from its file.
service_time read_law(cursor const& at, std::filesystem::path const& directory);
/// The section "virtual".
virtual_settings read_virtual(cursor const& root, std::filesystem::path const& directory);
topology read_topology(cursor const& at, std::filesystem::path const& directory);
load read_load(cursor const& at, std::filesystem::path const& directory);

/// `root` is the whole document; needs topology and load.
population read_population(cursor const& root, scenario const& s);
std::vector<phase> read_phases(cursor const& root, scenario const& s);
/// Sets s.events; needs topology and load.
void read_events(cursor const& root, scenario& s, std::filesystem::path const& directory);
/// Of the section "virtual"; needs topology and events.
std::vector<partition> read_partitions(cursor const& root, scenario const& s);
/// Fails unless `node` is one of `names`, of which the message shows some.
void check_known(cursor const& at, std::string const& node, std::vector<std::string> const& names);
/// `found X; allowed: A, B; did you mean 'B'?`
std::string choice_message(std::string const& found, std::vector<std::string> const& allowed, std::string_view word);

/// A file that exists, as an absolute path.
std::filesystem::path existing_file(cursor const& at, std::filesystem::path const& directory);

/// The keys of a balancer group that say how its program is started, known and stopped.
command_settings read_command(cursor const& at, std::filesystem::path const& directory);

/// A gateway's cache.
cache_settings read_cache(cursor const& at);
/// `resources` and `corporations` of the proxies, whose `answer_bytes` are known.
void read_resources(cursor const& at, proxy_settings& proxies);

}
