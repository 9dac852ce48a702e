#include "reports/markdown.hpp"

#include "reports/compare/compare.hpp"
#include "reports/wording.hpp"

#include <cmath>
#include <cstdio>

namespace reports::compare {
namespace {

using namespace sim::records;

/// Five digits: two results often differ only after the third.
std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) >= 1e5 && std::abs(value) < 1e15 ? "%.0f" : "%.5g", value);
  return text;
}

std::string with_sign(double value, std::string const& text) { return (value > 0 ? "+" : "") + text; }

std::string relative(row const& r) {
  double const apart = *r.now - *r.base;
  if (apart == 0) return "0 %";
  if (*r.base == 0) return "from 0";
  double const percent = 100 * apart / std::abs(*r.base);
  int const digits = std::abs(percent) >= 100 ? 0 : std::abs(percent) >= 1 ? 1 : 2;
  return with_sign(percent, fixed(percent, digits)) + " %";
}

std::string significance(row const& r) {
  auto const s = r.significant();
  return !s ? "no error known" : *s ? "yes" : "no";
}

std::string verdict_of(row const& r) {
  switch (r.judged) {
  case judgement::not_judged:
    return "";
  case judgement::same:
    return "same";
  case judgement::better:
    return "better";
  case judgement::tolerated:
    return "worse, within " + short_number(100 * r.tolerance) + " %";
  case judgement::regression:
    return "**regression** (allowed " + short_number(100 * r.tolerance) + " %)";
  }
  return "";
}

std::string line(row const& r) {
  double const apart = *r.now - *r.base;
  return "| " + markdown_text(r.name) + " | " + number(*r.base) + " | " + number(*r.now) + " | " +
         with_sign(apart, number(apart)) + " | " + relative(r) + " | " + significance(r) + " | " + verdict_of(r) +
         " |\n";
}

std::string const heading = "| metric | base | new | difference | relative | significant | verdict |\n"
                            "| --- | ---: | ---: | ---: | ---: | --- | --- |\n";

std::string run_of(std::string_view title, result const& r) {
  return "- " + std::string(title) + ": " + markdown_text(r.scenario) + ", " + r.engine + " engine, seed " +
         std::to_string(r.seed) + ", " + std::string(verdict_name(r.verdict)) + "\n";
}

std::string listed(std::string const& title, std::vector<std::string> const& names) {
  if (names.empty()) return "";
  std::string out;
  for (std::string const& name : names) out += (out.empty() ? "" : ", ") + markdown_text(name);
  return "- " + title + ": " + out + "\n";
}

std::string headline(comparison const& c) {
  std::size_t worse = c.broken_invariants.size();
  for (row const& r : c.rows) worse += r.judged == judgement::regression ? 1 : 0;
  if (worse == 0) return "### No regression\n\n";
  return "### " + std::to_string(worse) + (worse == 1 ? " regression\n\n" : " regressions\n\n");
}

}

std::string markdown(comparison const& c, result const& base, result const& now, settings const& s) {
  std::string out = headline(c) + run_of("base", base) + run_of("new", now);
  if (!s.phase.empty()) out += "- phase: " + markdown_text(s.phase) + "\n";
  if (c.inputs.empty()) out += "- inputs: the same\n";
  if (!c.inputs.empty()) {
    out += "- inputs differ:\n";
    for (std::string const& line : c.inputs) out += "  - " + markdown_text(line) + "\n";
  }
  out += listed("**broken invariants**", c.broken_invariants) + listed("only in BASE", c.only_in_base) +
         listed("only in NEW", c.only_in_new);
  for (std::string const& remark : c.remarks) out += "- " + markdown_text(remark) + "\n";
  std::string judged, others;
  for (row const& r : c.rows)
    if (r.base && r.now) (r.judged == judgement::not_judged ? others : judged) += line(r);
  if (!judged.empty()) out += "\n" + heading + judged;
  if (!others.empty()) out += "\n<details><summary>not judged</summary>\n\n" + heading + others + "\n</details>\n";
  return out + "\nSignificant: chance explains no difference as large, at " + short_number(100 * s.confidence) +
         " % for all judged rows together.\n";
}

}
