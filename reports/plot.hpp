#pragma once

#include "reports/figure.hpp"
#include "sim/records/result.hpp"

#include <filesystem>

namespace reports {

/// The redirect ratio over time, with phases, events and theory.
figure redirect_ratio_figure(sim::records::result const& result);

/// The same with failed requests by cause and latency below it, on one axis of time.
figure recovery_figure(sim::records::result const& result);

/// Draws the redirect ratio over time into `image` (SVG), or leaves no image and returns why.
std::string draw(sim::records::result const& result, std::filesystem::path const& image);

}
