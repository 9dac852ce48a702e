#include "reports/plots/sensitivity.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reports::plots {
namespace {

/// An input of which an end has no result.
struct missing_end {
  std::size_t input;
  bool low, high; // which end
};

/// What that means, from the base to the right: no price is enough.
std::string missing_commands(missing_end const& m, sensitivity const& s) {
  double const y = static_cast<double>(m.input);
  std::string const where = m.low && m.high ? " at either end" : m.low ? " at its low end" : " at its high end";
  return "set object rectangle from " + data_number(s.base) + "," + data_number(y - 0.32) + " to graph 1,first " +
         data_number(y + 0.32) + " behind fc rgb '#FBE3D6' fs solid noborder\nset label " +
         gnuplot_string(s.missing + where) + " at graph 0.99,first " + data_number(y) +
         " right front font ',9' tc rgb '#B04000'\n";
}

/// The bars of one end of the inputs; `column` has the result there, column 7 half of a bar's thickness at the high
/// end.
std::string bars_at(char const* end, char column, char const* half, std::string const& style) {
  std::string const value(1, column);
  return std::string(data_mark) + " using (valid(" + value + ")?$4:1/0):0:4:" + value + ":($0-" + half + "):($0+" +
         half + ") with boxxyerror " + style + " border lc rgb 'black' title 'input at its " + end + " end'";
}

std::string numbers(char column, char const* side) {
  std::string const value(1, column);
  return std::string(data_mark) + " using " + value + ":0:(sprintf('%.4g', $" + value + ")) with labels " + side +
         " font ',10' notitle";
}

}

figure tornado(order const& o) {
  sensitivity const s = read_sensitivity(o);
  extent shown;
  shown.add(s.base);
  bool any_low = false, any_high = false, any_most = false;
  std::string names, missing;

  figure f;
  f.data = "# input, " + one_line(s.result) + " at its low end, at its high end (NaN: " + s.missing +
           "), at the base, the least and the most of these; half of the second bar's thickness\n";
  for (std::size_t n = 0; n != s.inputs.size(); ++n) {
    influence const& i = s.inputs[n];
    extent reach;
    for (double const value : {s.base, i.low, i.high}) reach.add(value), shown.add(value);
    bool const no_low = std::isnan(i.low), no_high = std::isnan(i.high);
    any_low = any_low || !no_low, any_high = any_high || !no_high;
    if (no_low || no_high) missing += missing_commands({n, no_low, no_high}, s);
    // If both ends lie on the same side, the second bar is thinner, so that neither hides the other.
    bool const same_side = (i.low - s.base) * (i.high - s.base) > 0;
    bool const no_room = (no_low || no_high) && reach.high == s.base; // where it says that there is no result
    double const most = no_room ? std::numeric_limits<double>::quiet_NaN() : reach.high;
    any_most = any_most || !no_room;
    f.data += data_string(i.name);
    for (double const value : {i.low, i.high, s.base, reach.low, most, same_side ? 0.16 : 0.32})
      f.data += " " + data_number(value);
    f.data += "\n";
    names += (n == 0 ? "" : ", ") + tic_label(shortened(i.name, 60)) + " " + std::to_string(n);
  }
  double const room = shown.high > shown.low ? 0.2 * (shown.high - shown.low) : std::max(1.0, std::abs(s.base));
  bool const from_zero = shown.low >= 0 && shown.low - room <= 0.25 * (shown.high - shown.low);
  double const begin = from_zero ? 0 : shown.low - room;
  f.height = 190 + 34 * static_cast<int>(s.inputs.size());
  // Solid and hatched, dark and light: distinguishable in greyscale. gnuplot 5.4 crashes on bars without any number.
  std::vector<std::string> drawn;
  if (any_low) drawn.push_back(bars_at("low", '2', "0.32", std::string("lc rgb '") + colours[0] + "' fs solid 0.9"));
  if (any_high) drawn.push_back(bars_at("high", '3', "$7", std::string("lc rgb '") + colours[1] + "' fs pattern 5"));
  if (any_low || any_high) drawn.push_back(numbers('5', "right offset -0.6,0"));
  if (any_most) drawn.push_back(numbers('6', "left offset 0.6,0"));
  std::string plot;
  for (std::string const& d : drawn) plot += (plot.empty() ? "plot " : ", \\\n     ") + d;
  if (plot.empty()) plot = "plot NaN notitle";
  f.commands =
      frame_commands(
          {o.title.empty() ? "What moves the " + (s.subject.empty() ? words_of(s.result) : s.subject) + " most"
                           : o.title,
           s.caption + "; line: base " + short_number(s.base) + (from_zero ? "" : "; axis from " + short_number(begin)),
           s.result, ""}) +
      "set key at screen 0.5,0.02 center bottom horizontal samplen 3 maxcols 2\n"
      "set grid noytics xtics lt 1 lc rgb '#DDDDDD'\nset xrange [" +
      data_number(begin) + ":" + data_number(shown.high + room) + "]\nset yrange [" + std::to_string(s.inputs.size()) +
      "-0.4:-0.6]\nset ytics scale 0 (" + names + ")\nset arrow from " + data_number(s.base) + ",graph 0 to " +
      data_number(s.base) + ",graph 1 nohead front lw 1.5 lc rgb 'black'\n" + missing + plot + "\n";
  return f;
}

}
