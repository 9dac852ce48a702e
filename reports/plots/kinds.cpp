#include "base/config/document.hpp"
#include "base/config/joined.hpp"
#include "reports/plots/plots.hpp"

#include <algorithm>
#include <array>

namespace reports::plots {
namespace {

constexpr unsigned of_a_sweep = choice::metric | choice::x | choice::phase | choice::where | choice::title;

constexpr std::array all = {
    kind{"ratio_by_requests", "a sweep", "redirect ratio against requests per character, by number of balancers",
         of_a_sweep | choice::line, ratio_by_requests},
    kind{"heatmap", "a sweep", "redirect ratio against two axes", of_a_sweep | choice::y, heatmap},
    kind{"percentiles", "summaries", "latency by percentile, a line each", choice::metric | choice::title, percentiles},
    kind{"knee", "a sweep", "utilisation and p99 against load", of_a_sweep | choice::line, knee},
    kind{"recovery", "a report", "redirect ratio, failures by cause and latency over time, with events", 0, recovery},
    kind{"sweep_bars", "a sweep", "redirect ratio of each value of an axis, a bar with its interval each",
         of_a_sweep | choice::line, sweep_bars},
    kind{"bars", "summaries", "redirect ratio, p99 and hops per request, a bar each", 0u | choice::title, bars},
    kind{"tornado", "a CSV or JSON file", "what moves a result most", choice::metric | choice::title, tornado},
    kind{"limit", "a plan with find", "a goal against the input, with its bound and the answer",
         choice::metric | choice::title, limit},
};

}

std::span<kind const> kinds() { return all; }

figure figure_of(order const& o) {
  auto const found = std::find_if(all.begin(), all.end(), [&](kind const& k) { return k.name == o.kind; });
  if (found != all.end()) {
    check_choices(o, *found);
    return found->draw(o);
  }
  std::vector<std::string> names;
  for (kind const& k : all) names.emplace_back(k.name);
  throw config::bad_input("--kind: found '" + o.kind + "'; allowed: " + config::joined(names) +
                          config::did_you_mean(o.kind, names));
}

}
