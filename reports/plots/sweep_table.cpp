#include "reports/plots/sweep_table.hpp"

#include "base/config/document.hpp"
#include "reports/provenance.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <utility>

namespace reports::plots {
namespace {

namespace fs = std::filesystem;

/// What sweep.json, or columns of the table, say about the runs.
struct origin {
  std::string scenario, engine;
};

std::set<std::string> values_in(sweep_table const& t, std::size_t column) {
  std::set<std::string> values;
  for (std::size_t row : t.rows) values.insert(t.csv.rows[row][column]);
  return values;
}

std::string only_value(sweep_table const& t, char const* name) {
  auto const column = t.csv.find(name);
  if (!column) return "";
  auto const values = values_in(t, *column);
  return values.size() == 1 ? *values.begin() : std::to_string(values.size()) + " " + name + "s";
}

origin origin_of(sweep_table const& t, fs::path const& file) {
  origin o{only_value(t, "scenario"), only_value(t, "engine")};
  std::ifstream in(file.parent_path() / "sweep.json");
  auto const manifest = nlohmann::json::parse(in, nullptr, false);
  auto const text = [&](char const* key) {
    return manifest.is_object() && manifest.contains(key) && manifest[key].is_string()
               ? manifest[key].get<std::string>()
               : std::string();
  };
  if (o.scenario.empty()) o.scenario = text("scenario");
  if (o.engine.empty()) o.engine = text("engine");
  return o;
}

std::string caption_of(sweep_table const& t, fs::path const& file) {
  origin const o = origin_of(t, file);
  std::string text = o.scenario.empty() ? file_name(file.string()) : "scenario " + o.scenario;
  if (t.csv.find("seed")) {
    std::string const seed = only_value(t, "seed");
    text += seed.ends_with("seeds") ? ", " + seed : ", seed " + seed;
  }
  return text + ", " + (o.engine.empty() ? "simulated or measured: not said" : std::string(how(o.engine)));
}

}

std::string origin_beside(fs::path const& file) {
  std::ifstream in(file.parent_path() / "summary.json");
  auto const summary = nlohmann::json::parse(in, nullptr, false);
  auto const provenance = summary.is_object() ? summary.find("provenance") : summary.end();
  bool const told = provenance != summary.end() && provenance->is_object();
  auto const engine = summary.is_object() ? summary.find("engine") : summary.end();
  bool const engine_told = engine != summary.end() && engine->is_string();
  return told ? reports::origin_of(provenance_from(*provenance), engine_told ? engine->get<std::string>() : "") : "";
}

namespace {

constexpr std::size_t most_named = 2; // in a line below a picture

/// Names what is left out, before what ran it.
void add_to_footer(sweep_table& t, std::string const& why, std::vector<std::size_t> const& rows) {
  std::string const points = points_of(t, rows, most_named);
  if (points.empty()) return;
  t.footer = "left out, " + why + ": " + points + (t.footer.empty() ? "" : "; " + t.footer);
}

/// Rows whose cell in `column` is empty.
std::vector<std::size_t> without(sweep_table const& t, std::size_t column) {
  std::vector<std::size_t> rows;
  for (std::size_t const row : t.rows)
    if (t.csv.rows[row][column].empty()) rows.push_back(row);
  return rows;
}

void keep_valid(sweep_table& t) {
  auto const verdict = t.csv.find("verdict");
  for (std::size_t row = 0; row != t.csv.rows.size(); ++row) {
    std::string const& said = verdict ? t.csv.rows[row][*verdict] : "";
    if (said != "invalid" && said != "interrupted") {
      t.rows.push_back(row);
    } else {
      t.left_out.push_back(row);
    }
  }
}

/// Equal as text, or as numbers: 1 and 1.0.
bool same_value(std::string const& a, std::string const& b) {
  auto const x = to_number(a), y = to_number(b);
  return a == b || (x && y && *x == *y);
}

void keep_chosen(sweep_table& t, std::vector<std::string> const& where) {
  for (std::string const& choice : where) {
    std::size_t const equals = choice.rfind('=');
    if (equals == std::string::npos || equals == 0)
      throw config::bad_input("--where: found '" + choice + "'; allowed: COLUMN=VALUE");
    std::size_t const column = t.csv.column(choice.substr(0, equals));
    std::string const value = choice.substr(equals + 1);
    std::string known;
    for (std::string const& v : values_in(t, column)) known += (known.empty() ? "" : ", ") + v;
    std::erase_if(t.rows, [&](std::size_t row) { return !same_value(t.csv.rows[row][column], value); });
    if (t.rows.empty()) throw config::bad_input("--where: found no row with " + choice + "; allowed: " + known);
  }
}

}

fs::path only_result(order const& o, char const* name, char const* allowed) {
  if (o.results.size() != 1)
    throw config::bad_input("--kind " + o.kind + ": found " + std::to_string(o.results.size()) +
                            " results; allowed: " + allowed);
  fs::path const at = o.results.front();
  std::error_code none;
  return fs::is_directory(at, none) ? at / name : at;
}

sweep_table read_sweep(order const& o) {
  fs::path const file = only_result(o, "sweep.csv", "one sweep.csv, or the directory of a sweep");
  sweep_table t;
  t.csv = read_csv(file);
  keep_valid(t);
  if (t.rows.empty())
    throw config::bad_input(file.string() + ": found no row of a valid run; allowed: a sweep with results");
  keep_chosen(t, o.where);
  std::size_t const first = t.csv.find("replication").value_or(t.csv.columns.size()) + 1;
  for (std::size_t c = first; c < t.csv.columns.size() && t.csv.columns[c] != "seed" && t.csv.columns[c] != "verdict";
       ++c)
    t.axes.push_back(t.csv.columns[c]);
  check_phase(t.csv, o.phase);
  std::string const left_out = t.left_out.empty() ? ""
                                                  : "; " + std::to_string(t.left_out.size()) +
                                                        (t.left_out.size() == 1 ? " row of an invalid run left out"
                                                                                : " rows of invalid runs left out");
  t.footer = origin_beside(file);
  add_to_footer(t, "invalid", t.left_out);
  t.caption = caption_of(t, file) + left_out + (o.phase.empty() ? "" : ", phase " + o.phase);
  return t;
}

std::size_t axis_column(sweep_table const& t, std::string const& asked, std::vector<std::string> const& usual,
                        char const* option) {
  if (!asked.empty()) return t.csv.column(asked);
  std::string names;
  for (std::string const& name : usual) {
    if (auto const found = t.csv.find(name)) return *found;
    names += (names.empty() ? "" : " or ") + name;
  }
  std::string there;
  for (std::string const& axis : t.axes) there += (there.empty() ? "" : ", ") + axis;
  throw config::bad_input(t.csv.name + ":1: found no column " + names + "; allowed: " + option + " COLUMN" +
                          (there.empty() ? "" : ", one of " + there));
}

std::size_t metric_column(sweep_table const& t, order const& o, std::string metric) {
  std::string const asked = metric == o.metric ? o.metric : "";
  std::size_t const brace = std::min(metric.find('{'), metric.size()), dot = metric.find(".p");
  std::string const phase = brace == metric.size() ? o.phase : "";
  if (dot < brace) metric[dot] = '_';
  if (!phase.empty()) metric += "{phase:" + phase + "}";
  if (auto const found = t.csv.find(metric)) return *found;
  throw unknown_metric(t.csv, metric, asked, phase);
}

std::optional<std::size_t> column_beside(sweep_table const& t, std::size_t metric, std::string_view suffix) {
  std::string const& name = t.csv.columns[metric];
  std::size_t const brace = std::min(name.find('{'), name.size());
  return t.csv.find(name.substr(0, brace) + std::string(suffix) + name.substr(brace));
}

std::optional<std::size_t> theory_column(sweep_table const& t, std::size_t metric) {
  return column_beside(t, metric, "_theory");
}

void check_drawn(sweep_table const& t, std::vector<std::size_t> const& drawn) {
  for (std::string const& axis : t.axes) {
    std::size_t const column = t.csv.column(axis);
    if (std::find(drawn.begin(), drawn.end(), column) != drawn.end()) continue;
    std::map<std::vector<std::string>, std::string> seen; // what is drawn → the axis's value there
    bool const mixed = std::any_of(t.rows.begin(), t.rows.end(), [&](std::size_t row) {
      std::vector<std::string> place;
      for (std::size_t const d : drawn) place.push_back(t.csv.rows[row][d]);
      std::string const& value = t.csv.rows[row][column];
      return seen.emplace(std::move(place), value).first->second != value;
    });
    if (!mixed) continue;
    auto const values = values_in(t, column);
    throw config::bad_input(t.csv.name + ": found " + std::to_string(values.size()) + " values of " + axis +
                            ", which the picture does not show; allowed: --where " + axis + "=" + *values.begin() +
                            " and the like");
  }
}

std::map<double, double> curve(sweep_table const& t, std::vector<std::size_t> const& rows, std::size_t x,
                               std::size_t y) {
  std::map<double, std::pair<double, double>> sums; // x → sum, count
  for (std::size_t row : rows) {
    auto const at = t.csv.number(row, x), value = t.csv.number(row, y);
    if (!at || !value) continue;
    sums[*at].first += *value;
    sums[*at].second += 1;
  }
  std::map<double, double> means;
  for (auto const& [at, sum] : sums) means[at] = sum.first / sum.second;
  return means;
}

std::string points_of(sweep_table const& t, std::vector<std::size_t> const& rows, std::size_t most) {
  std::vector<std::string> points;
  for (std::size_t const row : rows) {
    std::string point;
    for (std::string const& axis : t.axes)
      point += (point.empty() ? "" : ", ") + axis + "=" + t.csv.rows[row][t.csv.column(axis)];
    if (!point.empty() && std::find(points.begin(), points.end(), point) == points.end()) points.push_back(point);
  }
  std::string text;
  for (std::size_t i = 0; i < points.size() && i < most; ++i) text += (i == 0 ? "" : "; ") + points[i];
  return points.size() > most ? text + "; and " + std::to_string(points.size() - most) + " more" : text;
}

std::string left_out_lines(sweep_table const& t, std::vector<std::size_t> const& columns) {
  std::string text;
  auto const add = [&](std::vector<std::size_t> const& rows, std::string const& why) {
    for (std::size_t const row : rows) {
      std::string const point = points_of(t, {row}, 1);
      text += "# left out: " + one_line((point.empty() ? "row " + std::to_string(row + 1) : point) + ": " + why) + "\n";
    }
  };
  add(t.left_out, "its run is invalid");
  for (std::size_t const column : columns) add(without(t, column), "no value of " + t.csv.columns[column]);
  return text;
}

std::string without_value(sweep_table& t, std::vector<std::size_t> const& columns) {
  std::string text;
  for (std::size_t column : columns) {
    auto const none = without(t, column);
    if (none.empty()) continue;
    add_to_footer(t, "no " + t.csv.columns[column], none);
    text += "; no value in " + std::to_string(none.size()) + " of " + std::to_string(t.rows.size()) + " rows of " +
            t.csv.columns[column];
  }
  return text;
}

rows_by_text in_order(sweep_table const& t, std::size_t column) {
  rows_by_text groups;
  for (std::size_t row : t.rows) {
    std::string const& value = t.csv.rows[row][column];
    auto at = std::find_if(groups.begin(), groups.end(), [&](auto const& g) { return g.first == value; });
    if (at == groups.end()) at = groups.insert(groups.end(), {value, {}});
    at->second.push_back(row);
  }
  return groups;
}

bool are_numbers(rows_by_text const& groups) {
  return std::all_of(groups.begin(), groups.end(), [](auto const& g) { return to_number(g.first).has_value(); });
}

rows_by_text by_value(sweep_table const& t, std::size_t column) {
  rows_by_text groups = in_order(t, column);
  if (are_numbers(groups))
    std::sort(groups.begin(), groups.end(),
              [](auto const& a, auto const& b) { return *to_number(a.first) < *to_number(b.first); });
  return groups;
}

}
