#include "reports/agreement.hpp"

#include "reports/table.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace reports {
namespace {

using nlohmann::ordered_json;
using namespace sim::verify;

std::string number(double value, int digits = 5) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

char const* mark(judgement verdict) {
  switch (verdict) {
  case judgement::agrees:
    return " ✓";
  case judgement::differs:
    return " ✗";
  case judgement::undecided:
    return " undecided";
  }
  return "";
}

std::string value_of(std::optional<statement> const& s) { return s ? number(s->value) : "-"; }

/// "+0.31 se ✓", "-4.9 se undecided"; without a standard error the difference itself.
std::string difference_of(std::optional<comparison> const& c) {
  if (!c) return "";
  std::string const sign = c->difference < 0 ? "" : "+";
  std::string text = "exact";
  if (c->standard_errors) {
    text = sign + fixed(*c->standard_errors, 2) + " se";
  } else if (std::abs(c->difference) > 0) {
    text = sign + number(c->difference);
  }
  return text + mark(c->verdict);
}

std::string power_of(std::optional<comparison> const& c) {
  if (!c) return "";
  if (!c->smallest_seen) return "not known";
  if (c->smallest_seen_share && *c->smallest_seen_share < 1e-8) return "any"; // only rounding differs
  std::string text = number(*c->smallest_seen);
  if (c->smallest_seen_share) text += " (" + number(100 * *c->smallest_seen_share, 2) + " %)";
  return text;
}

unsigned runs_of(std::vector<scenario_agreement> const& all, std::optional<statement> metric_row::*which) {
  unsigned most = 0;
  for (scenario_agreement const& s : all)
    for (metric_row const& row : s.rows)
      if (row.*which) most = std::max(most, (row.*which)->runs);
  return most;
}

std::string heading(char const* name, unsigned runs) {
  return runs > 1 ? std::string(name) + " (" + std::to_string(runs) + " runs)" : name;
}

/// Why a comparison came to `verdict`, if it did.
void explain(std::string& out, judgement verdict, scenario_agreement const& s, metric_row const& row, char const* who,
             std::optional<comparison> const& c) {
  if (!c || c->verdict != verdict) return;
  out += "  " + s.scenario + ": " + row.metric + ": " + who + " is " + number(std::abs(c->difference)) +
         (c->difference > 0 ? " above " : " below ") + c->against + ", allowed " + number(c->allowed) +
         (c->note.empty() ? "" : " (" + c->note + ")") + "\n";
}

ordered_json json_of(statement const& s) {
  ordered_json j{{"value", s.value}};
  if (s.standard_error) j["standard_error"] = *s.standard_error;
  if (s.runs > 0) j["runs"] = s.runs;
  return j;
}

ordered_json json_of(comparison const& c) {
  ordered_json j{{"against", c.against}, {"difference", c.difference}};
  if (c.standard_errors) j["standard_errors"] = *c.standard_errors;
  j["allowed"] = c.allowed;
  j["agrees"] = c.agrees();
  j["undecided"] = c.verdict == judgement::undecided;
  if (c.smallest_seen) j["smallest_seen"] = *c.smallest_seen;
  if (c.smallest_seen_share) j["smallest_seen_share"] = *c.smallest_seen_share;
  if (!c.note.empty()) j["note"] = c.note;
  return j;
}

ordered_json json_of(metric_row const& row) {
  ordered_json j{{"metric", row.metric}};
  auto const put = [&](char const* name, std::optional<statement> const& s, std::optional<comparison> const& c) {
    if (!s) return;
    j[name] = json_of(*s);
    if (c) j[name]["comparison"] = json_of(*c);
  };
  put("theory", row.theory, std::nullopt);
  if (!row.theory_note.empty()) j["theory_note"] = row.theory_note;
  put("virtual", row.simulated, row.simulated_agrees);
  put("gateway", row.gateway, row.gateway_agrees);
  put("nginx", row.nginx, row.nginx_agrees);
  return j;
}

struct column {
  char const* name;
  char const* difference;
  std::optional<statement> metric_row::*said;
  std::optional<comparison> metric_row::*compared;
};
constexpr column columns[] = {{"virtual", "- theory", &metric_row::simulated, &metric_row::simulated_agrees},
                              {"gateway", "difference", &metric_row::gateway, &metric_row::gateway_agrees},
                              {"nginx", "difference", &metric_row::nginx, &metric_row::nginx_agrees}};

/// The difference that each comparison would have found.
std::string powers(std::vector<scenario_agreement> const& all) {
  table rows;
  std::vector<std::string> head{""};
  for (column const& c : columns)
    if (runs_of(all, c.said) > 0) head.emplace_back(c.name);
  rows.row(head);
  bool some = false;
  for (scenario_agreement const& s : all) {
    rows.row({one_line(s.scenario)});
    for (metric_row const& row : s.rows) {
      std::vector<std::string> cells{"  " + row.metric};
      bool compared = false;
      for (column const& c : columns) {
        if (runs_of(all, c.said) == 0) continue;
        cells.push_back(power_of(row.*c.compared));
        compared = compared || row.*c.compared;
      }
      if (compared) rows.row(std::move(cells));
      some = some || compared;
    }
  }
  if (!some) return {};
  return "\npower: the smallest true difference that these runs would have found with a probability of 95 %, where one "
         "in 370\ncomparisons of what is the same is called a difference; in brackets, of the figure that it is held "
         "against\n" +
         rows.text("");
}

bool all_agree(std::vector<scenario_agreement> const& all) {
  return !all.empty() && std::all_of(all.begin(), all.end(), [](scenario_agreement const& s) { return s.agrees; });
}

}

