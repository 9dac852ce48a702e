#include "reports/plots/sensitivity.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>

namespace reports::plots {

figure tornado(order const& o) {
  sensitivity const s = read_sensitivity(o);
  double low = s.base, high = s.base;
  std::string names;

  figure f;
  f.data = "# input, " + one_line(s.result) +
           " at its low end, at its high end, at the base (also where there is no result)\n";
  for (std::size_t n = 0; n != s.inputs.size(); ++n) {
    influence const& i = s.inputs[n];
    double const at_low = std::isnan(i.low) ? s.base : i.low, at_high = std::isnan(i.high) ? s.base : i.high;
    low = std::min({low, at_low, at_high}), high = std::max({high, at_low, at_high});
    f.data +=
        data_string(i.name) + " " + data_number(at_low) + " " + data_number(at_high) + " " + data_number(s.base) + "\n";
    names += (n == 0 ? "" : ", ") + tic_label(shortened(i.name, 60)) + " " + std::to_string(n);
  }
  double const room = high > low ? 0.2 * (high - low) : std::max(1.0, std::abs(s.base));
  f.height = 190 + 34 * static_cast<int>(s.inputs.size());
  std::string const mark(data_mark);
  f.commands =
      frame_commands({o.title.empty() ? "What moves the result most" : o.title,
                      s.caption + "; line: base " + short_number(s.base), s.result, ""}) +
      key_commands(22) + "set grid noytics xtics lt 1 lc rgb '#DDDDDD'\nset xrange [" + data_number(low - room) + ":" +
      data_number(high + room) + "]\nset yrange [" + std::to_string(s.inputs.size()) +
      "-0.4:-0.6]\nset ytics scale 0 (" + names + ")\nset arrow from " + data_number(s.base) + ",graph 0 to " +
      data_number(s.base) + ",graph 1 nohead front lw 1.5 lc rgb 'black'\n" +
      // Solid and hatched, dark and light: distinguishable in greyscale. If both ends lie on the same side, the second
      // bar is thinner, so that neither hides the other.
      "thickness(low, high, base) = (low-base)*(high-base) > 0 ? 0.16 : 0.32\n" + "plot " + mark +
      " using 4:0:4:2:($0-0.32):($0+0.32) with boxxyerror lc rgb '" + colours[0] +
      "' fs solid 0.9 border lc rgb 'black' title 'input at its low end', \\\n     " + mark +
      " using 4:0:4:3:($0-thickness($2,$3,$4)):($0+thickness($2,$3,$4)) with boxxyerror lc rgb '" + colours[1] +
      "' fs pattern 5 border lc rgb 'black' title 'input at its high end', \\\n     " + mark +
      " using ($2<$3?$2:$3):0:(sprintf('%.4g', $2<$3?$2:$3)) with labels right offset -0.6,0 font ',10' notitle, "
      "\\\n     " +
      mark + " using ($2<$3?$3:$2):0:(sprintf('%.4g', $2<$3?$3:$2)) with labels left offset 0.6,0 font ',10' notitle\n";
  return f;
}

}
