#pragma once

#include "sim/scenario/metrics.hpp"
#include "sim/scenario/scenario.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

/// Thresholds as k6 users know them. A threshold is a metric, narrowed by labels, and an expression on it:
///
///   threshold  := metric [ "{" label { "," label } "}" ]
///   label      := name ":" value                      ; phase, balancer, kind, group, reason, …: what the metric has
///   expression := [ aggregate ] operator number [ unit ] [ "@" percent "%" ]
///   aggregate  := "p(" percent ")" | "avg" | "min" | "max" | "med" | "count"    ; of durations: must be there
///               | "rate"                                                        ; of ratios: may be there
///               | "count"                                                       ; of counters: may be there
///               | "value"                                                       ; of values: may be there
///   operator   := "<" | "<=" | ">" | ">=" | "==" | "!="
///   number     := digits [ "." digits ]
///   unit       := "%" (ratios) | "us" | "ms" | "s" (durations; without: ms)
///   percent    := number from 0 to 100; a confidence, above 50 and below 100, with < <= > >= on ratios only
///
/// Blanks may stand between the parts.
namespace sim::scenario {

enum class aggregate : std::uint8_t { none, percentile, average, minimum, maximum, median, count };

struct threshold_expression {
  aggregate of = aggregate::none; // none: the metric's one number
  double percentile = 0;          // of == percentile: 0 to 100
  comparison compare = comparison::less;
  double bound = 0;                 // ratios: as a fraction; durations: milliseconds
  std::optional<double> confidence; // "@95%": 0.95, one-sided
};

/// Throws std::invalid_argument with `found X; allowed: Y`.
threshold_expression parse_expression(std::string_view text, metric_kind kind);

struct metric_reference {
  std::string metric;
  std::map<std::string, std::string> labels;
};

/// Splits `redirect_ratio{phase:steady,reason:cold}` and checks that the metric exists and has these labels (their
/// values are for the caller to check). Throws std::invalid_argument with `found X; allowed: Y; did you mean 'Z'?`.
metric_reference parse_metric(std::string_view text);

/// `< 0.5` and the like, without an aggregate: for `expect_violations`. Throws std::invalid_argument.
std::pair<comparison, double> parse_comparison(std::string_view text);

bool holds(comparison compare, double value, double bound);

std::string_view symbol(comparison compare);

}
