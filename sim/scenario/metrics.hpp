#pragma once

#include "sim/scenario/failure_cause.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The catalogue of what a run measures: thresholds name these, sim/judge computes them, reports print them.
namespace sim::scenario {

enum class metric_kind : std::uint8_t {
  ratio,    // numerator ÷ denominator, both counted; may exceed 1
  counter,  // a number of things
  duration, // a distribution, milliseconds
  value     // one number, such as a rate or a time
};

/// In which direction a metric gets worse. neither: more or less of it is no judgement (requests, sessions created).
enum class worse_when : std::uint8_t { neither, higher, lower };

/// Which labels a metric can be narrowed by. A set of bits.
enum metric_label : std::uint8_t {
  by_phase = 1,
  by_balancer = 2,
  by_kind = 4, // of balancers: all of the kind
  by_reason = 8,
  by_event = 16,
  by_cause = 32,  // of failed requests
  by_status = 64, // of failed requests that have one
  by_group = 128  // of balancers: all of the group
};

struct metric_info {
  std::string_view name;
  metric_kind kind;
  std::uint8_t labels; // metric_label bits
  worse_when worse;
  std::string_view unit;        // "", "ms", "s", "requests", "1/s"
  std::string_view description; // one line
};

/// All metrics, in the order in which reports list them.
std::span<metric_info const> metrics();

/// The metric of that name, or nullptr.
metric_info const* find_metric(std::string_view name);

std::vector<std::string> metric_names();

/// The reasons of a redirect (docs/TERMS.md), in the order in which reports list them.
std::span<std::string_view const> redirect_reasons();

/// The causes of a failed request (docs/TERMS.md), in the order in which reports list them.
std::span<std::string_view const> failure_causes();

/// The names of the labels in `bits`: "phase", "balancer", "kind", "group", "reason", "cause", "status",
/// "event".
std::vector<std::string> label_names(std::uint8_t bits);

}
