#include "base/config/document.hpp"
#include "reports/plot.hpp"
#include "reports/plots/plots.hpp"
#include "reports/read_summary.hpp"

namespace reports::plots {

figure recovery(order const& o) {
  if (o.results.size() != 1)
    throw config::bad_input("--kind recovery: found " + std::to_string(o.results.size()) +
                            " results; allowed: one, the --out directory of a run");
  auto const result = read_with_timeseries(o.results.front());
  if (result.timeseries.empty())
    throw config::bad_input(o.results.front().string() + ": found no time slices; allowed: a run with requests");
  return recovery_figure(result);
}

}
