// What the command line says of tolerances and confidence.
#include "base/config/document.hpp"
#include "reports/compare/compare.hpp"
#include "reports/csv.hpp"
#include "sim/scenario/metrics.hpp"

#include <array>

namespace reports::compare {
namespace {

using sim::scenario::metric_info;
using sim::scenario::metric_kind;
using sim::scenario::worse_when;

constexpr std::array<std::string_view, 5> percentiles = {"p50", "p90", "p95", "p99", "p999"};

std::vector<std::string> names_with_direction() {
  std::vector<std::string> names;
  for (metric_info const& m : sim::scenario::metrics()) {
    if (m.worse == worse_when::neither) continue;
    names.emplace_back(m.name);
    if (m.kind != metric_kind::duration) continue;
    for (std::string_view const p : percentiles) names.push_back(std::string(m.name) + "." + std::string(p));
  }
  return names;
}

void check_name(std::string const& option, std::string const& name) {
  std::string const whole = name.substr(0, name.find('{')); // an event's name may be anything
  auto const names = names_with_direction();
  for (std::string const& known : names)
    if (known == whole) return;
  if (sim::scenario::find_metric(whole) != nullptr)
    throw config::bad_input(option + ": found '" + name +
                            "', of which neither more nor less is worse; allowed: a "
                            "metric that can get worse");
  throw config::bad_input(option + ": found '" + name +
                          "', which is no metric; allowed: METRIC or METRIC.p99, as in "
                          "docs/scenarios.md" +
                          config::did_you_mean(whole, names));
}

/// "5%" is 0.05.
std::optional<double> share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  auto const percent = to_number(text.substr(0, text.size() - 1));
  return percent ? std::optional(*percent / 100) : std::nullopt;
}

}

void read_tolerance(std::string const& text, tolerances& out) {
  std::size_t const equals = text.rfind('=');
  std::string const name = equals == std::string::npos ? "" : text.substr(0, equals);
  auto const value = share(equals == std::string::npos ? text : text.substr(equals + 1));
  if (!value || *value < 0 || (equals != std::string::npos && name.empty()))
    throw config::bad_input("--tolerance: found '" + text + "'; allowed: METRIC=5%, or 5% for all that is judged");
  if (name.empty()) {
    out.usual = *value;
    return;
  }
  check_name("--tolerance", name);
  out.named[name] = *value;
}

double read_confidence(std::string const& text) {
  auto const value = share(text);
  if (!value || *value <= 0.5 || *value >= 1)
    throw config::bad_input("--confidence: found '" + text + "'; allowed: a share between 50% and 100%, such as 95%");
  return *value;
}

}
