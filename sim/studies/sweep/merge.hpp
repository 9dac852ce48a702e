#pragma once

#include "sim/records/result.hpp"

#include <filesystem>
#include <vector>

namespace sim::sweep {

/// Puts the shards of a sweep together in `out`: sweep.json, points and table, as the whole sweep would have written
/// them, to the last byte. Writes nothing unless everything is there. Returns the worst verdict. Throws
/// `config::bad_input` for directories of different sweeps, for two different results of one trial, and for trials that
/// none has, which it names.
records::verdict merge(std::vector<std::filesystem::path> const& directories, std::filesystem::path const& out);

}
