#include "sim/studies/plan/report.hpp"

#include "base/config/version.hpp"
#include "sim/studies/plan/reading.hpp"
#include "sim/studies/sweep/table.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

namespace sim::plan {
namespace {

using ordered = nlohmann::ordered_json;
using nlohmann::json;

json optional(std::optional<double> const& value) {
  return value && std::isfinite(*value) ? json(*value) : json(nullptr);
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

/// How far a candidate is from its goals, as a share of the bound that it misses most.
double distance(definition const& d, judgement const& j) {
  if (!j.goal || !j.value) return std::numeric_limits<double>::infinity();
  return shortfall(d.goals[*j.goal], *j.value);
}

ordered values_json(definition const& d, std::size_t candidate) {
  ordered values = ordered::object();
  for (std::size_t a = 0; a < d.space.axes.size(); ++a) values[d.space.axes[a].path] = d.points[candidate][a].shown();
  return values;
}

}

std::string confidence_text(rule const& r) {
  return r.replications == 1 ? "in one run each" : "with " + short_number(100 * r.confidence) + " % confidence";
}

ordered head_json(definition const& d) {
  return {{"schema_version", 1},
          {"scenario", d.name},
          {"file", d.file.filename().string()},
          {"engine", d.engine},
          {"version", config::version},
          {"seed", d.seed},
          {"confidence", d.rule.confidence},
          {"replications", d.rule.replications}};
}

ordered estimate_json(goal const& g, estimate const& e) {
  return {{"mean", optional(e.mean)},
          {"low", e.mean ? optional(e.low) : json(nullptr)},
          {"high", e.mean ? optional(e.high) : json(nullptr)},
          {"replications", e.count},
          {"headroom", e.mean ? optional(-shortfall(g, *e.mean)) : json(nullptr)}};
}

ordered goals_json(definition const& d, judgement const& j) {
  ordered all = ordered::array();
  for (std::size_t c = 0; c < j.estimates.size(); ++c)
    for (std::size_t g = 0; g < j.estimates[c].size(); ++g) {
      ordered one = {
          {"goal", d.goals[g].text()}, {"circumstance", d.circumstances[c].text()}, {"bound", d.goals[g].bound}};
      one.update(estimate_json(d.goals[g], j.estimates[c][g]));
      all.push_back(std::move(one));
    }
  return all;
}

namespace {

ordered candidate_json(definition const& d, findings const& f, std::size_t candidate) {
  judgement const& j = f.candidates[candidate];
  ordered out = {{"values", values_json(d, candidate)},
                 {"price", d.prices[candidate]},
                 {"fate", fate_name(j.how)},
                 {"runs", j.runs},
                 {"goals", goals_json(d, j)}};
  if (j.how == fate::refused || j.how == fate::ruled_out) out["reason"] = reason_of(d, j);
  return out;
}

ordered tornado_json(outcome const& o) {
  ordered bars = ordered::array();
  for (tornado_bar const& b : o.tornado)
    bars.push_back({{"input", b.what.path},
                    {"low", b.what.low},
                    {"base", b.what.base},
                    {"high", b.what.high},
                    {"price_low", optional(b.price_low)},
                    {"price_high", optional(b.price_high)},
                    {"metric_low", optional(b.metric_low)},
                    {"metric_high", optional(b.metric_high)}});
  return bars;
}

/// The width of an input's bar: first by price (no answer is the widest), then by metric.
std::pair<double, double> width(tornado_bar const& b) {
  auto const between = [](std::optional<double> const& x, std::optional<double> const& y) {
    return x && y ? std::abs(*x - *y) : x || y ? std::numeric_limits<double>::infinity() : 0;
  };
  return {between(b.price_low, b.price_high), between(b.metric_low, b.metric_high)};
}

}

std::string_view fate_name(fate how) {
  constexpr std::array<std::string_view, 4> names{"not needed", "ruled out", "refused", "accepted"};
  return names[static_cast<std::size_t>(how)];
}

std::string reason_of(definition const& d, judgement const& j) {
  std::string text;
  if (j.goal) text = d.goals[*j.goal].text() + ": ";
  std::string const value = j.value ? short_number(*j.value) : "";
  bool const said = j.how == fate::ruled_out; // the objection names the value
  text += said ? j.why : value;
  if (!said && !j.why.empty()) text += (value.empty() ? "" : ", ") + j.why;
  if (j.circumstance > 0) text += " (" + d.circumstances[j.circumstance].text() + ")";
  return text;
}

std::optional<std::size_t> nearest_miss(definition const& d, findings const& f) {
  std::optional<std::size_t> nearest;
  for (std::size_t const candidate : by_price(d.prices)) {
    judgement const& j = f.candidates[candidate];
    if (j.how != fate::refused && j.how != fate::ruled_out) continue;
    // Of two that miss by the same share, the one that met its goals in more circumstances.
    auto const rank = [&](judgement const& x) {
      return std::pair(x.how == fate::ruled_out ? 0 : -1 - static_cast<int>(x.circumstance), distance(d, x));
    };
    if (!nearest || rank(j) < rank(f.candidates[*nearest])) nearest = candidate;
  }
  return nearest;
}

ordered to_json(outcome const& o) {
  definition const& d = o.what;
  ordered out = head_json(d);
  if (!d.currency.empty()) out["currency"] = d.currency;
  out["answer"] = o.found.answer ? candidate_json(d, o.found, *o.found.answer) : ordered(nullptr);
  auto const bound = binding_of(d, o.found);
  out["binding"] = bound ? ordered{{"goal", d.goals[bound->goal].text()},
                                   {"circumstance", d.circumstances[bound->circumstance].text()},
                                   {"shown_by_neighbour", binding_is_shown(d, o.found)}}
                         : ordered(nullptr);
  out["edges"] = ordered::array();
  if (o.found.answer)
    for (edge const& e : edges_of(d, *o.found.answer))
      out["edges"].push_back({{"axis", d.space.axes[e.axis].path},
                              {"value", d.points[*o.found.answer][e.axis].shown()},
                              {"end", e.first ? "first" : "last"}});
  auto const miss = o.found.answer ? std::nullopt : nearest_miss(d, o.found);
  out["nearest_miss"] = miss ? candidate_json(d, o.found, *miss) : ordered(nullptr);
  out["cheaper_neighbours"] = ordered::array();
  if (o.found.answer)
    for (neighbour const& n : cheaper_neighbours(d, *o.found.answer))
      out["cheaper_neighbours"].push_back(candidate_json(d, o.found, n.candidate));
  std::array<std::size_t, 4> counts{};
  for (judgement const& j : o.found.candidates) ++counts[static_cast<std::size_t>(j.how)];
  out["candidates"] = {{"all", d.points.size()},
                       {"ruled_out", counts[static_cast<std::size_t>(fate::ruled_out)]},
                       {"refused", counts[static_cast<std::size_t>(fate::refused)]},
                       {"not_needed", counts[static_cast<std::size_t>(fate::not_needed)]}};
  out["sensitivity"] = tornado_json(o);
  return out;
}

std::string candidates_csv(outcome const& o) {
  definition const& d = o.what;
  sweep::table t;
  t.columns = d.paths();
  for (char const* column : {"price", "fate", "runs", "reason"}) t.columns.emplace_back(column);
  for (circumstance const& c : d.circumstances)
    for (goal const& g : d.goals)
      t.columns.push_back(g.text() + (c.what == circumstance::loss::none ? "" : " (" + c.text() + ")"));
  for (std::size_t const candidate : by_price(d.prices)) {
    judgement const& j = o.found.candidates[candidate];
    std::vector<json>& row = t.rows.emplace_back(sweep::shown_of(d.points[candidate]));
    row.insert(row.end(), {d.prices[candidate], fate_name(j.how), j.runs, nullptr});
    if (j.how == fate::refused || j.how == fate::ruled_out) row.back() = reason_of(d, j);
    for (std::size_t c = 0; c < d.circumstances.size(); ++c)
      for (std::size_t g = 0; g < d.goals.size(); ++g)
        row.push_back(c < j.estimates.size() ? optional(j.estimates[c][g].mean) : json(nullptr));
  }
  return sweep::csv(t);
}

std::string tornado_csv(outcome const& o) {
  definition const& d = o.what;
  sweep::table t;
  t.columns = {"input",      "low",    "base",       "high",        "price_low",  "price_base",
               "price_high", "metric", "metric_low", "metric_base", "metric_high"};
  std::vector<tornado_bar> bars = o.tornado;
  std::stable_sort(bars.begin(), bars.end(), [](auto const& a, auto const& b) { return width(a) > width(b); });
  auto const bound = binding_of(d, o.found);
  json price = nullptr, metric = nullptr, value = nullptr;
  if (o.found.answer) price = d.prices[*o.found.answer];
  if (bound) {
    metric = d.goals[bound->goal].text();
    if (bound->circumstance > 0)
      metric = metric.get<std::string>() + " (" + d.circumstances[bound->circumstance].text() + ")";
    value = optional(o.found.candidates[*o.found.answer].estimates[bound->circumstance][bound->goal].mean);
  }
  for (tornado_bar const& b : bars)
    t.rows.push_back({b.what.path, b.what.low, b.what.base, b.what.high, optional(b.price_low), price,
                      optional(b.price_high), metric, optional(b.metric_low), value, optional(b.metric_high)});
  return sweep::csv(t);
}

}
