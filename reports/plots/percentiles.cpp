#include "base/config/document.hpp"
#include "reports/plots/summaries.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>

namespace reports::plots {
namespace {

/// The usual nines, at their place 1/(1 - p).
constexpr char const* tics = "'0 %%' 1, '50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1000, '99.99 %%' 10000, "
                             "'99.999 %%' 100000, '99.9999 %%' 1000000, '99.99999 %%' 10000000";

}

figure percentiles(order const& o) {
  std::string const metric = o.metric.empty() ? "latency_ms" : o.metric;
  auto const results = read_summaries(o);
  std::string data, plot;
  extent x, y;
  bool const any_whole = std::any_of(results.begin(), results.end(), [&](named_result const& r) {
    auto const* trend = find_metric<sim::records::trend_metric>(r.result, metric);
    return trend != nullptr && !trend->percentiles.empty() && trend->percentiles.back().percent >= 100;
  });
  std::string const place = any_whole ? "($1<100?1/(1-$1/100):whole)" : "(1/(1-$1/100))";
  std::size_t longest = 0;
  for (std::size_t n = 0; n != results.size(); ++n) {
    auto const* trend = find_metric<sim::records::trend_metric>(results[n].result, metric);
    if (trend == nullptr && !o.metric.empty()) throw unknown_distribution(results[n].result, o);
    if (trend == nullptr || trend->percentiles.empty())
      throw config::bad_input(o.results[n].string() + ": found no percentiles of " + metric +
                              "; allowed: a summary with metrics." + metric + ".percentiles, as this crest-sim writes");
    longest = std::max(longest, std::min(most_title, results[n].name.size()));
    data += (n == 0 ? "# " : "\n\n# ") + one_line(results[n].name) + ": percent, milliseconds\n";
    for (auto const& p : trend->percentiles) {
      data += data_number(p.percent) + " " + data_number(p.ms) + "\n";
      y.add(p.ms);
      if (p.percent < 100) x.add(1 / (1 - p.percent / 100));
    }
    plot += (n == 0 ? "plot " : ", \\\n     ") + std::string(data_mark) + " index " + std::to_string(n) + " using " +
            place + ":2 with linespoints lw 1.5 ps 0.6 pi 5 " + line_style(n) + " title " +
            gnuplot_string(shortened(results[n].name, most_title));
  }
  std::string const label = metric == "latency_ms" ? "latency, milliseconds" : label_of(metric);
  // 100 % has no place on this scale: it is put as far right of the last point as that is of the point before it by a
  // factor of ten.
  double const whole = 10 * (x.empty() ? 1 : x.high);
  figure f;
  f.data = data;
  f.commands =
      frame_commands({o.title.empty() ? as_title(words_of(label)) + " by percentile" : o.title, caption_of(results),
                      "percentile (each step to the right: ten times as rare)", label, footer_of(results)}) +
      "set grid xtics ytics lt 1 lc rgb '#DDDDDD'\nset logscale x\nset xrange [1:" +
      (any_whole    ? data_number(whole)
       : x.high > 1 ? "*"
                    : "10") +
      (any_whole ? "]\nwhole = " + data_number(whole) : std::string("]")) + "\nset xtics (" + tics +
      (any_whole ? ", '100 %%' " + data_number(whole) : "") + ")\n" + key_commands(longest) +
      (y.spans(50)
           ? "set logscale y\nset yrange [" + data_number(0.8 * y.low) + ":" + data_number(1.25 * y.high) + "]\n"
           : range_commands('y', y, true) + "set offsets 0,0,graph 0.05,0\n") +
      plot + "\n";
  return f;
}

}
