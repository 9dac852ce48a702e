#include "sim/studies/plan/reading.hpp"

#include "base/config/joined.hpp"
#include "base/config/schema.hpp"
#include "base/config/units.hpp"
#include "sim/scenario/load.hpp"
#include "sim/scenario/threshold.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

namespace sim::plan {
namespace {

using nlohmann::json;
using pointer = json::json_pointer;

/// Runs of a value at most, live, unless the plan says so.
constexpr std::uint32_t live_replications = 3;

/// Some of `allowed`, and the one that is nearest to `word`.
std::string some_of(std::vector<std::string> const& allowed, std::string const& word) {
  std::vector<std::string> some = allowed;
  some.resize(std::min<std::size_t>(some.size(), 20));
  return config::joined(some) + config::did_you_mean(word, allowed);
}

void read_goals(definition& d, scenario::scenario const& s, config::faults& found) {
  pointer const at("/plan/goals");
  d.asked = scenario::thresholds_at(d.base, at, s, found);
  for (scenario::threshold const& t : d.asked) {
    auto const e = scenario::parse_expression(t.expression, scenario::find_metric(t.metric)->kind);
    if (e.confidence) {
      throw d.base.error_at(at / t.written, "found '" + t.expression +
                                                "', a confidence of one run; allowed: without @, and plan.confidence "
                                                "for what the replications together must show");
    }
    d.goals.push_back({t.written, t.expression, e.compare, e.bound});
  }
}

void read_space(definition& d, config::faults& found) {
  d.space = sweep::read_axes(d.base, pointer("/plan/space"), sweep::combination::grid, found);
  for (sweep::axis const& a : d.space.axes)
    if (a.path.starts_with("plan"))
      throw d.base.error_at(pointer("/plan/space") / a.path, "found an axis that varies the plan; allowed: a value of "
                                                             "the scenario");
  d.points = sweep::expand(d.space);
  if (d.points.size() > max_candidates)
    throw d.base.error_at(pointer("/plan/space"), "found " + std::to_string(d.points.size()) +
                                                      " candidates; allowed: at most " +
                                                      std::to_string(max_candidates) + ", with fewer values or axes");
}

/// A plan looks either for the cheapest candidate or for a value.
void check_question(definition const& d) {
  json const& plan = d.base.root().at("plan");
  pointer const at("/plan");
  bool const find = plan.contains("find");
  for (char const* key : {"space", "prices"})
    if (!find && !plan.contains(key))
      throw d.base.error_at(at, std::string("found no key '") + key +
                                    "'; allowed: an object with goals, and either find, or prices and space");
  for (char const* key : {"space", "prices", "currency", "sensitivity"})
    if (find && plan.contains(key))
      throw d.base.error_at(at / key, std::string("found beside 'find'; allowed: either find, for one topology, or "
                                                  "prices and space, with sensitivity"));
  if (d.measured() && !find)
    throw config::bad_input("--engine: found live with a plan that chooses a topology (" + d.file.string() +
                            ": plan.space), which can take thousands of runs on more machines than this one; allowed: "
                            "virtual, or live with plan.find");
}

void read_losses(definition& d, scenario::scenario const& s) {
  d.circumstances = {{}};
  pointer const at("/plan/survive");
  if (!d.base.root().contains(at)) return;
  json const& survive = d.base.root().at(at);
  if (s.load.kind == scenario::load_kind::trace)
    throw d.base.error_at(at, "found a loss in the replay of a trace, whose length is not known before; allowed: with "
                              "another load.kind");
  using loss = circumstance::loss;
  if (auto const count = survive.value("proxies", 0u); count > 0) d.circumstances.push_back({loss::proxies, count});
  if (auto const count = survive.value("balancers", 0u); count > 0) d.circumstances.push_back({loss::balancers, count});
  if (d.circumstances.size() == 1)
    throw d.base.error_at(at, "found nothing that is lost; allowed: proxies or balancers of 1 or more");
  d.loss_at_share = survive.value("at_share", d.loss_at_share);
  if (survive.contains("settle") && survive.contains("settle_ms"))
    throw d.base.error_at(at / "settle_ms", "found both 'settle' and 'settle_ms'; allowed: one of them");
  if (survive.contains("settle")) d.settle = config::parse_duration(survive["settle"].get<std::string>());
  if (survive.contains("settle_ms"))
    d.settle = scenario::nanoseconds(std::llround(survive["settle_ms"].get<double>() * 1e6));
}

void read_rule(definition& d) {
  json const& plan = d.base.root().at("plan");
  d.rule.replications = plan.value("replications", d.measured() ? live_replications : d.rule.replications);
  std::string const text = plan.value("confidence", "95%");
  double const percent = percent_in(text);
  if (percent <= 50)
    throw d.base.error_at(pointer("/plan/confidence"),
                          "found \"" + text + "\"; allowed: above 50% and below 100%, such as \"95%\"");
  d.rule.confidence = percent / 100;
}

/// Reads one input of the sensitivity.
class input_reader {
public:
  input_reader(definition const& d, std::string path)
    : d_(d)
    , at_(pointer("/plan/sensitivity") / path)
    , path_(std::move(path)) {}

