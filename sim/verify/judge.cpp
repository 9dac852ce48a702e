#include "sim/verify/judge.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sim::verify {
namespace {

constexpr double three_sigma_tail = 0.0013498980316301; // of the normal distribution, one side
constexpr double allowed_by_issue = 0.001;              // of theory's value, where simulated time is held against it

double mean_of(std::vector<double> const& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// `floor`: what is allowed whatever the error is.
comparison compare(std::string against, double value, double reference, std::optional<double> standard_error,
                   double multiple, double floor) {
  comparison c;
  c.against = std::move(against);
  c.difference = value - reference;
  double const rounding = 1e-9 * std::max(std::abs(value), std::abs(reference));
  c.allowed = std::max({floor, rounding, standard_error ? multiple * *standard_error : 0.0});
  if (standard_error && *standard_error > 0) c.standard_errors = c.difference / *standard_error;
  c.agrees = std::abs(c.difference) <= c.allowed;
  if (!standard_error && !c.agrees) c.note = "no standard error is known: more runs would show one";
  return c;
}

std::optional<double> trend_value(measure::trend_metric const& t, std::string const& aggregate) {
  if (t.count == 0) return std::nullopt;
  if (aggregate == "p50") return t.p50;
  if (aggregate == "p99") return t.p99;
  return t.mean;
}

/// "redirect_ratio{phase:steady}" → the phase's metrics and "redirect_ratio"; "latency_ms.p99" → "latency_ms", "p99".
struct metric_name {
  std::string base, phase, aggregate;

  explicit metric_name(std::string const& text)
    : base(text) {
    std::string const label = "{phase:";
    if (auto const at = base.find(label); at != std::string::npos) {
      phase = base.substr(at + label.size(), base.size() - at - label.size() - 1);
      base.resize(at);
    }
    if (auto const dot = base.find('.'); dot != std::string::npos) {
      aggregate = base.substr(dot + 1);
      base.resize(dot);
    }
  }

  measure::metric const* in(measure::result const& r) const {
    measure::metric_set const* set = phase.empty() ? &r.metrics : nullptr;
    for (measure::named_metrics const& p : r.phases)
      if (!phase.empty() && p.name == phase) set = &p.metrics;
    if (!set) return nullptr;
    auto const found = set->find(base);
    return found == set->end() ? nullptr : &found->second;
  }
};

}

double sample::mean() const { return mean_of(values); }

std::optional<double> sample::deviation() const {
  if (values.size() < 2) return std::nullopt;
  double const middle = mean();
  double squares = 0;
  for (double const x : values) squares += (x - middle) * (x - middle);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

sample sample_of(std::vector<measure::result> const& results, std::string const& metric) {
  metric_name const name(metric);
  sample s;
  for (measure::result const& r : results) {
    measure::metric const* const m = name.in(r);
    if (!m) continue;
    if (auto const* ratio = std::get_if<measure::ratio_metric>(m)) {
      if (ratio->denominator == 0) continue;
      s.values.push_back(ratio->value);
      if (ratio->theory && ratio->standard_error) {
        s.expected.push_back(*ratio->theory);
        s.expected_errors.push_back(*ratio->standard_error);
      }
    } else if (auto const* trend = std::get_if<measure::trend_metric>(m)) {
      if (auto const value = trend_value(*trend, name.aggregate)) s.values.push_back(*value);
    } else {
      s.values.push_back(std::get<measure::counter_metric>(*m).value);
    }
  }
  return s;
}

std::optional<run_error> error_of_run(theory::prediction const* theory, std::vector<sample const*> const& samples) {
  if (theory && theory->value && theory->standard_error) return run_error{*theory->standard_error, 3};
  for (sample const* s : samples) {
    auto const deviation = s->deviation();
    if (!deviation) continue;
    boost::math::students_t const t(static_cast<double>(s->values.size() - 1));
    return run_error{*deviation, boost::math::quantile(boost::math::complement(t, three_sigma_tail))};
  }
  return std::nullopt;
}

statement state(sample const& s, std::optional<run_error> const& error) {
  statement what{s.mean(), std::nullopt, static_cast<unsigned>(s.values.size())};
  if (error) what.standard_error = error->deviation / std::sqrt(static_cast<double>(s.values.size()));
  return what;
}

comparison against_theory(sample const& s, double theory, double relative_error,
                          std::optional<run_error> const& error) {
  std::optional<double> standard_error;
  if (error) standard_error = error->deviation / std::sqrt(static_cast<double>(s.values.size()));
  double const floor = std::max(allowed_by_issue, relative_error) * std::abs(theory);
  return compare("theory", s.mean(), theory, standard_error, error ? error->multiple : 3, floor);
}

comparison against_conditioned_theory(sample const& s) {
  double variance = 0;
  for (double const e : s.expected_errors) variance += e * e;
  double const runs = static_cast<double>(s.expected.size()), expected = mean_of(s.expected);
  return compare("theory", s.mean(), expected, std::sqrt(variance) / runs, 3, allowed_by_issue * std::abs(expected));
}

comparison against_simulation(sample const& live, sample const& simulated, std::optional<run_error> const& error) {
  std::optional<double> standard_error;
  if (error)
    standard_error = error->deviation * std::sqrt(1 / static_cast<double>(live.values.size()) +
                                                  1 / static_cast<double>(simulated.values.size()));
  return compare("virtual", live.mean(), simulated.mean(), standard_error, error ? error->multiple : 3, 0);
}

}
