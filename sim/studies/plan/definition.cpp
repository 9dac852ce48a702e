#include "sim/studies/plan/definition.hpp"

#include "sim/scenario/load.hpp"
#include "sim/scenario/metrics.hpp"
#include "sim/scenario/node_names.hpp"
#include "sim/studies/plan/reading.hpp"
#include "sim/studies/plan/theory.hpp"
#include "sim/studies/sweep/definition.hpp"
#include "sim/studies/sweep/fingerprint.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace sim::plan {
namespace {

using config::bad_input;
using nlohmann::json;

constexpr char const* after_loss = "after the loss";

double in_ms(scenario::nanoseconds t) { return static_cast<double>(t.count()) / 1e6; }

config::document document_of(definition const& d, std::size_t candidate) {
  config::document document = d.base;
  for (std::size_t i = 0; i < d.space.axes.size(); ++i)
    document.set(d.space.axes[i].path, d.points[candidate][i].value, d.space.axes[i].line);
  return document;
}

std::string plural(std::uint32_t count, char const* one, char const* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

/// The first of the nodes that are lost.
std::vector<std::string> victims(scenario::scenario const& s, circumstance const& c) {
  if (c.what == circumstance::loss::proxies) return scenario::proxy_names(c.count);
  std::vector<std::string> names;
  if (c.what == circumstance::loss::balancers)
    for (scenario::balancer_identity const& b : scenario::balancers_of(s))
      if (names.size() < c.count && !b.event) names.push_back(b.name);
  return names;
}

/// Adds the loss to the document, and a phase in which the goals are judged.
void lose(config::document& document, definition const& d, scenario::scenario const& s, circumstance const& c) {
  std::size_t const line = document.line_of(json::json_pointer("/plan/survive"));
  bool const closed = s.load.kind == scenario::load_kind::closed;
  double const at = d.loss_at_share * in_ms(s.load.duration);
  double const settled = at + in_ms(d.settle.value_or(s.topology.proxies.lease + std::chrono::seconds(2)));
  if (!closed && settled >= 0.9 * in_ms(s.load.duration)) {
    throw document.error_at(json::json_pointer("/plan/survive"),
                            "found a load that ends " + std::to_string(std::llround(in_ms(s.load.duration))) +
                                " ms after its start, and a loss that has settled after " +
                                std::to_string(std::llround(settled)) +
                                " ms; allowed: a settle so short, or a load so long, that a tenth of it is left");
  }
  json events = document.root().value("events", json::array());
  for (std::string const& node : victims(s, c))
    events.push_back({{"kill", node}, {closed ? "at_share" : "at_ms", closed ? d.loss_at_share : at}});
  json before = {{"name", "before"}};
  before[closed ? "until_share" : "until_ms"] = closed ? 0.3 : settled;
  document.set("events", std::move(events), line);
  document.set("phases", json::array({before, {{"name", after_loss}}}), line);
  document.set("thresholds", json::object(), line);
  if (c.what == circumstance::loss::balancers) document.set("virtual.failover", true, line);
}

/// The goals as they are judged after a loss.
std::vector<scenario::threshold> after(std::vector<scenario::threshold> asked) {
  for (scenario::threshold& t : asked)
    if ((scenario::find_metric(t.metric)->labels & scenario::by_phase) != 0) t.labels["phase"] = after_loss;
  return asked;
}

/// Nodes of a kind that a candidate has, and loses in the worst circumstance.
std::optional<objection> nobody_left(definition const& d, scenario::scenario const& s) {
  std::uint32_t balancers = 0;
  for (scenario::balancer_group const& group : s.topology.balancers) balancers += group.count;
  for (circumstance const& c : d.circumstances) {
    if (c.what == circumstance::loss::none) continue;
    std::uint32_t const there = c.what == circumstance::loss::proxies ? s.topology.proxies.count : balancers;
    if (c.count >= there) return objection{std::nullopt, std::nullopt, c.text() + ": none would be left"};
  }
  return std::nullopt;
}

void compute_prices(definition& d, config::faults& found) {
  std::optional<price_list> prices;
  if (!found.good([&] { prices.emplace(d.base, d.space); })) return;
  d.prices.clear();
  for (std::size_t i = 0; i < d.points.size(); ++i)
    found.good([&] { d.prices.push_back(prices->of(scenario::load_document(document_of(d, i), d.file), d.points[i])); },
               " (at candidate " + std::to_string(i) + ": " + sweep::describe(d.paths(), sweep::shown_of(d.points[i])) +
                   ")");
}

/// How late requests may be sent when a value is looked for, so that it is not the limit of what sends them: latency
/// counts from when they should have been, so this is a fifth of the least bound on it. Chosen.
scenario::nanoseconds allowed_lag(definition const& d) {
  scenario::nanoseconds least = scenario::nanoseconds::max();
  for (std::size_t g = 0; g < d.goals.size(); ++g) {
    bool const of_time = scenario::find_metric(d.asked[g].metric)->kind == scenario::metric_kind::duration;
    if (of_time && d.goals[g].expression.find("count") == std::string::npos)
      least = std::min(least, scenario::nanoseconds(std::llround(std::abs(d.goals[g].bound) * 1e6 / 5)));
  }
  return least;
}

/// Loads the scenarios that may be invalid for some candidates: the ends of the space after each loss.
void check_losses(definition const& d) {
  for (std::size_t candidate : {std::size_t{0}, d.points.size() - 1})
    if (!nobody_left(d, scenario_of(d, candidate, 0, 0)))
      for (std::size_t c = 0; c < d.circumstances.size(); ++c) scenario_of(d, candidate, c, 0);
}

}

std::string circumstance::text() const {
  switch (what) {
  case loss::none:
    return "as it stands";
  case loss::proxies:
    return plural(count, "proxy", "proxies") + " lost";
  case loss::balancers:
    return plural(count, "balancer", "balancers") + " lost";
  }
  return "";
}

std::vector<std::string> definition::paths() const {
  std::vector<std::string> result;
  for (sweep::axis const& a : space.axes) result.push_back(a.path);
  return result;
}

namespace {

/// Fills in what the section says; `d` has file and document. What is wrong with it is a line each of `found`.
void read(definition& d, scenario::scenario const& s, config::faults& found) {
  d.name = s.name;
  d.seed = s.seed;
  read_plan(d, s, found);
  if (!found.empty()) return;
  if (!d.find) compute_prices(d, found);
  if (!found.empty()) return;
  found.good([&] { check_losses(d); });
  for (input const& i : d.inputs)
    for (json const* value : {&i.low, &i.high})
      found.good([&] {
        definition varied = d;
        varied.base.set(i.path, *value, i.line);
        check_losses(varied);
      });
}

}

definition define(std::filesystem::path const& file, std::vector<std::string> const& overrides,
                  std::string const& engine) {
  definition d;
  d.file = file;
  d.engine = engine;
  d.base = config::document::load(file);
  for (std::string const& assignment : overrides) d.base.set(assignment);
  sweep::refuse_stdin(d.base);
  scenario::scenario const s = scenario::load_document(d.base, file);
  if (!d.base.root().contains("plan"))
    throw bad_input(file.string() + ": found no key 'plan'; allowed: a scenario that says what to plan for");
  config::faults found;
  read(d, s, found);
  found.throw_first();
  return d;
}

void check(config::document const& document, std::filesystem::path const& file, config::faults& found) {
  if (!document.root().contains("plan")) return;
  definition d;
  d.file = file;
  d.base = document;
  config::faults own;
  read(d, scenario::load_document(document, file), own);
  for (std::size_t i = 0; i < own.size(); ++i) found.add(own.line(i));
}

definition with(definition const& d, input const& what, json const& value) {
  definition result = d;
  result.base.set(what.path, value, what.line);
  if (!what.path.starts_with("topology")) return result;
  config::faults found;
  compute_prices(result, found);
  found.throw_first();
  return result;
}

scenario::scenario scenario_of(definition const& d, std::size_t candidate, std::size_t circumstance,
                               std::uint32_t replication) {
  config::document document = document_of(d, candidate);
  if (replication > 0) document.set("seed", sweep::replication_seed(d.seed, replication), 0);
  plan::circumstance const& c = d.circumstances[circumstance];
  scenario::scenario s = scenario::load_document(document, d.file);
  bool const loss = c.what != plan::circumstance::loss::none;
  if (loss) {
    lose(document, d, s, c);
    s = scenario::load_document(document, d.file);
  }
  s.thresholds = loss ? after(d.asked) : d.asked;
  if (d.find) s.load.max_schedule_lag = std::min(s.load.max_schedule_lag, allowed_lag(d));
  return s;
}

problem problem_of(definition const& d) {
  problem p;
  p.prices = d.prices;
  p.goals = d.goals;
  p.circumstances = d.circumstances.size();
  p.rule = d.rule;
  p.objects = [&d](std::size_t candidate) {
    scenario::scenario const s = scenario_of(d, candidate, 0, 0);
    auto const objection = nobody_left(d, s);
    return objection ? objection : too_few_proxies(s, d.goals, d.asked);
  };
  return p;
}

run_values values_of(records::result const& result, std::size_t goals) {
  run_values out;
  out.values.resize(goals);
  for (std::size_t g = 0; g < goals && g < result.thresholds.size(); ++g) out.values[g] = result.thresholds[g].value;
  if (result.verdict == records::verdict::invalid && !result.reasons.empty()) out.refusal = result.reasons.front();
  out.invalid = !out.refusal.empty();
  for (records::invariant_result const& i : result.invariants)
    if (!i.passed && out.refusal.empty()) out.refusal = "invariant " + i.name + " is violated";
  return out;
}

}
