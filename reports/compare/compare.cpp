#include "reports/compare/compare.hpp"

#include "base/config/document.hpp"
#include "reports/compare/figures.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>

namespace reports::compare {
namespace {

using namespace sim::records;
using sim::scenario::metric_kind;
using sim::scenario::worse_when;

/// The tolerance that names the row, the most specific first: "latency_ms.p99" before "latency_ms".
std::optional<double> named_tolerance(figure_name const& n, tolerances const& t) {
  for (std::string const& name : {n.name, std::string(n.info->name)})
    if (auto const found = t.named.find(name); found != t.named.end()) return found->second;
  return std::nullopt;
}

bool judged(figure_name const& n, tolerances const& t) {
  if (n.info->worse == worse_when::neither) return false;
  return n.info->kind == metric_kind::ratio || n.info->kind == metric_kind::duration ||
         named_tolerance(n, t).has_value();
}

judgement judge(row const& r, worse_when worse, bool named) {
  if (r.difference_within ? !*r.significant() : !named) return judgement::same;
  double const apart = *r.now - *r.base, worse_by = worse == worse_when::higher ? apart : -apart;
  if (worse_by == 0) return judgement::same;
  if (worse_by < 0) return judgement::better;
  return worse_by > r.tolerance * std::abs(*r.base) ? judgement::regression : judgement::tolerated;
}

void check_comparable(result const& base, result const& now, settings const& s) {
  for (result const* r : {&base, &now}) {
    bool const has = std::any_of(r->phases.begin(), r->phases.end(), [&](auto const& p) { return p.name == s.phase; });
    if (s.phase.empty() || has) continue;
    std::string names;
    for (named_metrics const& p : r->phases) names += (names.empty() ? "" : ", ") + p.name;
    throw config::bad_input("--phase: found '" + s.phase + "', which " + (r == &base ? "BASE" : "NEW") +
                            " does not have; allowed: " + names);
  }
  if (s.force) return;
  if (base.scenario != now.scenario)
    throw config::bad_input("BASE ran scenario '" + one_line(base.scenario) + "', NEW '" + one_line(now.scenario) +
                            "'; allowed: results of one scenario, or --force");
  if (base.engine != now.engine)
    throw config::bad_input("BASE was run by the " + base.engine + " engine, NEW by the " + now.engine +
                            " engine; allowed: results of one engine, or --force");
  for (result const* r : {&base, &now})
    if (!r->load_as_planned || r->verdict == verdict::invalid || r->verdict == verdict::interrupted ||
        r->verdict == verdict::error)
      throw config::bad_input(std::string(r == &base ? "BASE" : "NEW") + ": found a run " +
                              (r->verdict == verdict::interrupted ? "that is interrupted"
                               : r->verdict == verdict::invalid   ? "that is invalid"
                               : r->verdict == verdict::error     ? "whose report is not complete"
                                                                  : "whose load was not as planned") +
                              "; allowed: a run that passed or failed, or --force");
}

/// A tolerance that matches nothing would silently let everything pass.
void check_tolerances(std::vector<row> const& rows, tolerances const& t) {
  for (auto const& [name, share] : t.named) {
    bool const met = std::any_of(rows.begin(), rows.end(), [&, wanted = name](row const& r) {
      bool const same = r.name == wanted || r.name.starts_with(wanted + ".") || r.name.starts_with(wanted + "{");
      return same && r.base && r.now;
    });
    if (!met)
      throw config::bad_input("--tolerance " + name + ": found no " + name +
                              " in both results; allowed: metrics that both have samples of");
  }
}

void add_remarks(comparison& c, result const& base, result const& now) {
  if (base.engine != now.engine) c.remarks.push_back("engines differ: " + base.engine + " and " + now.engine);
  if (base.scenario != now.scenario) c.remarks.push_back("scenarios differ");
  for (invariant_result const& i : now.invariants) {
    auto const before = std::find_if(base.invariants.begin(), base.invariants.end(),
                                     [&](invariant_result const& b) { return b.name == i.name; });
    if (before != base.invariants.end() && before->passed && !i.passed) c.broken_invariants.push_back(i.name);
    if (before != base.invariants.end() && before->exercised && !i.exercised)
      c.remarks.push_back("invariant " + i.name + " is no longer exercised");
  }
}

}

std::optional<bool> row::significant() const {
  if (!difference_within) return std::nullopt;
  return difference_within->low > 0 || difference_within->high < 0;
}

bool comparison::regressed() const {
  return !broken_invariants.empty() ||
         std::any_of(rows.begin(), rows.end(), [](row const& r) { return r.judged == judgement::regression; });
}

comparison compare(result const& base, result const& now, settings const& s) {
  check_comparable(base, now, s);
  auto const before = figures_of(base, s.phase), after = figures_of(now, s.phase);
  auto const has = [](auto const& figures, std::string const& name) {
    auto const found = figures.find(name);
    return found == figures.end() ? nullptr : &found->second;
  };
  comparison c;
  c.inputs = input_differences(base, now);
  auto const names = names_of(base, now);
  auto const tested = std::count_if(names.begin(), names.end(), [&](figure_name const& n) {
    return judged(n, s.tolerance) && has(before, n.name) != nullptr && has(after, n.name) != nullptr;
  });
  c.row_confidence = 1 - (1 - s.confidence) / static_cast<double>(std::max<std::ptrdiff_t>(1, tested));
  for (figure_name const& n : names) {
    figure const *b = has(before, n.name), *a = has(after, n.name);
    if (b == nullptr && a == nullptr) continue;
    if (b == nullptr) c.only_in_new.push_back(n.name);
    if (a == nullptr) c.only_in_base.push_back(n.name);
    row r;
    r.name = n.name;
    r.tolerance = named_tolerance(n, s.tolerance).value_or(s.tolerance.usual);
    if (b != nullptr) r.base = b->value;
    if (a != nullptr) r.now = a->value;
    if (b != nullptr && a != nullptr) {
      r.difference_within = difference(*b, *a, c.row_confidence);
      if (judged(n, s.tolerance)) r.judged = judge(r, n.info->worse, named_tolerance(n, s.tolerance).has_value());
    }
    c.rows.push_back(std::move(r));
  }
  check_tolerances(c.rows, s.tolerance);
  add_remarks(c, base, now);
  return c;
}

}
