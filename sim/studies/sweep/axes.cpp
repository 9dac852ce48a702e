#include "sim/studies/sweep/axes.hpp"

#include "base/config/joined.hpp"
#include "base/config/schema.hpp"
#include "base/randomness/elementary.hpp"
#include "sim/scenario/load.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <utility>

namespace sim::sweep {
namespace {

using nlohmann::json;

constexpr std::size_t max_values = 10000; // of one axis, as the schema says of lists
constexpr std::size_t longest_name = 100;
// Chosen: enough for any plot, and how people write numbers; keeps 2.1544346900318843 out of headers and legends.
constexpr int log_digits = 6, linear_digits = 12;

/// Rounded to `digits` significant digits, exactly, and independent of the locale.
double rounded(double value, int digits) {
  char text[64];
  auto const written = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific, digits - 1);
  double result = value;
  std::from_chars(text, written.ptr, result, std::chars_format::scientific);
  return result;
}

/// An axis while it is being read.
class axis_reader {
public:
  axis_reader(config::document const& document, json::json_pointer at, std::string path)
    : document_(document)
    , at_(std::move(at))
    , path_(std::move(path)) {}

  axis read(json const& written) const {
    axis a{path_, {}, document_.line_of(at_)};
    json::json_pointer const target = find_target(a.line);
    if (written.is_array()) {
      for (std::size_t i = 0; i < written.size(); ++i) a.values.push_back(listed(written[i], at_ / i));
      check_names(a);
    } else {
      bool const logarithmic = written.contains("log");
      char const* const spacing = logarithmic ? "log" : "linear";
      a.values = spaced(written.at(spacing), at_ / std::string(spacing), logarithmic,
                        config::wants_whole_number(scenario::schema(), target));
    }
    return a;
  }

  [[noreturn]] void fail(std::string const& message) const { fail(at_, message); }

private:
  /// A value as it stands in a list: by itself, or with a name.
  axis_value listed(json const& written, json::json_pointer const& at) const {
    if (!written.is_object() || !written.contains("as")) return {written, {}};
    std::vector<std::string> const keys{"as", "value"};
    for (auto const& [key, member] : written.items())
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        fail(at / key, "found an unknown key of a value with a name; allowed: " + config::joined(keys) +
                           config::did_you_mean(key, keys));
    if (!written.contains("value")) fail(at, R"(found a name without a value; allowed: {"as": NAME, "value": VALUE})");
    json const& name = written.at("as");
    bool const good =
        name.is_string() && !name.get_ref<std::string const&>().empty() &&
        name.get_ref<std::string const&>().size() <= longest_name &&
        std::none_of(name.get_ref<std::string const&>().begin(), name.get_ref<std::string const&>().end(), is_refused);
    if (!good)
      fail(at / "as", "found " + config::shown(name) +
                          "; allowed: a name of 1 to 100 characters without = and control characters");
    return {written.at("value"), name.get<std::string>()};
  }

  /// In a name: what --where COLUMN=NAME, and lines of text, could not tell from their own signs.
  static bool is_refused(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '='; }

  /// A name stands for one value, and no other value shows as it does.
  void check_names(axis const& a) const {
    std::map<std::string, axis_value const*> by_text;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      axis_value const& value = a.values[i];
      auto const [first, is_new] = by_text.emplace(plain_text(value.shown()), &value);
      bool const same = first->second->name == value.name && first->second->value == value.value;
      bool const concerns_names = !value.name.empty() || !first->second->name.empty();
      if (!is_new && !same && concerns_names)
        fail(at_ / i, "found " + config::shown(value.shown()) +
                          " for a second value; allowed: a name for each value of the axis");
    }
  }

  [[noreturn]] void fail(json::json_pointer const& at, std::string const& message) const {
    throw document_.error_at(at, message);
  }

  /// The place where the axis sets its values; refuses paths that lead nowhere, and those of the axes themselves.
  json::json_pointer find_target(std::size_t line) const {
    config::document probe = document_;
    json::json_pointer const target = probe.set(path_, nullptr, line);
    json::json_pointer top = target;
    while (!top.parent_pointer().empty()) top = top.parent_pointer();
    if (top.back().starts_with("axes")) fail("found an axis that varies the axes; allowed: a value of the scenario");
    return target;
  }

  std::vector<axis_value> spaced(json const& written, json::json_pointer const& at, bool logarithmic,
                                 bool whole) const {
    double const from = written[0].get<double>(), to = written[1].get<double>(), count = written[2].get<double>();
    if (logarithmic && (from <= 0 || to <= 0)) {
      json::json_pointer const end = at / (from <= 0 ? std::size_t{0} : std::size_t{1});
      fail(end,
           "found " + written[from <= 0 ? 0 : 1].dump() + "; allowed: a number greater than 0, since it is \"log\"");
    }
    if (count < 2 || count > max_values || std::nearbyint(count) != count) {
      fail(at / std::size_t{2}, "found " + written[2].dump() + " points; allowed: a whole number from 2 to 10000");
    }
    auto const values = logarithmic ? log_spaced(from, to, static_cast<std::size_t>(count))
                                    : linear_spaced(from, to, static_cast<std::size_t>(count));
    std::vector<axis_value> result;
    for (double const value : values) result.push_back({number(whole ? std::nearbyint(value) : value), {}});
    return result;
  }

