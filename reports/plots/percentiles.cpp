#include "config/document.hpp"
#include "reports/plots/summaries.hpp"
#include "reports/wording.hpp"

#include <algorithm>

namespace reports::plots {
namespace {

/// Nines as people name them, at their place 1/(1 - p).
constexpr char const* tics = "('0 %%' 1, '50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1000, '99.99 %%' 10000, "
                             "'99.999 %%' 100000, '99.9999 %%' 1000000, '99.99999 %%' 10000000)";

}

figure percentiles(order const& o) {
  std::string const metric = o.metric.empty() ? "latency_ms" : o.metric;
  auto const results = read_summaries(o);
  std::string data, plot;
  double low = 0, high = 0;
  std::size_t longest = 0;
  for (std::size_t n = 0; n != results.size(); ++n) {
    auto const* trend = find_metric<sim::measure::trend_metric>(results[n].result, metric);
    if (trend == nullptr || trend->percentiles.empty())
      throw config::bad_input(o.results[n].string() + ": found no percentiles of " + metric +
                              "; allowed: a summary with metrics." + metric + ".percentiles, as this crest-sim writes");
    longest = std::max(longest, results[n].name.size());
    data += (n == 0 ? "# " : "\n\n# ") + results[n].name + ": percent, milliseconds\n";
    for (auto const& p : trend->percentiles) {
      data += data_number(p.percent) + " " + data_number(p.ms) + "\n";
      if (p.ms > 0) low = low == 0 ? p.ms : std::min(low, p.ms);
      high = std::max(high, p.ms);
    }
    plot += (n == 0 ? "plot " : ", \\\n     ") + std::string(data_mark) + " index " + std::to_string(n) +
            " using (1/(1-$1/100)):2 with linespoints lw 1.5 ps 0.6 pi 5 " + line_style(n) + " title " +
            gnuplot_string(results[n].name);
  }
  std::string label = metric;
  if (metric == "latency_ms") label = "latency, milliseconds";
  figure f;
  f.data = data;
  f.commands = frame_commands({o.title.empty() ? "Latency by percentile" : o.title, caption_of(results),
                               "percentile (each step to the right: ten times as rare)", label}) +
               "set grid xtics ytics lt 1 lc rgb '#DDDDDD'\nset logscale x\nset xrange [1:*]\nset xtics " + tics +
               "\n" + key_commands(longest) +
               (low > 0 && high > 50 * low
                    ? "set logscale y\nset yrange [" + data_number(0.8 * low) + ":" + data_number(1.25 * high) + "]\n"
                    : "set yrange [0:*]\nset offsets 0,0,graph 0.05,0\n") +
               plot + "\n";
  return f;
}

}
