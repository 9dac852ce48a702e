#pragma once

#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/table.hpp"

#include <filesystem>
#include <vector>

namespace sim::sweep {

/// A sweep that was put together.
struct merged {
  manifest of;
  finished all;
};

/// Puts the shards of a sweep together in `out`: sweep.json, points and table, as the whole sweep would have written
/// them, to the last byte. Writes nothing unless everything is there. Throws `config::bad_input` for directories of
/// different sweeps, for two different results of one trial, and for trials that none has, which it names.
merged merge(std::vector<std::filesystem::path> const& directories, std::filesystem::path const& out);

}
