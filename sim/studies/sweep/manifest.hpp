#pragma once

#include "sim/studies/sweep/definition.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sim::sweep {

/// One row of the table that a sweep makes.
struct manifest_trial {
  std::size_t point_index = 0;
  std::uint32_t replication = 0;
  std::vector<nlohmann::json> values; // by axis, as they are shown
  std::uint64_t seed = 0;
  std::string fingerprint;
};

/// What a directory of results belongs to, as `sweep.json` says: the same for all shards of a sweep.
struct manifest {
  std::string scenario; // its name
  std::string file;     // its file's name, without directories
  std::string engine;
  std::string version; // of crest-sim
  std::uint32_t replications = 1;
  std::vector<std::string> axes; // paths
  std::vector<manifest_trial> trials;
};

manifest manifest_of(definition const& d);

/// The text of sweep.json; equal for equal sweeps.
std::string manifest_text(manifest const& m);

/// Reads DIR/sweep.json. Throws `config::bad_input` if it is missing or not ours.
manifest read_manifest(std::filesystem::path const& directory);

/// "point 3 (load.rate_rps=20), replication 1".
std::string describe(manifest const& m, manifest_trial const& t);

}
