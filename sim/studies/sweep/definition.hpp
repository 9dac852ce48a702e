#pragma once

#include "base/config/document.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/studies/sweep/axes.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sim::sweep {

/// One run: a point with one seed.
struct trial {
  std::size_t point_index = 0; // in definition::points
  std::uint32_t replication = 0;
  std::uint64_t seed = 0;
  /// Digest of everything that determines the result: the resolved scenario, the files it names, the seed, the engine
  /// and our version; 32 hexadecimal digits. Not of the description and the axes, since a sweep may grow.
  std::string fingerprint;
};

/// What a sweep runs, all of it checked.
struct definition {
  std::filesystem::path file;
  config::document base; // overrides applied
  std::string name;
  std::string engine;
  std::uint32_t replications = 1;
  axis_set axes;
  std::vector<point> points;
  std::vector<trial> trials; // by point, then replication

  std::vector<std::string> paths() const; // of the axes
};

struct definition_settings {
  std::vector<std::string> overrides; // PATH=VALUE; none on an axis
  std::string engine = "virtual";
  std::uint32_t replications = 1;
};

/// Reads FILE and its axes, and loads the scenario of every point. Throws `config::bad_input` for the first that is not
/// valid, with the axis's line and the point.
definition define(std::filesystem::path const& file, definition_settings const& settings);

/// The scenario that a trial runs, with its seed.
scenario::scenario scenario_of(definition const& d, trial const& t);

/// Its file with everything that was set: JSON, one line.
std::string resolved_text(definition const& d, trial const& t);

/// The seed of the N-th replication (the first is 0): the scenario's own, then numbers below 2^53 that are mixed from
/// both. The same at every point, so that points differ by what varies and not by chance (common random numbers).
std::uint64_t replication_seed(std::uint64_t scenario_seed, std::uint32_t replication);

}
