// Names of columns in pictures.
#include "reports/plots/sweep_table.hpp"
#include "sim/scenario/metrics.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace reports::plots {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> known = {{
    {"topology.balancers", "balancers"},
    {"topology.balancers.count", "balancers"},
    {"topology.balancers.guess", "guess policy"},
    {"topology.balancers.shared_map", "shared map"},
    {"topology.balancers.cache", "cache"},
    {"topology.balancers.token_map", "token map, bytes per balancer"},
    {"topology.proxies.count", "proxies"},
    {"topology.proxies.servers", "servers per proxy"},
    {"load.requests_per_character", "requests per character"},
    {"load.rate_rps", "load, requests per second"},
    {"population.characters", "characters"},
    {"population.logged_in", "share of characters logged in"},
    {"population.popularity.zipf", "Zipf exponent of popularity"},
    {"redirect_ratio", "redirects per request"},
    {"hops_per_request", "hops per request"},
    {"utilisation", "utilisation of proxies, %"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> parts = {{{"_p50", "p50"},
                                                                                 {"_p90", "p90"},
                                                                                 {"_p95", "p95"},
                                                                                 {"_p99", "p99"},
                                                                                 {"_p999", "p99.9"},
                                                                                 {"_max", "maximum"},
                                                                                 {"_mean", "mean"}}};

/// "phase:steady,reason:cold" as words.
std::string spaced(std::string labels) {
  std::replace(labels.begin(), labels.end(), ':', ' ');
  return labels;
}

/// "latency p99, milliseconds" for latency_ms_p99.
std::string metric_label(std::string const& name) {
  for (auto const& [suffix, part] : parts) {
    if (!name.ends_with(std::string("_ms") + std::string(suffix))) continue;
    std::string base = name.substr(0, name.size() - suffix.size() - 3);
    std::replace(base.begin(), base.end(), '_', ' ');
    return base + " " + std::string(part) + ", milliseconds";
  }
  auto const* info = sim::scenario::find_metric(name);
  if (info == nullptr) return name;
  std::string words = name;
  std::replace(words.begin(), words.end(), '_', ' ');
  return words + (info->unit == "s" ? ", seconds" : "");
}

}

std::string label_of(std::string const& column) {
  std::size_t const brace = std::min(column.find('{'), column.size());
  std::string const name = column.substr(0, brace), labels = column.substr(brace);
  std::string const suffix =
      labels.empty() ? "" : " (" + spaced(labels.substr(1, labels.size() - (labels.ends_with('}') ? 2 : 1))) + ")";
  for (auto const& [key, label] : known)
    if (key == name) return std::string(label) + suffix;
  return metric_label(name) + suffix;
}

std::string metric_label_of(order const& o, std::string const& column) {
  std::string const phase = "{phase:" + o.phase + "}";
  return label_of(!o.phase.empty() && column.ends_with(phase) ? column.substr(0, column.size() - phase.size())
                                                              : column);
}

std::string words_of(std::string const& label) { return label.substr(0, label.find(", ")); }

std::string as_title(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}
