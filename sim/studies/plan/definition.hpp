#pragma once

#include "base/config/document.hpp"
#include "base/config/faults.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/studies/plan/search.hpp"
#include "sim/studies/sweep/axes.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sim::plan {

/// The circumstances in which a candidate is run: as it stands, or after a loss.
struct circumstance {
  enum class loss : std::uint8_t { none, proxies, balancers } what = loss::none;
  std::uint32_t count = 0; // of nodes that are lost together

  /// "as it stands", "1 proxy lost".
  std::string text() const;
};

/// An input that may differ from what the file says.
struct input {
  std::string path;
  nlohmann::json low, base, high; // base: null if the file does not set it
  std::size_t line = 0;
};

/// Which value of one input is looked for. The candidates are its values, in order from the end at which the goals are
/// expected to hold: from the smallest if the largest is looked for.
struct wanted_value {
  std::string path;
  bool largest = true; // else the smallest
  nlohmann::json from, to;
  std::string within; // "2%", or a step "50": as it is taken
};

/// The question to `crest-sim plan`, all of it checked.
struct definition {
  std::filesystem::path file;
  config::document base; // overrides applied
  std::string name;
  std::uint64_t seed = 1;
  std::string engine = "virtual";   // or "live"
  std::optional<wanted_value> find; // in place of the cheapest candidate
  sweep::axis_set space;            // with `find`: of one axis
  std::vector<sweep::point> points; // the candidates, as declared
  std::vector<double> prices;       // by candidate; none with `find`
  std::string currency;             // of the prices; empty: not said
  std::vector<goal> goals;
  std::vector<scenario::threshold> asked;      // the goals as thresholds
  std::vector<circumstance> circumstances;     // the first is `none`
  double loss_at_share = 0.05;                 // of the load's duration
  std::optional<scenario::nanoseconds> settle; // nothing: the proxies' lease and 2 s
  plan::rule rule;
  std::vector<input> inputs;

  std::vector<std::string> paths() const; // of the space
  std::string priced(std::string const& price) const { return currency.empty() ? price : price + " " + currency; }
  bool measured() const { return engine == "live"; }
};

/// More candidates than this are refused.
inline constexpr std::size_t max_candidates = 10000;

/// Reads FILE with its section "plan", and loads every candidate's scenario; of values that are looked for the first
/// and the last. Throws `config::bad_input`. `engine`: "virtual" or "live".
definition define(std::filesystem::path const& file, std::vector<std::string> const& overrides,
                  std::string const& engine = "virtual");

/// All that is wrong with the section "plan" of `document`, whose scenario is valid as it stands, a line each. With a
/// section that cannot be read, candidates are not looked at.
void check(config::document const& document, std::filesystem::path const& file, config::faults& found);

/// A definition with an input set to `value`; prices are computed again.
definition with(definition const& d, input const& what, nlohmann::json const& value);

/// A candidate's scenario, its thresholds replaced by the goals: `result.thresholds[g]` is of goal g. After a loss they
/// are judged in the phase that begins when it has settled.
scenario::scenario scenario_of(definition const& d, std::size_t candidate, std::size_t circumstance,
                               std::uint32_t replication);

/// What `search` needs. References `d`.
problem problem_of(definition const& d);

/// What a run says about a candidate. Does not throw; `result.verdict` must not be `interrupted`.
run_values values_of(records::result const& result, std::size_t goals);

}
