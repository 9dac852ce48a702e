// The section "find" of a plan: which values of which input there are to try.
#include "base/config/schema.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/plan/reading.hpp"

#include <algorithm>
#include <cmath>

namespace sim::plan {
namespace {

using nlohmann::json;
using pointer = json::json_pointer;

constexpr std::size_t most_values = 100000; // between from and to
constexpr double least_percent = 0.1, most_percent = 50;
constexpr double live_percent = 5; // at least: what is measured is never the same twice, and takes its time

class find_reader {
public:
  find_reader(definition const& d, std::string const& path, json const& written)
    : d_(d)
    , at_(pointer("/plan/find") / path)
    , written_(written)
    , whole_(config::wants_whole_number(scenario::schema(), target_of(d.base, at_, path, "a value")))
    , from_(bound("from"))
    , to_(bound("to")) {
    if (from_ >= to_)
      fail("to",
           "found " + written_.at("to").dump() + "; allowed: more than from, which is " + written_.at("from").dump());
    if (d.measured() && path.starts_with("virtual"))
      throw d.base.error_at(at_, "found an input of simulated time with --engine live; allowed: another input, or "
                                 "--engine virtual");
    json const within = written.value("within", json(d.measured() ? "5%" : "2%"));
    within.is_string() ? take_percent(within.get<std::string>()) : take_step(within.get<double>());
  }

  /// Ascending.
  std::vector<json> const& values() const { return values_; }
  std::string const& within() const { return within_; }

private:
  [[noreturn]] void fail(char const* key, std::string const& message) const {
    throw d_.base.error_at(at_ / key, message);
  }

  double bound(char const* key) const {
    double const value = written_.at(key).get<double>();
    if (whole_ && std::nearbyint(value) != value)
      fail(key, "found " + written_.at(key).dump() + "; allowed: a whole number, as the input is one");
    return value;
  }

  /// Equal ratios between neighbours.
  void take_percent(std::string const& text) {
    double const asked = percent_in(text);
    if (asked < least_percent || asked > most_percent)
      fail("within", "found \"" + text + "\"; allowed: from 0.1% to 50%, or a step such as 10");
    if (from_ <= 0)
      fail("from", "found " + written_.at("from").dump() + "; allowed: more than 0, since within is a percentage");
    double const percent = d_.measured() ? std::max(asked, live_percent) : asked;
    within_ = sweep::plain_text(sweep::number(percent)) + "%";
    auto const intervals = static_cast<std::size_t>(std::ceil(std::log(to_ / from_) / std::log1p(percent / 100)));
    check_count(static_cast<double>(intervals));
    take(sweep::log_spaced(from_, to_, std::max<std::size_t>(1, intervals) + 1));
  }

  /// Equal differences, the last one perhaps smaller.
  void take_step(double step) {
    if (step > to_ - from_)
      fail("within", "found " + written_.at("within").dump() + "; allowed: a step of at most " +
                         sweep::plain_text(sweep::number(to_ - from_)) +
                         ", which lie between from and to, or a percentage");
    if (whole_ && std::nearbyint(step) != step)
      fail("within", "found " + written_.at("within").dump() +
                         "; allowed: a whole number, as the input is one, or a "
                         "percentage such as \"2%\"");
    within_ = sweep::plain_text(sweep::number(step));
    double const intervals = std::ceil((to_ - from_) / step - 1e-9);
    check_count(intervals);
    auto values = sweep::linear_spaced(from_, from_ + intervals * step, static_cast<std::size_t>(intervals) + 1);
    values.back() = to_;
    take(values);
  }

  void check_count(double intervals) const {
    if (intervals + 1 > static_cast<double>(most_values))
      fail("within", "found more than " + std::to_string(most_values) + " values between from and to; allowed: fewer");
  }

  void take(std::vector<double> const& values) {
    for (double const value : values) {
      json number = sweep::number(whole_ ? std::nearbyint(value) : value);
      if (values_.empty() || values_.back() != number) values_.push_back(std::move(number));
    }
  }

  definition const& d_;
  pointer at_;
  json const& written_;
  bool whole_;
  double from_, to_;
  std::string within_;
  std::vector<json> values_;
};

/// What only simulated time can tell.
void check_live(definition const& d) {
  pointer const survive("/plan/survive/balancers");
  if (d.base.root().contains(survive) && d.base.root().at(survive) != 0)
    throw d.base.error_at(survive, "found with --engine live, whose clients do not go to other balancers; allowed: 0, "
                                   "or --engine virtual");
  for (scenario::threshold const& t : d.asked)
    if (t.metric.starts_with("utilisation"))
      throw d.base.error_at(pointer("/plan/goals") / t.written, "found with --engine live, which does not measure it; "
                                                                "allowed: another metric, or --engine virtual");
}

}

void read_find(definition& d) {
  json const& find = d.base.root().at("plan").at("find"); // of one key, as the schema says
  std::string const path = find.begin().key();
  json const& written = find.begin().value();
  find_reader const reader(d, path, written);
  if (d.measured()) check_live(d);
  bool const largest = written.value("which", "largest") == "largest";
  d.find = wanted_value{path, largest, written.at("from"), written.at("to"), reader.within()};
  sweep::axis axis{path, {}, d.base.line_of(pointer("/plan/find") / path)};
  for (json const& value : reader.values()) axis.values.push_back({value, ""});
  if (!largest) std::reverse(axis.values.begin(), axis.values.end());
  d.space = {{std::move(axis)}, sweep::combination::grid};
  d.points = sweep::expand(d.space);
}

}
