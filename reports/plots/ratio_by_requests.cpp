#include "base/config/document.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

namespace reports::plots {
namespace {

constexpr std::size_t most_lines = 12;

struct curves {
  std::string data, plot;
  std::size_t blocks = 0;
  extent x, y;

  void add(std::string const& what, std::map<double, double> const& points, std::string const& how_drawn) {
    data += (blocks == 0 ? "# " : "\n\n# ") + one_line(what) + "\n";
    for (auto const& [at, value] : points) {
      data += data_number(at) + " " + data_number(value) + "\n";
      x.add(at), y.add(value);
    }
    plot += (blocks == 0 ? "plot " : ", \\\n     ") + std::string(data_mark) + " index " + std::to_string(blocks) +
            " " + how_drawn;
    ++blocks;
  }
};

std::string line_name(std::string const& column, std::string const& value) {
  std::string const label = label_of(column);
  if (label == "balancers") return value + (value == "1" ? " balancer" : " balancers");
  return label + " " + value;
}

}

figure ratio_by_requests(order const& o) {
  sweep_table t = read_sweep(o);
  std::size_t const x = axis_column(t, o.x, {"load.requests_per_character"}, "--x"),
                    line =
                        axis_column(t, o.line, {"topology.balancers.count", "topology.balancers[0].count"}, "--line"),
                    y = metric_column(t, o, o.metric.empty() ? "redirect_ratio" : o.metric);
  check_drawn(t, {x, line});
  auto const groups = by_value(t, line);
  if (groups.size() > most_lines)
    throw config::bad_input(t.csv.name + ": found " + std::to_string(groups.size()) + " values of " +
                            t.csv.columns[line] + "; allowed: at most " + std::to_string(most_lines) + " lines");
  auto const theory = theory_column(t, y);
  t.caption += without_value(t, {y});
  curves c;
  bool predicted = false;
  for (std::size_t n = 0; n != groups.size(); ++n) {
    auto const& [value, rows] = groups[n];
    std::string const name = line_name(t.csv.columns[line], value);
    auto const points = curve(t, rows, x, y);
    if (points.empty()) continue;
    c.add(name, points,
          "with linespoints lw 1.2 ps 0.8 " + line_style(n) + " title " + gnuplot_string(shortened(name, most_title)));
    auto const expected = theory ? curve(t, rows, x, *theory) : std::map<double, double>();
    if (expected.empty()) continue;
    c.add(name + ", theory", expected,
          (expected.size() == 1 ? "with points pt 2 lc rgb 'black' " : "with lines lw 1.5 dt (8,6) lc rgb 'black' ") +
              std::string(predicted ? "notitle" : "title 'theory'"));
    predicted = true;
  }
  if (c.blocks == 0)
    throw config::bad_input(t.csv.name + ": found no numbers in " + t.csv.columns[y] +
                            "; allowed: a sweep with results");
  figure f;
  f.commands =
      frame_commands({o.title.empty()
                          ? as_title(metric_label_of(o, t.csv.columns[y])) + " against " + label_of(t.csv.columns[x])
                          : o.title,
                      t.caption, label_of(t.csv.columns[x]), metric_label_of(o, t.csv.columns[y]), t.footer}) +
      "set grid xtics ytics lt 1 lc rgb '#DDDDDD'\n" + range_commands('y', c.y, true) +
      range_commands('x', c.x, false) + (c.x.spans(10) ? "set logscale x\nset format x '%g'\n" : "") + c.plot + "\n";
  f.data = left_out_lines(t, {y}) + c.data;
  return f;
}

}
