#include "reports/plots/sensitivity.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>

namespace reports::plots {
namespace {

/// "47" or, where there is no result, what that means: drawn from the base to the right end, since no price is enough.
struct missing_end {
  std::size_t input;
  bool low, high; // at which ends of the input
};

std::string missing_commands(missing_end const& m, sensitivity const& s) {
  bool const both = m.low && m.high;
  double const y = static_cast<double>(m.input),
               from = both    ? y - 0.32
                      : m.low ? y - 0.32
                              : y - 0.16,
               to = both ? y + 0.32 : y + 0.16;
  std::string const base = data_number(s.base);
  std::string const where = both ? " at either end" : m.low ? " at its low end" : " at its high end";
  return "set object rectangle from " + base + "," + data_number(from) + " to graph 1,first " + data_number(to) +
         " back fs empty border lc rgb '#D55E00' dt 2\nset label " + gnuplot_string(s.missing + where) +
         " at graph 0.99,first " + data_number((from + to) / 2) + " right front font ',9' tc rgb '#B04000'\n";
}

/// Labels of one end of the bars, and the bars of one end of the inputs, in gnuplot's words.
std::string at_its(char const* end, int column, std::string const& reach, char const* style) {
  return std::string(data_mark) + " using 4:0:4:" + std::to_string(column) + ":($0-" + reach + "):($0+" + reach +
         ") with boxxyerror " + style + " border lc rgb 'black' title 'input at its " + end + " end'";
}

std::string numbers(char const* value, char const* side) {
  return std::string(data_mark) + " using (" + value + "):0:(sprintf('%.4g', " + value + ")) with labels " + side +
         " font ',10' notitle";
}

}

figure tornado(order const& o) {
  sensitivity const s = read_sensitivity(o);
  double low = s.base, high = s.base;
  bool any_low = false, any_high = false;
  std::string names, missing;

  figure f;
  f.data =
      "# input, " + one_line(s.result) + " at its low end, at its high end (NaN: " + s.missing + "), at the base\n";
  for (std::size_t n = 0; n != s.inputs.size(); ++n) {
    influence const& i = s.inputs[n];
    bool const no_low = std::isnan(i.low), no_high = std::isnan(i.high);
    if (!no_low) low = std::min(low, i.low), high = std::max(high, i.low), any_low = true;
    if (!no_high) low = std::min(low, i.high), high = std::max(high, i.high), any_high = true;
    if (no_low || no_high) missing += missing_commands({n, no_low, no_high}, s);
    f.data +=
        data_string(i.name) + " " + data_number(i.low) + " " + data_number(i.high) + " " + data_number(s.base) + "\n";
    names += (n == 0 ? "" : ", ") + tic_label(shortened(i.name, 60)) + " " + std::to_string(n);
  }
  double const room = high > low ? 0.2 * (high - low) : std::max(1.0, std::abs(s.base));
  bool const from_zero = low >= 0 && low - room <= 0.25 * (high - low);
  double const begin = from_zero ? 0 : low - room;
  f.height = 190 + 34 * static_cast<int>(s.inputs.size());
  // Solid and hatched, dark and light: distinguishable in greyscale. If both ends lie on the same side, the second bar
  // is thinner, so that neither hides the other. gnuplot 5.4 crashes on bars without any number.
  std::string const dark = std::string("lc rgb '") + colours[0] + "' fs solid 0.9",
                    hatched = std::string("lc rgb '") + colours[1] + "' fs pattern 5";
  std::vector<std::string> drawn;
  if (any_low) drawn.push_back(at_its("low", 2, "0.32", dark.c_str()));
  if (any_high) drawn.push_back(at_its("high", 3, "thickness($2,$3,$4)", hatched.c_str()));
  if (any_low || any_high) {
    drawn.push_back(numbers("least($2,$3,$4)", "right offset -0.6,0"));
    drawn.push_back(numbers("most($2,$3,$4)", "left offset 0.6,0"));
  }
  std::string plot;
  for (std::string const& d : drawn) plot += (plot.empty() ? "plot " : ", \\\n     ") + d;
  if (plot.empty()) plot = "plot NaN notitle";
  f.commands =
      frame_commands(
          {o.title.empty() ? "What moves " + words_of(s.result) + " most" : o.title,
           s.caption + "; line: base " + short_number(s.base) + (from_zero ? "" : "; the axis does not begin at 0"),
           s.result, ""}) +
      "set key at screen 0.5,0.02 center bottom horizontal samplen 3 maxcols 2\n"
      "set grid noytics xtics lt 1 lc rgb '#DDDDDD'\nset xrange [" +
      data_number(begin) + ":" + data_number(high + room) + "]\nset yrange [" + std::to_string(s.inputs.size()) +
      "-0.4:-0.6]\nset ytics scale 0 (" + names + ")\nset arrow from " + data_number(s.base) + ",graph 0 to " +
      data_number(s.base) + ",graph 1 nohead front lw 1.5 lc rgb 'black'\n" + missing +
      "known(end, base) = end == end ? end : base\n"
      "least(low, high, base) = known(low, base) < known(high, base) ? known(low, base) : known(high, base)\n"
      "most(low, high, base) = known(low, base) < known(high, base) ? known(high, base) : known(low, base)\n"
      "thickness(low, high, base) = (low-base)*(high-base) > 0 ? 0.16 : 0.32\n" +
      plot + "\n";
  return f;
}

}