  input read(json const& written) const {
    for (sweep::axis const& a : d_.space.axes)
      if (a.path == path_) fail("found an axis of the space; allowed: what the plan does not choose");
    std::size_t const line = d_.base.line_of(at_);
    pointer const target = target_of(d_.base, at_, path_, "an input");
    json const base = d_.base.root().contains(target) ? d_.base.root().at(target) : json();
    if (written.is_array()) return {path_, written[0], base, written[1], line};
    if (!base.is_number())
      fail("found " + written.dump() + " of " + (base.is_null() ? "no value in the file" : config::shown(base)) +
           "; allowed: with a number in the file, or a list [LOW, HIGH]");
    double const share = percent_in(written.get<std::string>().substr(2)) / 100; // behind "±" or "+-": two bytes each
    bool const whole = config::wants_whole_number(scenario::schema(), target);
    double const value = base.get<double>();
    return {path_, number(value * (1 - share), whole), base, number(value * (1 + share), whole), line};
  }

private:
  [[noreturn]] void fail(std::string const& message) const { throw d_.base.error_at(at_, message); }

  static json number(double value, bool whole) {
    return sweep::number(whole ? std::nearbyint(value) : std::nearbyint(value * 1e9) / 1e9);
  }

  definition const& d_;
  pointer at_;
  std::string path_;
};

}

pointer target_of(config::document const& document, pointer const& at, std::string const& path, std::string_view what) {
  config::document probe = document;
  pointer const target = probe.set(path, nullptr, document.line_of(at));
  for (char const* own : {"/plan", "/axes"})
    if (target.to_string().starts_with(own))
      throw document.error_at(at, "found " + std::string(what) + " of the plan; allowed: a value of the scenario");
  return target;
}

double percent_in(std::string_view text) {
  double percent = 0;
  std::from_chars(text.data(), text.data() + text.size(), percent);
  return percent;
}

price_list::price_list(config::document const& document, sweep::axis_set const& space) {
  pointer const at("/plan/prices");
  std::map<std::string, double*> const nodes{
      {"balancers", &balancers_}, {"proxies", &proxies_}, {"redis", &redis_}, {"sols", &sols_}};
  std::vector<std::string> paths;
  for (auto const& [node, price] : nodes) paths.push_back(node);
  for (sweep::axis const& a : space.axes) paths.push_back(a.path);
  for (auto const& [key, written] : document.root().at(at).items()) {
    if (written.is_number()) {
      *nodes.at(key) = written.get<double>(); // of one of them, as the schema says
      continue;
    }
    auto const found =
        std::find_if(space.axes.begin(), space.axes.end(), [&, &path = key](auto const& a) { return a.path == path; });
    if (found == space.axes.end())
      throw document.error_at(at / key, "found prices of '" + key +
                                            "', which is no axis of plan.space; allowed: " + some_of(paths, key));
    extra e{static_cast<std::size_t>(found - space.axes.begin()), per::candidate, {}};
    if (key.starts_with("topology.balancers")) e.what = per::balancer;
    if (key.starts_with("topology.proxies")) e.what = per::proxy;
    if (key.starts_with("topology.sols")) e.what = per::sol;
    std::vector<std::string> values;
    for (sweep::axis_value const& value : found->values) values.push_back(sweep::plain_text(value.shown()));
    for (auto const& [value, price] : written.items()) {
      if (std::find(values.begin(), values.end(), value) == values.end())
        throw document.error_at(at / key / value, "found the price of a value that the axis does not have; allowed: " +
                                                      some_of(values, value));
      e.by_value[value] = price.get<double>();
    }
    extras_.push_back(std::move(e));
  }
}

double price_list::of(scenario::scenario const& s, sweep::point const& values) const {
  double balancers = 0;
  for (scenario::balancer_group const& group : s.topology.balancers) balancers += group.count;
  double const proxies = s.topology.proxies.count, sols = s.topology.sols.count;
  double const redis = scenario::has_redis(s) ? 1 : 0;
  double sum = balancers * balancers_ + proxies * proxies_ + sols * sols_ + redis * redis_;
  for (extra const& e : extras_) {
    auto const price = e.by_value.find(sweep::plain_text(values[e.axis].shown()));
    if (price == e.by_value.end()) continue;
    double const times = e.what == per::balancer ? balancers
                         : e.what == per::proxy  ? proxies
                         : e.what == per::sol    ? sols
                                                 : 1;
    sum += price->second * times;
  }
  return std::nearbyint(sum * 1e6) / 1e6; // so that equal prices are equal however they are added up
}

void read_plan(definition& d, scenario::scenario const& s, config::faults& found) {
  found.good([&] { read_goals(d, s, found); });
  if (found.good([&] { check_question(d); }))
    found.good([&] { d.base.root().at("plan").contains("find") ? read_find(d) : read_space(d, found); });
  found.good([&] { read_losses(d, s); });
  found.good([&] { read_rule(d); });
  if (pointer const currency("/plan/currency"); d.base.root().contains(currency))
    d.currency = d.base.root().at(currency).get<std::string>();
  pointer const at("/plan/sensitivity");
  if (!d.base.root().contains(at)) return;
  for (auto const& [path, written] : d.base.root().at(at).items()) {
    input_reader const reader(d, path);
    json const& range = written;
    found.good([&] { d.inputs.push_back(reader.read(range)); });
  }
}

}
