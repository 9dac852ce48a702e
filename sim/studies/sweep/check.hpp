#pragma once

#include "base/config/document.hpp"
#include "base/config/faults.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>

namespace sim::sweep {

/// How many points of a sweep there are, and how many of them were read.
struct checked_points {
  std::size_t all = 0, read = 0;
};

/// Reads the axes of `base`, whose scenario is valid as it stands, and puts their values in: adds to `found` all that
/// is wrong with an axis or the scenario of a point, and hands the valid scenarios to `look`. Of a large grid it reads
/// the points that have each value once between the other axes' first values, and once between their last.
checked_points check_axes(config::document const& base, std::filesystem::path const& file, config::faults& found,
                          std::function<void(scenario::scenario const&)> const& look);

}
