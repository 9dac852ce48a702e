#include "sim/studies/plan/limit_report.hpp"

#include "sim/studies/plan/report.hpp"
#include "sim/studies/sweep/table.hpp"

#include <algorithm>

namespace sim::plan {
namespace {

using ordered = nlohmann::ordered_json;
using nlohmann::json;

bool accepted(judgement const& j) { return j.how == fate::accepted; }

ordered value_json(limit_outcome const& o, std::size_t place) {
  judgement const& j = o.found.tried.at(place);
  ordered out = {{"value", value_at(o.what, place)}, {"outcome", outcome_name(j)}, {"runs", j.runs}};
  out["goals"] = goals_json(o.what, j);
  if (!accepted(j)) out["reason"] = reason_of(o.what, j);
  return out;
}

ordered miss_json(limit_outcome const& o) {
  auto const miss = first_miss_of(o);
  if (!miss) return nullptr;
  goal const& g = o.what.goals[miss->goal];
  auto const at = [&](std::optional<std::size_t> place) -> ordered {
    auto const e = place ? estimate_at(o, *place, *miss) : std::nullopt;
    return e ? estimate_json(g, *e) : ordered(nullptr);
  };
  return {{"goal", g.text()},
          {"circumstance", o.what.circumstances[miss->circumstance].text()},
          {"bound", g.bound},
          {"at_answer", at(o.found.answer)},
          {"beyond", at(miss->place)}};
}

}

std::string_view outcome_name(judgement const& j) {
  if (accepted(j)) return "holds";
  if (j.invalid) return "invalid";
  bool const undecided = j.goal && j.how == fate::refused && j.circumstance < j.estimates.size() &&
                         j.estimates[j.circumstance][*j.goal].how == standing::undecided;
  return undecided ? "undecided" : "fails";
}

std::string_view ending_name(ending how) {
  switch (how) {
  case ending::inside:
    return "found";
  case ending::at_end:
    return "at the end";
  case ending::nowhere:
    return "nowhere";
  case ending::untold:
    return "not known";
  }
  return {};
}

std::optional<first_miss> first_miss_of(limit_outcome const& o) {
  auto const place = o.found.answer          ? o.found.beyond
                     : o.found.tried.empty() ? std::nullopt
                                             : std::optional<std::size_t>(0);
  if (!place) return std::nullopt;
  judgement const& j = o.found.tried.at(*place);
  if (!j.goal) return std::nullopt;
  return first_miss{*j.goal, j.circumstance, *place};
}

std::optional<estimate> estimate_at(limit_outcome const& o, std::size_t place, first_miss const& what) {
  judgement const& j = o.found.tried.at(place);
  if (what.circumstance >= j.estimates.size()) return std::nullopt;
  return j.estimates[what.circumstance][what.goal];
}

std::vector<std::size_t> by_value(limit_outcome const& o) {
  std::vector<std::size_t> places;
  for (auto const& [place, judged] : o.found.tried) places.push_back(place);
  if (!o.what.find->largest) std::reverse(places.begin(), places.end());
  return places;
}

json const& value_at(definition const& d, std::size_t place) { return d.points[place][0].value; }

ordered to_json(limit_outcome const& o) {
  definition const& d = o.what;
  auto const value = [&](std::optional<std::size_t> place) { return place ? value_at(d, *place) : json(nullptr); };
  ordered out = head_json(d);
  out["input"] = d.find->path;
  out["which"] = d.find->largest ? "largest" : "smallest";
  out["from"] = d.find->from;
  out["to"] = d.find->to;
  out["within"] = d.find->within;
  out["outcome"] = ending_name(o.found.how());
  out["answer"] = value(o.found.answer);
  out["beyond"] = value(o.found.beyond);
  out["first_miss"] = miss_json(o);
  out["reversals"] = ordered::array();
  for (std::size_t const place : o.found.reversals) out["reversals"].push_back(ordered(value_at(d, place)));
  out["order"] = ordered::array();
  for (std::size_t const place : o.found.order) out["order"].push_back(ordered(value_at(d, place)));
  out["values"] = ordered::array();
  for (std::size_t const place : by_value(o)) out["values"].push_back(value_json(o, place));
  return out;
}

std::string limit_csv(limit_outcome const& o) {
  sweep::table t;
  t.columns = {o.what.find->path, "outcome",  "runs",  "goal", "circumstance", "bound", "mean", "low", "high",
               "replications",    "headroom", "reason"};
  for (std::size_t const place : by_value(o)) {
    judgement const& j = o.found.tried.at(place);
    json const reason = accepted(j) ? json(nullptr) : json(reason_of(o.what, j));
    std::vector<json> const first{value_at(o.what, place), outcome_name(j), j.runs};
    for (ordered const& g : goals_json(o.what, j)) {
      std::vector<json>& row = t.rows.emplace_back(first);
      for (char const* key : {"goal", "circumstance", "bound", "mean", "low", "high", "replications", "headroom"})
        row.emplace_back(g.at(key));
      row.push_back(reason);
    }
    if (!j.estimates.empty()) continue;
    std::vector<json>& row = t.rows.emplace_back(first); // ruled out without a run
    row.resize(t.columns.size() - 1);
    row.push_back(reason);
  }
  return sweep::csv(t);
}

}
