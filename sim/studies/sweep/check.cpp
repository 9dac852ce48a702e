#include "sim/studies/sweep/check.hpp"

#include "base/config/words.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/sweep/axes.hpp"

#include <algorithm>
#include <optional>

namespace sim::sweep {
namespace {

using nlohmann::json;

/// Grids of more points are not read whole. Chosen: a scenario is read in about a millisecond.
constexpr std::size_t most_points = 1000;

std::size_t points_of(axis_set const& set) {
  if (set.combine == combination::zip) return set.axes.empty() ? 1 : set.axes.front().values.size();
  std::size_t count = 1;
  for (axis const& a : set.axes) count *= a.values.size();
  return count;
}

/// Each value of each axis, between the other axes' first values, and between their last.
std::vector<point> outline(axis_set const& set) {
  point first, last;
  for (axis const& a : set.axes) {
    first.push_back(a.values.front());
    last.push_back(a.values.back());
  }
  std::vector<point> points;
  for (point const& others : {first, last}) {
    for (std::size_t i = 0; i < set.axes.size(); ++i) {
      for (axis_value const& value : set.axes[i].values) points.emplace_back(others)[i] = value;
    }
  }
  return points;
}

void check_point(config::document document, std::filesystem::path const& file, axis_set const& set, point const& values,
                 config::faults& found, std::function<void(scenario::scenario const&)> const& look) {
  std::vector<std::string> paths;
  for (axis const& a : set.axes) paths.push_back(a.path);
  std::string const where = " (at " + describe(paths, shown_of(values)) + ")";
  bool const placed = found.good(
      [&] {
        for (std::size_t i = 0; i < set.axes.size(); ++i)
          document.set(set.axes[i].path, values[i].value, set.axes[i].line);
      },
      where);
  if (!placed) return;
  config::faults own;
  auto const s = scenario::read_document(document, file, own);
  found.add(own, where);
  if (s) look(*s);
}

}

checked_points check_axes(config::document const& base, std::filesystem::path const& file, config::faults& found,
                          std::function<void(scenario::scenario const&)> const& look) {
  json const& root = base.root();
  json::json_pointer const at("/axes");
  if (!root.contains(at)) return {};
  auto const combine = config::value_of<combination>(root.value("axes_combine", "grid")); // a word of the schema
  axis_set const set = read_axes(base, at, combine.value_or(combination::grid), found);
  checked_points count{points_of(set), 0};
  bool const whole = set.combine == combination::zip || count.all <= most_points;
  for (point const& values : whole ? expand(set) : outline(set)) {
    ++count.read;
    check_point(base, file, set, values, found, look);
  }
  return count;
}

}
