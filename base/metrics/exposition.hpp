#pragma once

#include "base/metrics/latency_histogram.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// What programs say of themselves at /metrics (docs/metrics.md).
namespace metrics {

/// The two formats that Prometheus reads: its own text format 0.0.4, and OpenMetrics 1.0, which alone may have
/// exemplars.
enum class format : std::uint8_t { prometheus, openmetrics };

/// OpenMetrics if `accept`, the value of the request's field, prefers it to text/plain.
format format_for(std::string_view accept);
std::string_view content_type(format f);

/// Writes families of samples one after the other. Each family is begun once, and its samples follow.
class exposition {
public:
  /// `prefix`, such as "crest_gateway_", begins each name.
  exposition(format f, std::string_view prefix)
    : format_(f)
    , prefix_(prefix) {}

  /// `name` without `_total`, which its samples get.
  void counter(std::string_view name, std::string_view help) { begin(name, help, "counter"); }
  void gauge(std::string_view name, std::string_view help) { begin(name, help, "gauge"); }
  /// Of latencies in seconds.
  void histogram(std::string_view name, std::string_view help) { begin(name, help, "histogram"); }

  /// Of the family that was begun last.
  void sample(std::uint64_t value, labels const& of = {});
  void sample(double value, labels const& of = {});
  void sample(latency_histogram::snapshot const& value, labels const& of = {});

  /// All of it. The last call.
  std::string text();

private:
  void begin(std::string_view name, std::string_view help, std::string_view type);
  void line(std::string_view suffix, labels const& of, std::string_view value);

  format format_;
  std::string prefix_;
  std::string family_; // with the prefix
  bool counts_ = false;
  std::string out_;
};

}
