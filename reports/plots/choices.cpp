// What of an order a kind does not use, and what a sweep does not have: said, not ignored.
#include "base/config/document.hpp"
#include "base/config/joined.hpp"
#include "reports/plots/sweep_table.hpp"

#include <algorithm>
#include <set>

namespace reports::plots {
namespace {

struct flag {
  choice which;
  char const* name;
  bool (*given)(order const&);
};

constexpr flag flags[] = {
    {choice::metric, "--metric", [](order const& o) { return !o.metric.empty(); }},
    {choice::x, "--x", [](order const& o) { return !o.x.empty(); }},
    {choice::y, "--y", [](order const& o) { return !o.y.empty(); }},
    {choice::line, "--line", [](order const& o) { return !o.line.empty(); }},
    {choice::phase, "--phase", [](order const& o) { return !o.phase.empty(); }},
    {choice::where, "--where", [](order const& o) { return !o.where.empty(); }},
    {choice::title, "--title", [](order const& o) { return !o.title.empty(); }},
};

std::string listed(std::vector<std::string> const& names) { return names.empty() ? "none" : config::joined(names); }

config::bad_input unknown(std::string const& option, std::string const& found, std::vector<std::string> const& names,
                          std::string const& otherwise) {
  return config::bad_input(option + ": found '" + found + "'; allowed: " + (names.empty() ? otherwise : listed(names)) +
                           config::did_you_mean(found, names));
}

/// Columns of results: behind the verdict, without the reasons. All, in a table of another shape.
std::vector<std::string> metric_columns(csv_table const& t) {
  std::size_t first = 0;
  for (char const* last : {"history_hash", "verdict"})
    if (auto const at = t.find(last)) first = std::max(first, *at + 1);
  std::vector<std::string> names(t.columns.begin() + static_cast<std::ptrdiff_t>(first), t.columns.end());
  std::erase(names, "reasons");
  return names;
}

/// "redirect_ratio_numerator" is no metric of its own.
bool is_part(std::string const& name) {
  for (char const* part : {"_numerator", "_denominator", "_theory", "_standard_error", "_measured_error", "_count",
                           "_p50_low", "_p50_high", "_p99_low", "_p99_high"})
    if (name.ends_with(part)) return true;
  return false;
}

}

void check_choices(order const& o, kind const& k) {
  for (flag const& f : flags) {
    if (!f.given(o) || k.takes(f.which)) continue;
    std::vector<std::string> others;
    for (kind const& other : kinds())
      if (other.takes(f.which)) others.emplace_back(other.name);
    throw config::bad_input(std::string(f.name) + ": found with --kind " + std::string(k.name) +
                            ", which does not use it; allowed: with " + listed(others));
  }
}

std::vector<std::string> phases_in(csv_table const& t) {
  constexpr std::string_view mark = "{phase:";
  std::vector<std::string> names; // in the table's order
  for (std::string const& column : t.columns) {
    std::size_t const at = column.find(mark);
    if (at == std::string::npos) continue;
    std::size_t const from = at + mark.size();
    std::string const name = column.substr(from, column.find_first_of(",}", from) - from);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

void check_phase(csv_table const& t, std::string const& phase) {
  auto const names = phases_in(t);
  if (phase.empty() || std::find(names.begin(), names.end(), phase) != names.end()) return;
  throw unknown("--phase", phase, names, "no --phase, since the runs of " + t.name + " have none of their own");
}

config::bad_input unknown_metric(csv_table const& t, std::string const& column, std::string const& asked,
                                 std::string const& phase) {
  std::vector<std::string> names;
  std::string const label = "{phase:" + phase + "}";
  for (std::string const& name : metric_columns(t)) {
    std::size_t const brace = std::min(name.find('{'), name.size());
    bool const fits = phase.empty() ? brace == name.size() : name.substr(brace) == label;
    if (fits && !is_part(name.substr(0, brace))) names.push_back(name.substr(0, brace));
  }
  return unknown(asked.empty() ? t.name : "--metric", asked.empty() ? column : asked, names, "a sweep with results");
}

}
