#pragma once

#include "base/config/document.hpp"
#include "sim/records/result.hpp"

#include <filesystem>

namespace reports {

/// Throws `config::bad_input` unless the document is a summary of this schema version, with figures or without.
void check_summary(config::document const& document);

/// Reads a run back: `at` is a summary.json, or the directory that has one. What summary.json does not hold stays
/// empty; `read_with_timeseries` has more. `summary_json` of the result is the text that was read, except for the order
/// of names. Throws `config::bad_input`: no such file, not a summary, or another schema version.
sim::records::result read_summary(std::filesystem::path const& at);

/// The same with the time slices of the timeseries.csv beside it. Throws `config::bad_input` if that is missing, or not
/// as `timeseries_csv` writes it.
sim::records::result read_with_timeseries(std::filesystem::path const& at);

}
