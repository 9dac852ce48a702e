#include "base/config/document.hpp"
#include "reports/confidence.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"
#include "sim/records/result.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

namespace reports::plots {
namespace {

/// More bars than this are no longer read at a glance; a colour is of one value only.
constexpr std::size_t most_bars = 60, most_colours = colours.size();
/// Characters of the names on the left, and pixels of each.
constexpr std::size_t most_name = 30, character = 7;
constexpr double thickness = 0.8; // of all bars of a value, of the room between two values

/// The mean of a cell's rows; without an interval where it is not known.
struct bar {
  double value = 0;
  sim::records::interval within = {};
  bool interval_known = false;
};

/// Which columns a metric's bars are made of.
struct columns_of_metric {
  std::size_t value;
  std::optional<std::size_t> theory, error, low, high;
  double scale = 1; // of a label that says per cent
};

columns_of_metric columns_of(sweep_table const& t, std::size_t metric, bool percent) {
  return {metric,
          theory_column(t, metric),
          column_beside(t, metric, "_measured_error"),
          column_beside(t, metric, "_low"),
          column_beside(t, metric, "_high"),
          percent ? 100.0 : 1.0};
}

/// Both axes that are drawn; the second may be missing.
struct place {
  rows_by_text values, lines; // lines: one without a name where there is no second axis
};

/// On the axis of places, without the last bits of a sum.
std::string placed(double at) { return data_number(std::nearbyint(at * 1e6) / 1e6); }

/// The numbers of a column in these rows.
std::vector<double> numbers(sweep_table const& t, std::vector<std::size_t> const& rows, std::size_t column) {
  std::vector<double> all;
  for (std::size_t const row : rows)
    if (auto const value = t.csv.number(row, column)) all.push_back(*value);
  return all;
}

double mean(std::vector<double> const& of) {
  double sum = 0;
  for (double const x : of) sum += x;
  return sum / static_cast<double>(of.size());
}

/// At 95 %: across replications by Student's t, of a single run by what it shows itself.
bar bar_of(sweep_table const& t, std::vector<std::size_t> const& rows, columns_of_metric const& c, double value) {
  bar b{value, {value, value}, false};
  auto const values = numbers(t, rows, c.value);
  auto const reach = [&](double by) { b.within = {std::max(0.0, value - by), value + by}, b.interval_known = true; };
  if (values.size() > 1) {
    auto const n = static_cast<double>(values.size());
    double squares = 0;
    for (double const x : values) squares += (x - value) * (x - value);
    reach(deviations(0.95, values.size() - 1) * std::sqrt(squares / (n - 1) / n));
  } else if (auto const error = c.error ? numbers(t, rows, *c.error) : std::vector<double>(); !error.empty()) {
    reach(deviations(0.95, 0) * error.front());
  } else if (c.low && c.high) {
    auto const low = numbers(t, rows, *c.low), high = numbers(t, rows, *c.high);
    if (!low.empty() && !high.empty()) b.within = {low.front(), high.front()}, b.interval_known = true;
  }
  b.value *= c.scale, b.within.low *= c.scale, b.within.high *= c.scale;
  return b;
}

std::vector<std::size_t> common(std::vector<std::size_t> const& a, std::vector<std::size_t> const& b) {
  std::vector<std::size_t> both; // each is in the table's order
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

/// The data by what draws it, filled bar by bar.
struct drawing {
  std::vector<std::string> bars; // by line; empty: none
  std::string whiskers, theory, nothing;
  extent shown;
  bool unknown = false; // the interval of a bar

  void add(sweep_table const& t, place const& p, std::size_t value, std::size_t line, columns_of_metric const& c) {
    auto const rows = common(p.values[value].second, p.lines[line].second);
    double const each = thickness / static_cast<double>(p.lines.size()),
                 at = static_cast<double>(value) - thickness / 2 + (static_cast<double>(line) + 0.5) * each;
    auto const values = numbers(t, rows, c.value);
    if (values.empty()) {
      nothing += "set label 'none' at graph 0.01,first " + placed(at) + " left font ',10' tc rgb '#777777'\n";
      return;
    }
    bar const b = bar_of(t, rows, c, mean(values));
    shown.add(b.value), shown.add(b.within.high);
    unknown = unknown || !b.interval_known;
    bars[line] += placed(at) + " " + data_string(p.values[value].first) + " " + data_number(b.value) + " " +
                  data_number(b.within.high) + " " + data_string(b.interval_known ? "" : "?") + "\n";
    if (b.interval_known)
      whiskers += data_number(b.value) + " " + placed(at) + " " + data_number(b.within.low) + " " +
                  data_number(b.within.high) + "\n";
    auto const expected = c.theory ? numbers(t, rows, *c.theory) : std::vector<double>();
    if (expected.empty()) return;
    double const predicted = mean(expected) * c.scale;
    shown.add(predicted);
    theory += data_number(predicted) + " " + placed(at - each / 2) + " " + placed(each) + "\n";
  }
};

/// Puts the blocks together; returns the plot command.
std::string plot_of(drawing const& d, place const& p, std::string& data) {
  std::string plot;
  std::size_t block = 0;
  auto const add = [&](std::string const& what, std::string const& lines, std::string const& how_drawn) {
    data += (block == 0 ? "# " : "\n\n# ") + what + "\n" + lines;
    plot += (block == 0 ? "plot " : ", \\\n     ") + std::string(data_mark) + " index " + std::to_string(block) +
            " using " + how_drawn;
    ++block;
  };
  double const half = thickness / 2 / static_cast<double>(p.lines.size()) * 0.92;
  for (std::size_t n = 0; n != d.bars.size(); ++n) {
    if (d.bars[n].empty()) continue;
    std::string const name = shortened(p.lines[n].first, most_title),
                      key = name.empty() ? "notitle" : "title " + gnuplot_string(name);
    add(one_line((name.empty() ? "bars" : p.lines[n].first) +
                 ": place, value of the axis, metric, upper end of its interval, what is not known"),
        d.bars[n],
        "(0):1:(0):3:($1-" + placed(half) + "):($1+" + placed(half) + ") with boxxyerror " + key + " lc rgb '" +
            colours[n] + "'");
    plot += ", \\\n     '' index " + std::to_string(block - 1) +
            " using 4:1:(sprintf(' %.3g ', $3) . strcol(5)) with labels left offset 0.3,0 font ',10' notitle";
  }
  if (!d.whiskers.empty())
    add("intervals: metric, place, low, high (95 %)", d.whiskers,
        "1:2:3:4 with xerrorbars notitle pt 0 lw 1.2 lc rgb 'black'");
  if (!d.theory.empty())
    add("theory: metric, place, height", d.theory,
        "1:2:(0):3 with vectors nohead lw 2.5 dt (3,2) lc rgb 'black' title 'theory'");
  return plot + "\n";
}

/// Of the axes whose values are no numbers the one with most values; the first of all if there is none. There is an
/// axis.
std::string usual_axis(sweep_table const& t) {
  std::string usual = t.axes.front();
  std::size_t most = 0;
  for (std::string const& axis : t.axes) {
    rows_by_text const values = in_order(t, t.csv.column(axis));
    if (values.size() <= most || are_numbers(values)) continue;
    most = values.size();
    usual = axis;
  }
  return usual;
}

place place_of(sweep_table const& t, order const& o, std::size_t x, std::optional<std::size_t> line) {
  place p{in_order(t, x), {{"", t.rows}}};
  if (line) {
    p.lines = in_order(t, *line);
    for (auto& [name, rows] : p.lines) name = label_of(t.csv.columns[*line]) + " " + name;
  }
  if (p.lines.size() > most_colours)
    throw config::bad_input("--line: found " + std::to_string(p.lines.size()) + " values of " + o.line +
                            "; allowed: at most " + std::to_string(most_colours) + ", each with a colour of its own");
  if (p.values.size() * p.lines.size() > most_bars)
    throw config::bad_input(t.csv.name + ": found " + std::to_string(p.values.size() * p.lines.size()) +
                            " bars; allowed: at most " + std::to_string(most_bars) + ", with --where or another --x");
  return p;
}

/// Room for the names on the left, and for as many bars as there are.
void lay_out(figure& f, place const& p) {
  std::size_t longest = 0;
  std::string names;
  for (std::size_t i = 0; i != p.values.size(); ++i) {
    std::string const name = shortened(p.values[i].first, most_name);
    longest = std::max(longest, std::min(most_name, name.size()));
    names += (i == 0 ? "" : ", ") + tic_label(name) + " " + std::to_string(i);
  }
  f.height = 210 + static_cast<int>(p.values.size() * (18 + 18 * p.lines.size()));
  f.commands += "set lmargin at screen " + data_number(static_cast<double>(longest * character + 25) / figure_width) +
                "\nunset grid\nset grid xtics lt 1 lc rgb '#DDDDDD'\nset yrange [" + std::to_string(p.values.size()) +
                "-0.5:-0.5]\nset ytics scale 0 (" + names + ")\n" + "set style fill solid 0.85 border lc rgb 'black'\n";
}

}

figure sweep_bars(order const& o) {
  sweep_table t = read_sweep(o);
  if (t.axes.empty() && o.x.empty())
    throw config::bad_input(t.csv.name + ": found a sweep without axes; allowed: one with an axis, or --x COLUMN");
  std::size_t const x = t.csv.column(o.x.empty() ? usual_axis(t) : o.x),
                    metric = metric_column(t, o, o.metric.empty() ? "redirect_ratio" : o.metric);
  std::optional<std::size_t> line;
  std::vector<std::size_t> drawn{x};
  if (!o.line.empty()) drawn.push_back(*(line = t.csv.column(o.line)));
  if (line == x) throw config::bad_input("--x and --line: found one column twice; allowed: two columns");
  check_drawn(t, drawn);
  place const p = place_of(t, o, x, line);
  t.caption += without_value(t, {metric});
  std::string const label = metric_label_of(o, t.csv.columns[metric]);
  columns_of_metric const columns = columns_of(t, metric, label.ends_with(", %"));
  drawing d;
  d.bars.resize(p.lines.size());
  for (std::size_t value = 0; value != p.values.size(); ++value)
    for (std::size_t n = 0; n != p.lines.size(); ++n) d.add(t, p, value, n, columns);
  if (d.shown.empty())
    throw config::bad_input(t.csv.name + ": found no numbers in " + t.csv.columns[metric] +
                            "; allowed: a sweep with results");
  figure f;
  f.commands = frame_commands(
      {o.title.empty() ? as_title(words_of(label)) + " by " + words_of(label_of(t.csv.columns[x])) : o.title, t.caption,
       label + " (whiskers: 95 % confidence" + (d.unknown ? "; ?: not known)" : ")"), "", t.footer});
  lay_out(f, p);
  // Behind each bar is its number.
  f.commands += "set xrange [0:" + data_number(d.shown.high > 0 ? d.shown.high * 1.18 : 1) + "]\n" + d.nothing;
  std::size_t longest = 6;
  for (auto const& [name, rows] : p.lines) longest = std::max(longest, std::min(name.size(), most_title));
  // Above the footer, which is as long as what is left out.
  f.commands +=
      key_commands(longest) + "set key at screen 0.5,screen " + data_number(24.0 / f.height) + " center bottom\n";
  f.data = left_out_lines(t, {metric});
  f.commands += plot_of(d, p, f.data);
  return f;
}

}
