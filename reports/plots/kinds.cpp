#include "base/config/document.hpp"
#include "reports/plots/plots.hpp"

#include <algorithm>
#include <array>

namespace reports::plots {
namespace {

constexpr std::array all = {
    kind{"ratio_by_requests", "a sweep", "redirect ratio against requests per character, by number of balancers",
         ratio_by_requests},
    kind{"heatmap", "a sweep", "redirect ratio against two axes", heatmap},
    kind{"percentiles", "summaries", "latency by percentile, a line each", percentiles},
    kind{"knee", "a sweep", "utilisation and p99 against load", knee},
    kind{"recovery", "a report", "redirect ratio over time, with events", recovery},
    kind{"bars", "summaries", "redirect ratio, p99 and hops per request, a bar each", bars},
    kind{"tornado", "a CSV or JSON file", "what moves a result most", tornado},
};

}

std::span<kind const> kinds() { return all; }

figure figure_of(order const& o) {
  auto const found = std::find_if(all.begin(), all.end(), [&](kind const& k) { return k.name == o.kind; });
  if (found != all.end()) return found->draw(o);
  std::vector<std::string> names;
  std::string listed;
  for (kind const& k : all) {
    names.emplace_back(k.name);
    listed += (listed.empty() ? "" : ", ") + names.back();
  }
  auto const near = config::nearest(o.kind, names);
  throw config::bad_input("--kind: found '" + o.kind + "'; allowed: " + listed +
                          (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"));
}

}
