#include "reports/compare/figures.hpp"

#include "reports/confidence.hpp"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace reports::compare {
namespace {

using namespace sim::records;
using error_kind = figure::error_kind;

/// Degrees of freedom of the interval of one run's percentile: the batches of sim/judge/trend.hpp, less one.
constexpr std::uint64_t batch_degrees = 31;

struct named_percentile {
  char const* name;
  double trend_metric::*value;
  interval trend_metric::*within;
};

constexpr std::array<named_percentile, 5> percentiles = {
    named_percentile{"p50", &trend_metric::p50, &trend_metric::p50_within},
    named_percentile{"p90", &trend_metric::p90, &trend_metric::p90_within},
    named_percentile{"p95", &trend_metric::p95, &trend_metric::p95_within},
    named_percentile{"p99", &trend_metric::p99, &trend_metric::p99_within},
    named_percentile{"p999", &trend_metric::p999, &trend_metric::p999_within}};

/// The batches of one run, or the number of replications.
std::uint64_t degrees_of(std::uint64_t replications, std::uint64_t otherwise) {
  return replications > 1 ? replications - 1 : otherwise;
}

/// Takes the interval across replications, where there is one.
void take(figure& f, std::optional<interval> const& across, std::uint64_t replications) {
  if (!across || replications < 2 || !std::isfinite(across->low) || !std::isfinite(across->high)) return;
  f.kind = error_kind::arms;
  f.within = *across;
  f.degrees = replications - 1;
}

std::optional<interval> of_field(std::map<std::string, interval> const& intervals, std::string const& name) {
  auto const found = intervals.find(name);
  return found == intervals.end() ? std::nullopt : std::optional(found->second);
}

figure of(ratio_metric const& m) {
  figure f;
  f.value = m.value;
  auto const error = m.measured_error ? m.measured_error : m.standard_error;
  if (!error) return f;
  f.standard_error = *error;
  f.kind = error_kind::normal;
  f.degrees = m.measured_error ? degrees_of(m.replications, 0) : 0;
  if (*error > 0) return f;
  f.kind = error_kind::zero_spread;
  f.clusters = m.clusters > 0 ? m.clusters : m.denominator;
  return f;
}

void add(std::map<std::string, figure>& figures, std::string const& name, metric const& m,
         sim::scenario::metric_info const& info) {
  if (auto const* ratio = std::get_if<ratio_metric>(&m)) {
    if (ratio->denominator > 0) figures[name] = of(*ratio);
  } else if (auto const* trend = std::get_if<trend_metric>(&m)) {
    if (trend->count == 0) return;
    for (named_percentile const& p : percentiles) {
      figure& f = figures[name + "." + p.name];
      f.value = trend->*p.value;
      f.within = trend->*p.within;
      f.degrees = batch_degrees;
      if (f.within.high > 0) f.kind = error_kind::arms;
      take(f, of_field(trend->confidence_intervals, p.name), trend->replications);
    }
  } else if (auto const* counter = std::get_if<counter_metric>(&m)) {
    if (!std::isfinite(counter->value)) return;
    figure& f = figures[name];
    f.value = counter->value;
    if (info.kind == sim::scenario::metric_kind::counter) f.kind = error_kind::poisson;
    take(f, counter->confidence_interval, counter->replications);
  }
}

std::string of_event(std::string_view name, event_result const& e) {
  return std::string(name) + "{event:" + e.name + "}";
}

}

std::optional<interval> bounds(figure const& f, double confidence) {
  double const z = deviations(confidence, f.degrees);
  switch (f.kind) {
  case error_kind::none:
    return std::nullopt;
  case error_kind::normal:
    return interval{f.value - z * f.standard_error, f.value + z * f.standard_error};
  case error_kind::arms: {
    double const scale = z / deviations(0.95, f.degrees);
    return interval{f.value - scale * std::max(0.0, f.value - f.within.low),
                    f.value + scale * std::max(0.0, f.within.high - f.value)};
  }
  case error_kind::zero_spread: {
    double const reach = z * z / (static_cast<double>(f.clusters) + z * z);
    return interval{std::max(0.0, f.value - reach), f.value + reach};
  }
  case error_kind::poisson: {
    double const beyond = (1 - confidence) / 2;
    return interval{f.value > 0 ? boost::math::gamma_p_inv(f.value, beyond) : 0,
                    boost::math::gamma_p_inv(f.value + 1, 1 - beyond)};
  }
  }
  return std::nullopt;
}

std::optional<interval> difference(figure const& base, figure const& now, double confidence) {
  auto const b = bounds(base, confidence), n = bounds(now, confidence);
  if (!b || !n) return std::nullopt;
  double const apart = now.value - base.value;
  return interval{apart - std::hypot(now.value - n->low, b->high - base.value),
                  apart + std::hypot(n->high - now.value, base.value - b->low)};
}

std::vector<figure_name> names_of(result const& base, result const& now) {
  std::vector<figure_name> names;
  auto const add_name = [&](figure_name const& n) {
    if (std::find(names.begin(), names.end(), n) == names.end()) names.push_back(n);
  };
  for (sim::scenario::metric_info const& info : sim::scenario::metrics()) {
    std::string const name(info.name);
    if ((info.labels & sim::scenario::by_event) != 0) {
      for (result const* r : {&base, &now})
        for (event_result const& e : r->events) add_name({of_event(name, e), &info});
    } else if (info.kind == sim::scenario::metric_kind::duration) {
      for (named_percentile const& p : percentiles) add_name({name + "." + p.name, &info});
    } else {
      add_name({name, &info});
    }
  }
  return names;
}

std::map<std::string, figure> figures_of(result const& r, std::string const& phase) {
  metric_set const* metrics = &r.metrics;
  for (named_metrics const& p : r.phases)
    if (p.name == phase) metrics = &p.metrics;
  std::map<std::string, figure> figures;
  for (sim::scenario::metric_info const& info : sim::scenario::metrics()) {
    std::string const name(info.name);
    if (auto const found = metrics->find(name); found != metrics->end()) add(figures, name, found->second, info);
  }
  for (event_result const& e : r.events) {
    for (event_figure const& of : sim::records::figures_of(e)) {
      if (!of.value || !phase.empty()) continue;
      figure& f = figures[of_event(of.name, e)];
      f.value = *of.value;
      take(f, of_field(e.confidence_intervals, std::string(of.name)), r.replications ? r.replications->count : 0);
    }
  }
  return figures;
}

}
