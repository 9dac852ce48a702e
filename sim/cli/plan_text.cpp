#include "sim/cli/plan_text.hpp"

#include "reports/table.hpp"
#include "sim/studies/plan/reading.hpp"

#include <cstdio>

namespace sim::cli {
namespace {

using plan::fate;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string number(std::optional<double> const& value, char const* without) { return value ? number(*value) : without; }

std::string values_of(plan::definition const& d, std::size_t candidate) {
  return sweep::describe(d.paths(), sweep::shown_of(d.points[candidate]));
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", 100 * share);
  return text;
}

}

std::string goals_text(plan::definition const& d, plan::judgement const& j) {
  reports::table t;
  t.row({"Goal", "value", "from", "to", "head-room", "replications"});
  for (std::size_t c = 0; c < j.estimates.size(); ++c)
    for (std::size_t g = 0; g < j.estimates[c].size(); ++g) {
      plan::estimate const& e = j.estimates[c][g];
      t.row({"  " + d.goals[g].text() + (c == 0 ? "" : " (" + d.circumstances[c].text() + ")"), number(e.mean, "-"),
             e.mean ? number(e.low) : "-", e.mean ? number(e.high) : "-",
             e.mean ? percent(-plan::shortfall(d.goals[g], *e.mean)) : "-", std::to_string(e.count)});
    }
  return t.text("");
}

namespace {

std::string neighbours_text(plan::outcome const& o) {
  plan::definition const& d = o.what;
  auto const neighbours = plan::cheaper_neighbours(d, *o.found.answer);
  if (neighbours.empty()) return "No topology of the space is one step cheaper.\n";
  std::string text = "One step cheaper does not do:\n";
  reports::table t;
  for (plan::neighbour const& n : neighbours)
    t.row({"  " + d.space.axes[n.axis].path + "=" + sweep::plain_text(d.points[n.candidate][n.axis].shown()) + ": " +
               plan::reason_of(d, o.found.candidates[n.candidate]),
           "price " + d.priced(number(d.prices[n.candidate]))});
  return text + t.text("");
}

/// "redirect_ratio <0.06 (as it stands), head-room 3.1 %".
std::string goal_text(plan::outcome const& o, plan::binding const& b) {
  plan::estimate const& e = o.found.candidates[*o.found.answer].estimates[b.circumstance][b.goal];
  return o.what.goals[b.goal].text() + " (" + o.what.circumstances[b.circumstance].text() + ")" +
         (e.mean ? ", head-room " + percent(-plan::shortfall(o.what.goals[b.goal], *e.mean)) : std::string());
}

std::string binding_text(plan::outcome const& o) {
  auto const bound = plan::binding_of(o.what, o.found);
  if (!bound) return "";
  std::string const goal = goal_text(o, *bound);
  if (!plan::binding_is_shown(o.what, o.found)) return "Nearest to its bound: " + goal + "\n";
  std::string text = "What binds: " + goal + ", which the dearest of these misses";
  auto const nearest = plan::least_headroom(o.what, o.found);
  bool const same = nearest && nearest->goal == bound->goal && nearest->circumstance == bound->circumstance;
  if (nearest && !same) text += "; nearest to its bound as it is: " + goal_text(o, *nearest);
  return text + "\n";
}

/// What may lie beyond the space.
std::string edges_text(plan::outcome const& o) {
  std::string text;
  for (plan::edge const& e : plan::edges_of(o.what, *o.found.answer)) {
    sweep::axis const& axis = o.what.space.axes[e.axis];
    text += (text.empty() ? "" : "; ") + axis.path + "=" +
            sweep::plain_text(o.what.points[*o.found.answer][e.axis].shown()) + " is its " +
            (e.first ? "first" : "last") + " of " + std::to_string(axis.values.size());
  }
  return text.empty() ? "" : "At the edge of the space, beyond which nothing was looked at: " + text + "\n";
}

/// What became of the candidates, by what ruled them out.
std::string tally_text(plan::outcome const& o) {
  std::size_t ruled_out = 0, refused = 0, not_needed = 0;
  for (plan::judgement const& j : o.found.candidates) {
    ruled_out += j.how == fate::ruled_out;
    refused += j.how == fate::refused;
    not_needed += j.how == fate::not_needed;
  }
  return std::to_string(o.what.points.size()) + " topologies: " + std::to_string(ruled_out) +
         " ruled out without a run, " + std::to_string(refused) + " refused, " + std::to_string(not_needed) +
         " dearer ones not needed\n";
}

std::string tornado_text(plan::outcome const& o) {
  if (o.tornado.empty()) return "";
  reports::table t;
  t.row({"Sensitivity", "low", "high", "price low", "price high", "binding low", "binding high"});
  for (plan::tornado_bar const& b : o.tornado)
    t.row({"  " + b.what.path, sweep::plain_text(b.what.low), sweep::plain_text(b.what.high),
           number(b.price_low, "none"), number(b.price_high, "none"), number(b.metric_low, "-"),
           number(b.metric_high, "-")});
  return "\n" + t.text("");
}

}

std::string plan_text(plan::outcome const& o) {
  plan::definition const& d = o.what;
  std::string text;
  if (o.found.answer) {
    text = d.name + ": the cheapest that meets all goals" + (d.rule.replications > 1 ? " " : ", ") +
           plan::confidence_text(d.rule) + "\n  " + values_of(d, *o.found.answer) + "\n  price " +
           d.priced(number(d.prices[*o.found.answer])) + "\n\n" + goals_text(d, o.found.candidates[*o.found.answer]) +
           "\n" + neighbours_text(o) + binding_text(o) + edges_text(o);
  } else {
    text = d.name + ": no topology of the space meets all goals\n";
    if (auto const miss = plan::nearest_miss(d, o.found)) {
      text += "The nearest miss:\n  " + values_of(d, *miss) + "\n  price " + d.priced(number(d.prices[*miss])) +
              "\n  " + plan::reason_of(d, o.found.candidates[*miss]) + "\n";
      if (!o.found.candidates[*miss].estimates.empty()) text += "\n" + goals_text(d, o.found.candidates[*miss]) + "\n";
    }
  }
  return text + tally_text(o) + tornado_text(o);
}

}
