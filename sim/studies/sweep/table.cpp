#include "sim/studies/sweep/table.hpp"

#include "base/config/joined.hpp"
#include "base/os/write_file.hpp"
#include "sim/scenario/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace sim::sweep {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// A count as a whole number; null if it is not a number.
json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (std::abs(value) < 9e15 && std::nearbyint(value) == value) return static_cast<std::int64_t>(value);
  return value;
}

json number(std::optional<double> const& value) { return value ? number(*value) : json(nullptr); }

using cells = std::vector<std::pair<char const*, json>>; // by suffix

struct cells_of {
  cells operator()(records::ratio_metric const& m) const {
    return {{"", number(m.value)},
            {"_numerator", m.numerator},
            {"_denominator", m.denominator},
            {"_theory", number(m.theory)},
            {"_standard_error", number(m.standard_error)},
            {"_measured_error", number(m.measured_error)}};
  }
  cells operator()(records::trend_metric const& m) const {
    return {{"_count", m.count},
            {"_mean", number(m.mean)},
            {"_p50", number(m.p50)},
            {"_p90", number(m.p90)},
            {"_p95", number(m.p95)},
            {"_p99", number(m.p99)},
            {"_p999", number(m.p999)},
            {"_max", number(m.max)},
            {"_p50_low", end(m.p50_within, m.p50_within.low)},
            {"_p50_high", end(m.p50_within, m.p50_within.high)},
            {"_p99_low", end(m.p99_within, m.p99_within.low)},
            {"_p99_high", end(m.p99_within, m.p99_within.high)}};
  }
  cells operator()(records::counter_metric const& m) const { return {{"", number(m.value)}}; }

private:
  /// One of the interval's; null if it is not known.
  static json end(records::interval const& within, double which) {
    return within.high > 0 ? number(which) : json(nullptr);
  }
};

/// A metric's place among the columns: by catalogue, then the whole run before its parts.
std::tuple<std::size_t, std::string, std::string> rank(std::string const& metric) {
  std::size_t const brace = std::min(metric.find('{'), metric.size());
  std::string const name = metric.substr(0, brace);
  auto const catalogue = scenario::metrics();
  auto const found =
      std::find_if(catalogue.begin(), catalogue.end(), [&](scenario::metric_info const& m) { return m.name == name; });
  return {static_cast<std::size_t>(found - catalogue.begin()), name, metric.substr(brace)};
}

std::string column_name(std::string const& metric, char const* suffix) {
  std::size_t const brace = std::min(metric.find('{'), metric.size());
  return metric.substr(0, brace) + suffix + metric.substr(brace);
}

/// The metrics of all rows, in order, each with one value that shows its kind.
std::vector<std::pair<std::string, records::metric>> metrics_of(std::vector<evaluation> const& evaluations) {
  std::map<std::string, records::metric> all;
  for (evaluation const& e : evaluations) all.insert(e.metrics.begin(), e.metrics.end());
  std::vector<std::pair<std::string, records::metric>> ordered(all.begin(), all.end());
  std::sort(ordered.begin(), ordered.end(), [](auto const& a, auto const& b) { return rank(a.first) < rank(b.first); });
  return ordered;
}

std::string csv_field(json const& value) {
  if (value.is_null()) return "";
  std::string const text =
      value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (char const c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

template<class Values>
std::string csv_line(Values const& values) {
  std::string line;
  for (std::size_t i = 0; i < values.size(); ++i) line += (i == 0 ? "" : ",") + csv_field(values[i]);
  return line + "\n";
}

}

table tabulate(manifest const& m, std::vector<evaluation> const& evaluations) {
  table t;
  bool const seed_varies = std::find(m.axes.begin(), m.axes.end(), "seed") != m.axes.end();
  auto const metrics = metrics_of(evaluations);
  t.columns = {"point", "replication"};
  t.columns.insert(t.columns.end(), m.axes.begin(), m.axes.end());
  if (!seed_varies) t.columns.emplace_back("seed");
  t.columns.insert(t.columns.end(), {"verdict", "history_hash"});
  for (auto const& [name, example] : metrics) {
    for (auto const& [suffix, value] : std::visit(cells_of{}, example)) t.columns.push_back(column_name(name, suffix));
  }
  t.columns.emplace_back("reasons");
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    manifest_trial const& trial = m.trials[i];
    evaluation const& e = evaluations[i];
    std::vector<json>& row = t.rows.emplace_back();
    row.insert(row.end(), {json(trial.point_index), json(trial.replication)});
    row.insert(row.end(), trial.values.begin(), trial.values.end());
    if (!seed_varies) row.emplace_back(trial.seed);
    row.emplace_back(verdict_name(e.verdict));
    row.push_back(e.history_hash.empty() ? json(nullptr) : json(e.history_hash));
    for (auto const& [name, example] : metrics) {
      auto const found = e.metrics.find(name);
      bool const there = found != e.metrics.end() && found->second.index() == example.index();
      for (auto& [suffix, value] : std::visit(cells_of{}, there ? found->second : example))
        row.push_back(there ? std::move(value) : json(nullptr));
    }
    row.push_back(e.reasons.empty() ? json(nullptr) : json(config::joined(e.reasons, "; ")));
  }
  return t;
}

std::string csv(table const& t) {
  std::string text = csv_line(t.columns);
  for (auto const& row : t.rows) text += csv_line(row);
  return text;
}

std::string json_lines(table const& t) {
  std::vector<std::string> names;
  for (std::string const& column : t.columns)
    names.push_back(json(column).dump(-1, ' ', false, json::error_handler_t::replace));
  std::string text;
  for (auto const& row : t.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += (i == 0 ? "{" : ",") + names[i] + ":" + row[i].dump(-1, ' ', false, json::error_handler_t::replace);
    text += "}\n";
  }
  return text;
}

std::optional<finished> write_table(manifest const& m, store const& results) {
  finished out;
  for (manifest_trial const& t : m.trials) {
    auto found = results.find(t.fingerprint);
    if (!found) break;
    out.trials.push_back(std::move(*found));
  }
  if (out.trials.size() < m.trials.size()) {
    std::error_code none;
    for (std::string const& name : table_files) fs::remove(results.directory() / name, none);
    return std::nullopt;
  }
  table const t = tabulate(m, out.trials);
  auto const write = [&](char const* name, std::string const& text) {
    try {
      os::write_file(results.directory() / name, text);
    } catch (std::exception const& error) {
      out.lost.emplace_back(error.what());
    }
  };
  write(csv_name, csv(t));
  write(json_lines_name, json_lines(t));
  for (evaluation const& e : out.trials) out.verdict = worse(out.verdict, e.verdict);
  return out;
}

}
