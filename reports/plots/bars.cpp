#include "base/config/document.hpp"
#include "reports/plots/summaries.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace reports::plots {
namespace {

using namespace sim::records;

/// A number with its interval at 95 % confidence; NaN if there is no number, or if the interval is not known.
struct bar {
  double value, low, high;

  bool has_interval() const { return std::isfinite(low); }
  double end() const { return has_interval() ? high : value; }
};

constexpr double none = std::numeric_limits<double>::quiet_NaN();

bar ratio_bar(result const& r, char const* name) {
  auto const* m = find_metric<ratio_metric>(r, name);
  if (m == nullptr || m->denominator == 0) return {none, none, none};
  if (!m->measured_error) return {m->value, none, none};
  double const reach = 1.96 * *m->measured_error;
  return {m->value, std::max(0.0, m->value - reach), m->value + reach};
}

bar latency_bar(result const& r) {
  auto const* m = find_metric<trend_metric>(r, "latency_ms");
  if (m == nullptr || m->count == 0) return {none, none, none};
  if (!(m->p99_within.high > 0)) return {m->p99, none, none};
  return {m->p99, m->p99_within.low, m->p99_within.high};
}

struct panel {
  char const* title;
  int column; // of the value; low and high follow
  char const* left;
  char const* right; // on the screen
};

constexpr std::array<panel, 3> panels = {panel{"redirects per request", 2, "0.23", "0.43"},
                                         panel{"latency p99, milliseconds", 5, "0.49", "0.69"},
                                         panel{"hops per request", 8, "0.75", "0.95"}};

/// 1, 2 or 5 times a power of ten, so that at most five tics reach `most`.
double tic_step(double most) {
  if (!(most > 0)) return 1;
  double const power = std::pow(10, std::floor(std::log10(most / 4)));
  for (double const factor : {1.0, 2.0, 5.0})
    if (factor * power >= most / 4) return factor * power;
  return 10 * power;
}

/// "none" in place of missing bars.
std::string missing_labels(std::vector<double> const& values) {
  std::string text;
  for (std::size_t n = 0; n != values.size(); ++n)
    if (!std::isfinite(values[n]))
      text += "set label 'none' at graph 0.03,first " + std::to_string(n) + " left font ',10' tc rgb '#777777'\n";
  return text;
}

}

figure bars(order const& o) {
  auto const results = read_summaries(o);
  std::string data =
      "# result, then value, low and high (95 %) of: redirects per request, latency p99 in milliseconds, "
      "hops per request (NaN: none, or not known)\n";
  std::string names;
  std::array<double, 3> most{};
  std::array<std::vector<double>, 3> shown;
  std::array<bool, 3> intervals{};
  bool unknown = false;
  for (std::size_t n = 0; n != results.size(); ++n) {
    std::array<bar, 3> const values = {ratio_bar(results[n].result, "redirect_ratio"), latency_bar(results[n].result),
                                       ratio_bar(results[n].result, "hops_per_request")};
    data += data_string(results[n].name);
    for (std::size_t k = 0; k != values.size(); ++k) {
      data += " " + data_number(values[k].value) + " " + data_number(values[k].low) + " " + data_number(values[k].high);
      if (std::isfinite(values[k].end())) most[k] = std::max(most[k], values[k].end());
      intervals[k] = intervals[k] || values[k].has_interval();
      unknown = unknown || (std::isfinite(values[k].value) && !values[k].has_interval());
      shown[k].push_back(values[k].value);
    }
    data += "\n";
    names += (n == 0 ? "" : ", ") + tic_label(shortened(results[n].name, 22)) + " " + std::to_string(n);
  }
  auto const any = [](std::vector<double> const& of) {
    return std::any_of(of.begin(), of.end(), [](double value) { return std::isfinite(value); });
  };
  if (std::none_of(shown.begin(), shown.end(), any))
    throw config::bad_input("--kind bars: found no samples in " +
                            (results.size() == 1 ? o.results.front().string() : "any of the results") +
                            "; allowed: summaries of runs with requests");
  figure f;
  f.data = data;
  f.height = 190 + 34 * static_cast<int>(results.size());
  auto const at = [&](int pixels) { return data_number(1 - static_cast<double>(pixels) / f.height); };
  f.commands = "set multiplot\n" + footer_commands(footer_of(results)) + "set label " +
               gnuplot_string(o.title.empty() ? "Redirect ratio, latency p99 and hops per request" : o.title) +
               " at screen 0.5," + at(22) + " center font ',14'\nset label " +
               gnuplot_string(caption_of(results) + "; whiskers: 95 % confidence" + (unknown ? "; ?: not known" : "")) +
               " at screen 0.5," + at(44) + " center font ',10' tc rgb '#555555'\nset tmargin at screen " + at(66) +
               "\nset bmargin at screen " + data_number(78.0 / f.height) +
               "\nset border 3\nset tics out nomirror\nset grid xtics lt 1 lc rgb '#DDDDDD'\nunset key\n"
               "set style fill solid 0.85 border lc rgb 'black'\nset xtics font ',10'\nset yrange [" +
               std::to_string(results.size()) + "-0.4:-0.6]\nset ytics scale 0 (" + names + ")\n";
  for (std::size_t k = 0; k != panels.size(); ++k) {
    panel const& p = panels[k];
    auto const column = [&](int offset) { return "$" + std::to_string(p.column + offset); };
    f.commands += "set lmargin at screen " + std::string(p.left) + "\nset rmargin at screen " + p.right +
                  "\nset xlabel " + gnuplot_string(p.title) +
                  " font ',10'\nset xrange [0:" + data_number(most[k] > 0 ? most[k] * 1.35 : 1) + "]\nset xtics 0," +
                  data_number(tic_step(most[k])) + "\n";
    std::string const source = std::string(data_mark);
    f.commands += missing_labels(shown[k]);
    if (!any(shown[k])) { // gnuplot 5.4 crashes on bars without a number
      f.commands += "plot NaN notitle\n";
    } else {
      f.commands += "plot " + source + " using (0):0:(0):(" + column(0) +
                    "):($0-0.32):($0+0.32) with boxxyerror notitle lc rgb '" +
                    colours[k == 0   ? 0
                            : k == 1 ? 1
                                     : 4] +
                    "', \\\n     " + source + " using ";
      if (intervals[k])
        f.commands += std::to_string(p.column) + ":0:" + std::to_string(p.column + 1) + ":" +
                      std::to_string(p.column + 2) + " with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black', \\\n     " +
                      source + " using ";
      std::string const known = "valid(" + std::to_string(p.column + 2) + ")";
      f.commands += "(" + known + "?" + column(2) + ":" + column(0) + "):0:(sprintf(" + known + "?' %.3g':' %.3g ?', " +
                    column(0) + ")) with labels left offset 0.5,0 font ',10' notitle\n";
    }
    f.commands += "unset label\n";
    if (k == 0) f.commands += "set ytics ('' 0)\nset format y ''\n";
  }
  f.commands += "unset multiplot\n";
  return f;
}

}
