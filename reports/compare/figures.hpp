#pragma once

#include "reports/compare/compare.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/metrics.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reports::compare {

/// One number of a result, and how sure it is.
struct figure {
  double value = 0;
  enum class error_kind : std::uint8_t { none, normal, arms, zero_spread, poisson } kind = error_kind::none;
  double standard_error = 0; // normal
  /// Degrees of freedom of Student's t with which the error was estimated; 0: enough for the normal distribution.
  std::uint64_t degrees = 0;
  sim::records::interval within = {}; // arms: at 95 %
  std::uint64_t clusters = 0;         // zero_spread
};

/// The figure's interval at two-sided `confidence`; none if its error is not known.
std::optional<sim::records::interval> bounds(figure const& f, double confidence);

/// The interval of now - base.
std::optional<sim::records::interval> difference(figure const& base, figure const& now, double confidence);

/// What a row is called, and its metric in the catalogue.
struct figure_name {
  std::string name;
  sim::scenario::metric_info const* info;
  bool operator==(figure_name const&) const = default;
};

/// All names that may be compared, in the catalogue's order, then by event.
std::vector<figure_name> names_of(sim::records::result const& base, sim::records::result const& now);

/// The figures of the run, or of one of its phases, by name. Without samples there is no figure.
std::map<std::string, figure> figures_of(sim::records::result const& r, std::string const& phase);

}