std::string agreement_text(std::vector<scenario_agreement> const& all) {
  table rows;
  std::vector<std::string> head{"", "theory"};
  for (column const& c : columns)
    if (unsigned const runs = runs_of(all, c.said)) head.insert(head.end(), {heading(c.name, runs), c.difference});
  rows.row(head);
  for (scenario_agreement const& s : all) {
    rows.row({one_line(s.scenario)});
    for (metric_row const& row : s.rows) {
      std::vector<std::string> cells{"  " + row.metric, value_of(row.theory)};
      for (column const& c : columns)
        if (runs_of(all, c.said) > 0)
          cells.insert(cells.end(), {value_of(row.*c.said), difference_of(row.*c.compared)});
      rows.row(std::move(cells));
    }
  }
  std::string out = rows.text("");
  out += "\ndifferences in standard errors (se): virtual from theory; gateway and nginx from virtual, or from theory "
         "where there is no virtual run or the notes say so\n" +
         powers(all);
  std::string disagreements, open, notes;
  for (scenario_agreement const& s : all) {
    for (metric_row const& row : s.rows)
      for (column const& c : columns) {
        explain(disagreements, judgement::differs, s, row, c.name, row.*c.compared);
        explain(open, judgement::undecided, s, row, c.name, row.*c.compared);
      }
    for (std::string const& failure : s.failures) disagreements += "  " + s.scenario + ": " + one_line(failure) + "\n";
    for (std::string const& note : s.notes) notes += "  " + s.scenario + ": " + one_line(note) + "\n";
  }
  if (!notes.empty()) out += "\nnotes\n" + notes;
  if (!open.empty()) out += "\nundecided\n" + open;
  if (!disagreements.empty()) out += "\nnot in agreement\n" + disagreements;
  return open.empty() && disagreements.empty() ? out + "\nall agree\n" : out;
}

std::string agreement_json(std::vector<scenario_agreement> const& all) {
  ordered_json j{{"schema_version", 1}, {"agrees", all_agree(all)}, {"scenarios", ordered_json::array()}};
  for (scenario_agreement const& s : all) {
    ordered_json one{{"scenario", s.scenario}, {"agrees", s.agrees}, {"metrics", ordered_json::array()}};
    for (metric_row const& row : s.rows) one["metrics"].push_back(json_of(row));
    one["notes"] = s.notes;
    one["failures"] = s.failures;
    j["scenarios"].push_back(std::move(one));
  }
  return j.dump(2, ' ', false, decltype(j)::error_handler_t::replace) + "\n";
}

}