  config::document const& document_;
  json::json_pointer at_;
  std::string path_;
};

/// Drops points that repeat an earlier one, name for name; keeps the order.
void drop_repeated(std::vector<point>& points) {
  std::set<std::pair<std::string, std::string>> seen;
  std::erase_if(points, [&](point const& p) {
    return !seen.emplace(json(values_of(p)).dump(), json(shown_of(p)).dump()).second;
  });
}

/// A value that occurs twice in a list is a mistake; spaced values may coincide after rounding.
void make_distinct(axis& a, bool listed, axis_reader const& reader) {
  std::set<std::string> seen;
  auto const repeats = [&](axis_value const& v) { return !seen.insert(v.value.dump()).second; };
  if (!listed) {
    std::erase_if(a.values, repeats);
    return;
  }
  auto const again = std::find_if(a.values.begin(), a.values.end(), repeats);
  if (again == a.values.end()) return;
  std::string const name = again->name.empty() ? "" : " (" + config::shown(again->name) + ")";
  reader.fail("found " + config::shown(again->value) + name + " a second time; allowed: each value once");
}

void check_size(axis_set const& set, axis_reader const& last) {
  std::size_t points = 1;
  if (set.combine == combination::zip) return;
  for (axis const& a : set.axes) {
    points *= a.values.size();
    if (points > max_points) last.fail("found a grid of more than 100000 points; allowed: fewer values, or axes");
  }
}

void add_axis(axis_set& set, axis_reader const& reader, json const& written) {
  axis a = reader.read(written);
  if (set.combine == combination::grid) make_distinct(a, written.is_array(), reader);
  if (set.combine == combination::zip && !set.axes.empty() && a.values.size() != set.axes.front().values.size()) {
    reader.fail("found " + std::to_string(a.values.size()) + " values, and " +
                std::to_string(set.axes.front().values.size()) + " of " + set.axes.front().path +
                "; allowed: as many for each axis, since axes_combine is \"zip\"");
  }
  set.axes.push_back(std::move(a));
  check_size(set, reader);
}

}

json number(double value) {
  if (std::abs(value) <= 0x1p53 && std::nearbyint(value) == value) return static_cast<std::int64_t>(value);
  return value;
}

std::vector<double> log_spaced(double from, double to, std::size_t count) {
  double const low = randomness::exact_log(from),
               step = (randomness::exact_log(to) - low) / static_cast<double>(count - 1);
  std::vector<double> values{from};
  for (std::size_t i = 1; i + 1 < count; ++i)
    values.push_back(rounded(randomness::exact_exp(low + step * static_cast<double>(i)), log_digits));
  values.push_back(to);
  return values;
}

std::vector<double> linear_spaced(double from, double to, std::size_t count) {
  std::vector<double> values{from};
  for (std::size_t i = 1; i + 1 < count; ++i) {
    double const share = static_cast<double>(i) / static_cast<double>(count - 1);
    values.push_back(rounded(from + (to - from) * share, linear_digits));
  }
  values.push_back(to);
  return values;
}

axis_set read_axes(config::document const& document, json::json_pointer const& at, combination combine,
                   config::faults& found) {
  axis_set set{{}, combine};
  if (!document.root().contains(at)) return set;
  for (auto const& [path, written] : document.root().at(at).items()) {
    axis_reader const reader(document, at / path, path);
    json const& values = written;
    found.good([&] { add_axis(set, reader, values); });
  }
  return set;
}

axis_set read_axes(config::document const& document, json::json_pointer const& at, combination combine) {
  config::faults found;
  axis_set set = read_axes(document, at, combine, found);
  found.throw_first();
  return set;
}

std::vector<point> expand(axis_set const& set) {
  std::vector<point> points;
  if (set.combine == combination::zip && !set.axes.empty()) {
    for (std::size_t i = 0; i < set.axes.front().values.size(); ++i) {
      point& p = points.emplace_back();
      for (axis const& a : set.axes) p.push_back(a.values[i]);
    }
    drop_repeated(points);
    return points;
  }
  points.emplace_back();
  for (axis const& a : set.axes) {
    std::vector<point> longer;
    for (point const& p : points) {
      for (axis_value const& value : a.values) longer.emplace_back(p).push_back(value);
    }
    points = std::move(longer);
  }
  return points;
}

std::vector<json> values_of(point const& p) {
  std::vector<json> values;
  for (axis_value const& v : p) values.push_back(v.value);
  return values;
}

std::vector<json> shown_of(point const& p) {
  std::vector<json> shown;
  for (axis_value const& v : p) shown.push_back(v.shown());
  return shown;
}

std::string plain_text(json const& shown) {
  return shown.is_string() ? shown.get<std::string>() : shown.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string describe(std::vector<std::string> const& paths, std::vector<json> const& shown) {
  if (paths.empty()) return "the scenario as it stands";
  std::string text;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    text += (i == 0 ? "" : ", ") + paths[i] + "=" + shown[i].dump(-1, ' ', false, json::error_handler_t::replace);
  }
  return text;
}

}
