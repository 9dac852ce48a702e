#include "sim/cli/limit_text.hpp"

#include "reports/figure.hpp"
#include "reports/table.hpp"
#include "reports/wording.hpp"
#include "sim/cli/plan_text.hpp"
#include "sim/studies/plan/reading.hpp"
#include "sim/studies/plan/report.hpp"
#include "sim/theory/proxy_queues.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

namespace sim::cli {
namespace {

using plan::ending;

std::string named(plan::limit_outcome const& o, std::size_t place) {
  return o.what.find->path + "=" + sweep::plain_text(plan::value_at(o.what, place));
}

/// Of an estimate: "57.1 (55 to 59.2)".
std::string shown(std::optional<plan::estimate> const& e) {
  if (!e) return "not run";
  if (!e->mean) return "no samples";
  std::string text = reports::short_number(*e->mean);
  if (e->low < e->high) text += " (" + reports::short_number(e->low) + " to " + reports::short_number(e->high) + ")";
  return text;
}

std::string first_miss_text(plan::limit_outcome const& o) {
  auto const miss = plan::first_miss_of(o);
  if (!miss) return "";
  plan::definition const& d = o.what;
  std::string text = "What breaks first: " + d.goals[miss->goal].text();
  if (d.circumstances.size() > 1) text += " (" + d.circumstances[miss->circumstance].text() + ")";
  text += "\n";
  if (o.found.answer)
    text += "  at " + named(o, *o.found.answer) + ": " + shown(plan::estimate_at(o, *o.found.answer, *miss)) + "\n";
  plan::judgement const& j = o.found.tried.at(miss->place);
  bool const ruled_out = j.estimates.empty();
  text += "  at " + named(o, miss->place) + ": " +
          (ruled_out ? j.why : shown(plan::estimate_at(o, miss->place, *miss)) + ", " + std::string(outcome_name(j)));
  return text + "\n";
}

std::string reversals_text(plan::limit_outcome const& o) {
  if (o.found.reversals.empty()) return "";
  std::string text = "Not one limit but several: ";
  for (std::size_t const place : o.found.reversals)
    text += (place == o.found.reversals.front() ? "" : "; ") + named(o, place) + " is " +
            (o.what.find->largest ? "below" : "above") + " the answer and " +
            std::string(outcome_name(o.found.tried.at(place))) + ": " +
            plan::reason_of(o.what, o.found.tried.at(place));
  return text + "\n";
}

/// The first part of a reason, which is cut where it is long.
std::string short_reason(plan::limit_outcome const& o, plan::judgement const& j) {
  constexpr std::size_t longest = 120;
  std::string reason = plan::reason_of(o.what, j);
  if (j.invalid) reason.erase(std::min(reason.find(';'), reason.size())); // the outcome says that it is
  constexpr std::string_view invalid = "invalid: ";
  return reports::shortened(reason.starts_with(invalid) ? reason.substr(invalid.size()) : reason, longest);
}

std::string values_text(plan::limit_outcome const& o) {
  std::vector<std::size_t> const places = plan::by_value(o);
  reports::table t;
  t.row({"Values tried", "runs", "outcome"});
  for (std::size_t const place : places) {
    plan::judgement const& j = o.found.tried.at(place);
    std::string const mark = o.found.answer == place ? "* " : "  ";
    t.row({mark + named(o, place), std::to_string(j.runs), std::string(plan::outcome_name(j))});
  }
  std::istringstream lines(t.text(""));
  std::string text, line;
  for (std::size_t n = 0; std::getline(lines, line); ++n) { // the first has the heads
    bool const refused = n > 0 && o.found.tried.at(places[n - 1]).how != plan::fate::accepted;
    text += line + (refused ? "  " + short_reason(o, o.found.tried.at(places[n - 1])) : "") + "\n";
  }
  return text;
}

/// What the limit cannot be beyond.
std::string theory_text(plan::limit_outcome const& o) {
  if (!o.found.answer) return "";
  auto const asked_for = utilisation_by_theory(o.what, *o.found.answer);
  if (!asked_for) return "";
  std::string text = "Theory: the proxies' servers are asked for " + reports::fixed(100 * *asked_for, 1) +
                     " % of their time at the answer";
  if (o.what.find->path == "load.rate_rps" && *asked_for > 0)
    text +=
        ", all of it at " + reports::short_number(plan::value_at(o.what, *o.found.answer).get<double>() / *asked_for);
  if (*asked_for >= 1)
    text += "; queues grow for as long as the load lasts, and a longer load would miss the goals: make it longer";
  return text + "\n";
}

/// Why the limit is not known.
std::string untold_text(plan::limit_outcome const& o) {
  if (o.found.how() != ending::untold) return "";
  std::size_t const place = o.found.answer ? *o.found.beyond : 0;
  return "At " + named(o, place) + " the load could not be issued as planned, which says nothing of the topology: " +
         o.found.tried.at(place).why + "\n";
}

}

std::optional<double> utilisation_by_theory(plan::definition const& d, std::size_t place) {
  auto const choice = theory::load_of_proxies(plan::scenario_of(d, place, 0, 0));
  return choice.load && choice.load->servers > 0 ? std::optional(choice.load->utilisation) : std::nullopt;
}

std::string limit_sentence(plan::limit_outcome const& o) {
  plan::wanted_value const& find = *o.what.find;
  std::string const sure = plan::confidence_text(o.what.rule), which = find.largest ? "largest" : "smallest",
                    end = find.largest ? "to" : "from";
  switch (o.found.how()) {
  case ending::inside:
    return named(o, *o.found.answer) + " is the " + which + " at which all goals hold, " + sure;
  case ending::at_end:
    return named(o, *o.found.answer) + ", the " + which + " that was asked about, is one at which all goals hold, " +
           sure + ": the limit lies beyond '" + end + "'";
  case ending::nowhere:
    return "no value of " + find.path + " that was tried meets all goals, from " + named(o, 0) + " on";
  case ending::untold:
    return o.found.answer
               ? named(o, *o.found.answer) + " is one at which all goals hold, " + sure + "; the limit is not known"
               : "whether the goals hold at " + named(o, 0) + " is not known";
  }
  return "";
}

std::string limit_text(plan::limit_outcome const& o) {
  std::string text = o.what.name + ": " + limit_sentence(o) + " (" + std::string(reports::how(o.what.engine)) + ")\n" +
                     untold_text(o) + "\n";
  if (o.found.answer) text += goals_text(o.what, o.found.tried.at(*o.found.answer)) + "\n";
  text += first_miss_text(o) + reversals_text(o) + theory_text(o);
  if (text.back() != '\n' || !text.ends_with("\n\n")) text += "\n";
  return text + values_text(o) + std::to_string(o.found.order.size()) + " of " + std::to_string(o.what.points.size()) +
         " values, within " + o.what.find->within + " of each other\n";
}

}
