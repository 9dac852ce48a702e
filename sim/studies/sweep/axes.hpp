#pragma once

#include "base/config/document.hpp"
#include "base/config/faults.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Many runs of one scenario: what varies (axes), what is run (trials), what is kept of each (evaluation) and where
/// (store), and one table of them all.
namespace sim::sweep {

/// A value of an axis, and what tables, pictures and messages show in its place.
struct axis_value {
  nlohmann::json value; // what is set
  std::string name;     // that the file gives it; empty: it shows as it is

  nlohmann::json shown() const { return name.empty() ? value : nlohmann::json(name); }
  bool operator==(axis_value const&) const = default;
};

/// One value that varies.
struct axis {
  std::string path;               // as --set takes it: "topology.balancers.count"
  std::vector<axis_value> values; // in order, at least one
  std::size_t line = 0;           // its line in the file; 0: from a --set
};

/// grid: each value of an axis with each of the others; zip: the n-th values of all axes together.
enum class combination : std::uint8_t { grid, zip };

/// As the file writes it.
constexpr std::string_view name_of(combination value) {
  switch (value) {
  case combination::grid:
    return "grid";
  case combination::zip:
    return "zip";
  }
  return {};
}

struct axis_set {
  std::vector<axis> axes; // by path
  combination combine = combination::grid;
};

/// A value for each axis, in the order of the axes.
using point = std::vector<axis_value>;

/// What is set at a point, and what is shown of it.
std::vector<nlohmann::json> values_of(point const& p);
std::vector<nlohmann::json> shown_of(point const& p);

/// More points than this are refused: each is loaded and checked before the first is run.
inline constexpr std::size_t max_points = 100000;

/// Reads the axes below `at` (such as "/axes") of a document that was checked against the scenario schema. A listed
/// value that is written {"as": NAME, "value": VALUE} has a name, which means one value of its axis and no other. Fills
/// in spaced values: rounded if the scenario requires whole numbers; in a grid, values that repeat an earlier one after
/// rounding are dropped. Throws `config::bad_input` that names the axis and its line.
axis_set read_axes(config::document const& document, nlohmann::json::json_pointer const& at, combination combine);

/// The same for somebody who wants to know all that is wrong: an axis that cannot be read is a line of `found`, and not
/// in the set.
axis_set read_axes(config::document const& document, nlohmann::json::json_pointer const& at, combination combine,
                   config::faults& found);

/// All points: in a grid, the last axis varies fastest; in a zip, points that repeat an earlier one are dropped.
std::vector<point> expand(axis_set const& set);

/// `count` values with equal ratios (`from`, `to` > 0) or equal differences between neighbours, both ends included;
/// the same on every machine. count >= 2.
std::vector<double> log_spaced(double from, double to, std::size_t count);
std::vector<double> linear_spaced(double from, double to, std::size_t count);

/// As an integer if it is one, so that it reads 4 and not 4.0.
nlohmann::json number(double value);

/// "load.rate_rps=20, topology.proxies.count=4", for messages; "the scenario as it stands" without axes.
std::string describe(std::vector<std::string> const& paths, std::vector<nlohmann::json> const& shown);

/// A value as CSV and prices have it: 4, 10m.
std::string plain_text(nlohmann::json const& shown);

}
