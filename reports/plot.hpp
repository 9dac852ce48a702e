#pragma once

#include "sim/measure/result.hpp"

#include <filesystem>

namespace reports {

/// Draws the redirect ratio over time into `image` (SVG). False when gnuplot is not there or failed.
bool draw(sim::measure::result const& result, std::filesystem::path const& image);

}
