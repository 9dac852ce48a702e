#include "sim/studies/sweep/evaluation.hpp"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <limits>
#include <optional>

namespace sim::sweep {
namespace {

using namespace records;
using json = nlohmann::json;
using ordered = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> verdict_names = {"passed", "failed", "invalid", "interrupted", "error"};

/// "redirect_ratio{reason:cold}" narrowed by a label: "redirect_ratio{phase:steady,reason:cold}".
std::string labelled(std::string const& name, std::string const& label, std::string const& value) {
  std::string const narrowed = label + ":" + value;
  std::size_t const brace = name.find('{');
  if (brace == std::string::npos) return name + "{" + narrowed + "}";
  return name.substr(0, brace + 1) + narrowed + "," + name.substr(brace + 1);
}

void add_event(metric_set& metrics, event_result const& e) {
  for (event_figure const& f : figures_of(e))
    if (f.value) metrics[labelled(std::string(f.name), "event", e.name)] = counter_metric{*f.value};
}

/// As reports write it.
std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, value);
  return text;
}

template<class T>
ordered optional(std::optional<T> const& value) {
  return value ? ordered(*value) : ordered(nullptr);
}

struct metric_writer {
  ordered operator()(ratio_metric const& m) const {
    return {{"value", m.value},
            {"numerator", m.numerator},
            {"denominator", m.denominator},
            {"theory", optional(m.theory)},
            {"standard_error", optional(m.standard_error)},
            {"theory_note", m.theory_note},
            {"measured_error", optional(m.measured_error)}};
  }
  ordered operator()(trend_metric const& m) const {
    ordered out = {{"count", m.count}, {"p50", m.p50}, {"p90", m.p90},   {"p95", m.p95}, {"p99", m.p99},
                   {"p999", m.p999},   {"max", m.max}, {"mean", m.mean}, {"min", m.min}};
    out["p50_within"] = {m.p50_within.low, m.p50_within.high};
    out["p99_within"] = {m.p99_within.low, m.p99_within.high};
    return out;
  }
  ordered operator()(counter_metric const& m) const { return {{"value", m.value}}; }
};

/// null stands for numbers that JSON does not have.
double number(json const& written) {
  return written.is_null() ? std::numeric_limits<double>::quiet_NaN() : written.get<double>();
}

std::optional<double> optional_number(json const& written) {
  return written.is_null() ? std::nullopt : std::optional(written.get<double>());
}

interval interval_from(json const& written) { return {number(written.at(0)), number(written.at(1))}; }

metric metric_from(json const& m) {
  if (m.contains("numerator")) {
    return ratio_metric{number(m.at("value")),
                        m.at("numerator").get<std::uint64_t>(),
                        m.at("denominator").get<std::uint64_t>(),
                        optional_number(m.at("theory")),
                        optional_number(m.at("standard_error")),
                        m.at("theory_note").get<std::string>(),
                        optional_number(m.at("measured_error"))};
  }
  if (!m.contains("count")) return counter_metric{number(m.at("value"))};
  trend_metric t{m.at("count").get<std::uint64_t>(),
                 number(m.at("p50")),
                 number(m.at("p90")),
                 number(m.at("p95")),
                 number(m.at("p99")),
                 number(m.at("p999")),
                 number(m.at("max")),
                 number(m.at("mean")),
                 number(m.at("min"))};
  t.p50_within = interval_from(m.at("p50_within"));
  t.p99_within = interval_from(m.at("p99_within"));
  return t;
}

}

evaluation evaluation_of(result const& r) {
  evaluation e{r.verdict, r.reasons, r.history_hash ? hexadecimal(*r.history_hash) : std::string(), r.metrics};
  if (r.phases.size() > 1) {
    for (named_metrics const& phase : r.phases) {
      for (auto const& [name, metric] : phase.metrics) e.metrics[labelled(name, "phase", phase.name)] = metric;
    }
  }
  for (auto const& [label, sets] : {std::pair("group", &r.groups), std::pair("kind", &r.kinds)})
    for (named_metrics const& set : *sets)
      for (auto const& [name, metric] : set.metrics) e.metrics[labelled(name, label, set.name)] = metric;
  for (event_result const& event : r.events) add_event(e.metrics, event);
  return e;
}

ordered to_json(evaluation const& e) {
  ordered metrics = ordered::object();
  for (auto const& [name, metric] : e.metrics) metrics[name] = std::visit(metric_writer{}, metric);
  return {{"verdict", verdict_name(e.verdict)},
          {"reasons", e.reasons},
          {"history_hash", e.history_hash},
          {"metrics", std::move(metrics)}};
}

evaluation evaluation_from(json const& written) {
  evaluation e;
  auto const verdict = written.at("verdict").get<std::string>();
  for (std::size_t i = 0; i < verdict_names.size(); ++i) {
    if (verdict_names[i] == verdict) e.verdict = static_cast<records::verdict>(i);
  }
  e.reasons = written.at("reasons").get<std::vector<std::string>>();
  e.history_hash = written.at("history_hash").get<std::string>();
  for (auto const& [name, metric] : written.at("metrics").items()) e.metrics[name] = metric_from(metric);
  return e;
}

std::string_view verdict_name(records::verdict verdict) { return verdict_names[static_cast<std::size_t>(verdict)]; }

}
