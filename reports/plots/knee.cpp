#include "base/config/document.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <set>

namespace reports::plots {
namespace {

struct panel_line {
  std::string name;
  std::map<double, double> points;
};

std::vector<panel_line> lines_of(sweep_table const& t, std::size_t x, std::size_t y, std::optional<std::size_t> line) {
  if (!line) return {{"", curve(t, t.rows, x, y)}};
  std::vector<panel_line> lines;
  for (auto const& [value, rows] : by_value(t, *line))
    lines.push_back({label_of(t.csv.columns[*line]) + " " + value, curve(t, rows, x, y)});
  return lines;
}

extent values_of(std::vector<panel_line> const& lines) {
  extent e;
  for (panel_line const& l : lines)
    for (auto const& [x, y] : l.points) e.add(y);
  return e;
}

/// Where points are on the axis of loads, each once.
std::set<double> loads_of(std::vector<panel_line> const& lines) {
  std::set<double> loads;
  for (panel_line const& l : lines)
    for (auto const& [x, y] : l.points) loads.insert(x);
  return loads;
}

extent extent_of(std::set<double> const& values) {
  extent e;
  for (double const value : values) e.add(value);
  return e;
}

/// Adds the blocks to the data; returns the plot command.
std::string panel(std::vector<panel_line> const& lines, std::string const& what, std::string& data, std::size_t& blocks,
                  std::string const& scale, bool titles) {
  std::string plot;
  for (std::size_t n = 0; n != lines.size(); ++n) {
    data += (blocks == 0 ? "# " : "\n\n# ") + one_line(what + " " + lines[n].name) + "\n";
    for (auto const& [x, y] : lines[n].points) data += data_number(x) + " " + data_number(y) + "\n";
    plot += (n == 0 ? "plot " : ", \\\n     ") + std::string(data_mark) + " index " + std::to_string(blocks++) +
            " using 1:($2" + scale + ") with linespoints lw 1.5 ps 0.8 " + line_style(n) + " " +
            (titles && !lines[n].name.empty() ? "title " + gnuplot_string(shortened(lines[n].name, most_title))
                                              : std::string("notitle"));
  }
  return plot + "\n";
}

}

figure knee(order const& o) {
  sweep_table t = read_sweep(o);
  std::size_t const x = axis_column(t, o.x, {"load.rate_rps"}, "--x"), used = metric_column(t, o, "utilisation"),
                    slow = metric_column(t, o, o.metric.empty() ? "latency_ms.p99" : o.metric);
  std::optional<std::size_t> line;
  std::vector<std::size_t> drawn{x};
  if (!o.line.empty()) drawn.push_back(*(line = t.csv.column(o.line)));
  check_drawn(t, drawn);
  auto const above = lines_of(t, x, used, line), below = lines_of(t, x, slow, line);
  t.caption += without_value(t, {used, slow});
  auto const empty = [](auto const& l) { return l.points.empty(); };
  for (auto const* lines : {&above, &below})
    if (std::all_of(lines->begin(), lines->end(), empty))
      throw config::bad_input(t.csv.name + ": found no numbers in " + t.csv.columns[lines == &above ? used : slow] +
                              "; allowed: a sweep with results");
  std::set<double> places = loads_of(above);
  extent const upper_loads = extent_of(places);
  places.merge(loads_of(below));
  extent const loads = extent_of(places), lower_loads = extent_of(loads_of(below));
  bool const alike = upper_loads.low == lower_loads.low && upper_loads.high == lower_loads.high;
  std::string const x_label = label_of(t.csv.columns[x]), slow_label = metric_label_of(o, t.csv.columns[slow]);
  figure f;
  std::size_t blocks = 0;
  std::string const upper = panel(above, "utilisation", f.data, blocks, "*100", false),
                    lower = panel(below, t.csv.columns[slow], f.data, blocks, "", true);
  f.data.insert(0, left_out_lines(t, {used, slow}));
  f.height = 620;
  f.commands =
      frame_commands(
          {o.title.empty() ? "Utilisation and " + words_of(slow_label) + " against " + words_of(x_label) : o.title,
           t.caption, "", "utilisation, %", t.footer}) +
      "set grid xtics ytics lt 1 lc rgb '#DDDDDD'\n" +
      "set lmargin at screen 0.11\nset rmargin at screen 0.96\nset multiplot\n"
      "unset key\nunset xlabel\n" +
      axis_commands('x', places) + "set format x ''\n" +
      (alike || loads.low == loads.high
           ? range_commands('x', loads, false)
           : "set xrange [" + data_number(loads.low) + ":" + data_number(loads.high) + "]\n") +
      range_commands('y', values_of(above), true) + "set tmargin at screen 0.88\nset bmargin at screen 0.56\n" + upper +
      "unset title\nunset label\n" + key_commands(24) + "set format x '%g'\nset xlabel " + gnuplot_string(x_label) +
      "\nset ylabel " + gnuplot_string(slow_label) + "\n" +
      (values_of(below).spans(20) ? "set yrange [*:*]\nset logscale y\n"
                                  : range_commands('y', values_of(below), true)) +
      "set tmargin at screen 0.50\nset bmargin at screen 0.18\n" + lower + "unset multiplot\n";
  return f;
}

}
