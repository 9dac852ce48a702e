#include "config/document.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>

namespace reports::plots {
namespace {

using groups = std::vector<std::pair<std::string, std::vector<std::size_t>>>;

/// More cells than this have no numbers in them: they would not be readable.
constexpr std::size_t most_numbered_columns = 14, most_numbered_rows = 16;

std::string tics(groups const& values) {
  std::size_t const every = (values.size() + 19) / 20; // labels would run into each other
  std::string text = "(";
  for (std::size_t i = 0; i < values.size(); i += every)
    text += (i == 0 ? "" : ", ") + tic_label(values[i].first) + " " + std::to_string(i);
  return text + ")";
}

/// The mean of the cell's numbers; NaN without any.
double mean(sweep_table const& t, std::vector<std::size_t> const& rows, std::size_t y_column, std::string const& y,
            std::size_t metric) {
  double sum = 0, count = 0;
  for (std::size_t row : rows) {
    if (t.csv.rows[row][y_column] != y) continue;
    if (auto const value = t.csv.number(row, metric)) sum += *value, ++count;
  }
  return count > 0 ? sum / count : std::nan("");
}

}

figure heatmap(order const& o) {
  sweep_table const t = read_sweep(o);
  if (t.axes.size() < 2 && (o.x.empty() || o.y.empty()))
    throw config::bad_input(t.csv.name + ": found a sweep with " + std::to_string(t.axes.size()) +
                            " axes; allowed: two, or --x COLUMN --y COLUMN");
  std::size_t const x = t.csv.column(o.x.empty() ? t.axes[0] : o.x), y = t.csv.column(o.y.empty() ? t.axes[1] : o.y),
                    metric = metric_column(t, o, o.metric.empty() ? "redirect_ratio" : o.metric);
  if (x == y) throw config::bad_input("--x and --y: found one column twice; allowed: two columns");
  check_drawn(t, {x, y});
  groups const columns = by_value(t, x), rows = by_value(t, y);
  double low = INFINITY, high = -INFINITY;
  std::string data = "# " +
                     one_line(t.csv.columns[x] + " (number, value), " + t.csv.columns[y] + " (number, value), " +
                              t.csv.columns[metric]) +
                     "\n";
  for (std::size_t i = 0; i != columns.size(); ++i)
    for (std::size_t k = 0; k != rows.size(); ++k) {
      double const value = mean(t, columns[i].second, y, rows[k].first, metric);
      if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
      data += std::to_string(i) + " \"" + one_line(columns[i].first) + "\" " + std::to_string(k) + " \"" +
              one_line(rows[k].first) + "\" " + data_number(value) + "\n";
    }
  if (low > high)
    throw config::bad_input(t.csv.name + ": found no numbers in " + t.csv.columns[metric] +
                            "; allowed: a sweep with results");
  if (low == high) high = low + (low == 0 ? 1 : std::abs(low)); // one colour needs a scale as well
  std::string const middle = data_number((low + high) / 2);
  std::string const label = metric_label_of(o, t.csv.columns[metric]);
  figure f;
  f.data = data;
  f.height = 520;
  f.commands =
      frame_commands({o.title.empty() ? as_title(words_of(label)) + " by " + words_of(label_of(t.csv.columns[x])) +
                                            " and " + words_of(label_of(t.csv.columns[y]))
                                      : o.title,
                      t.caption, label_of(t.csv.columns[x]), label_of(t.csv.columns[y])}) +
      // From light to dark in one hue: the order is the same in greyscale and for all kinds of colour vision.
      "set palette defined (0 '#F7FBFF', 1 '#C6DBEF', 2 '#6BAED6', 3 '#2171B5', 4 '#08306B')\n"
      "unset key\nunset grid\nset bmargin 4.5\nset border 15\nset tics out nomirror scale 0.5\n"
      "set cblabel " +
      gnuplot_string(label) + "\nset cbrange [" + data_number(low) + ":" + data_number(high) + "]\n" +
      "set xrange [-0.5:" + std::to_string(columns.size()) + "-0.5]\nset yrange [-0.5:" + std::to_string(rows.size()) +
      "-0.5]\nset xtics " + tics(columns) + "\nset ytics " + tics(rows) + "\n" + "plot " + std::string(data_mark) +
      " using 1:3:5 with image pixels";
  if (columns.size() <= most_numbered_columns && rows.size() <= most_numbered_rows) {
    for (bool const dark : {false, true})
      f.commands += ", \\\n     " + std::string(data_mark) + " using 1:3:($5 " + (dark ? ">" : "<=") + " " + middle +
                    " ? sprintf('%.3g', $5) : '') with labels font ',10' tc rgb '" + (dark ? "white" : "black") + "'";
  }
  f.commands += "\n";
  return f;
}

}
