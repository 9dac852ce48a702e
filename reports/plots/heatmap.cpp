#include "base/config/document.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace reports::plots {
namespace {

/// With more cells than this there are no numbers in them: they would not be readable.
constexpr std::size_t most_numbered_columns = 14, most_numbered_rows = 16;

/// Labels of at most `most` characters, where `room` of such are on the axis.
std::string tics(rows_by_text const& values, std::size_t most, std::size_t room) {
  std::size_t const every = std::max<std::size_t>(1, (values.size() + room - 1) / room);
  std::string text = "(";
  for (std::size_t i = 0; i < values.size(); i += every)
    text += (i == 0 ? "" : ", ") + tic_label(shortened(values[i].first, most)) + " " + std::to_string(i);
  return text + ")";
}

std::string cell_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
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
  sweep_table t = read_sweep(o);
  if (t.axes.size() < 2 && (o.x.empty() || o.y.empty()))
    throw config::bad_input(t.csv.name + ": found a sweep with " + std::to_string(t.axes.size()) +
                            " axes; allowed: two, or --x COLUMN --y COLUMN");
  std::size_t const x = t.csv.column(o.x.empty() ? t.axes[0] : o.x), y = t.csv.column(o.y.empty() ? t.axes[1] : o.y),
                    metric = metric_column(t, o, o.metric.empty() ? "redirect_ratio" : o.metric);
  if (x == y) throw config::bad_input("--x and --y: found one column twice; allowed: two columns");
  check_drawn(t, {x, y});
  rows_by_text const columns = by_value(t, x), rows = by_value(t, y);
  t.caption += without_value(t, {metric});
  extent shown;
  std::size_t widest = 0;
  std::string nothing; // where cells have no value
  std::string data = left_out_lines(t, {metric}) + "# " +
                     one_line(t.csv.columns[x] + " (number, value), " + t.csv.columns[y] + " (number, value), " +
                              t.csv.columns[metric]) +
                     "\n";
  for (std::size_t i = 0; i != columns.size(); ++i)
    for (std::size_t k = 0; k != rows.size(); ++k) {
      double const value = mean(t, columns[i].second, y, rows[k].first, metric);
      shown.add(value);
      widest = std::max(widest, cell_text(value).size());
      if (std::isnan(value))
        nothing += "set label 'none' at " + std::to_string(i) + "," + std::to_string(k) +
                   " center front font ',10' tc rgb '#777777'\n";
      data += std::to_string(i) + " " + data_string(columns[i].first) + " " + std::to_string(k) + " " +
              data_string(rows[k].first) + " " + data_number(value) + "\n";
    }
  if (shown.empty())
    throw config::bad_input(t.csv.name + ": found no numbers in " + t.csv.columns[metric] +
                            "; allowed: a sweep with results");
  double const low = shown.low, // a single colour needs a scale as well
      high = shown.high > low ? shown.high : low + (low == 0 ? 1 : std::abs(low));
  // The palette's colour from which white is more readable than black (WCAG 2, relative luminance 0.18).
  std::string const dark_from = data_number(low + 0.7 * (high - low));
  std::string const label = metric_label_of(o, t.csv.columns[metric]);
  figure f;
  f.data = data;
  f.height = 520;
  f.commands =
      frame_commands({o.title.empty() ? as_title(words_of(label)) + " by " + words_of(label_of(t.csv.columns[x])) +
                                            " and " + words_of(label_of(t.csv.columns[y]))
                                      : o.title,
                      t.caption, label_of(t.csv.columns[x]), label_of(t.csv.columns[y]), t.footer}) +
      // From light to dark in one hue: the order is the same in greyscale and for all kinds of colour vision.
      "set palette defined (0 '#F7FBFF', 1 '#C6DBEF', 2 '#6BAED6', 3 '#2171B5', 4 '#08306B')\n"
      "unset key\nunset grid\nset bmargin 4.5\nset border 15\nset tics out nomirror scale 0.5\n"
      "set cblabel " +
      gnuplot_string(label) + "\nset cbrange [" + data_number(low) + ":" + data_number(high) + "]\n" +
      "set xrange [-0.5:" + std::to_string(columns.size()) + "-0.5]\nset yrange [-0.5:" + std::to_string(rows.size()) +
      "-0.5]\nset xtics " + tics(columns, columns.size() > 5 ? 9 : 16, columns.size() > 5 ? 8 : 5) + "\nset ytics " +
      tics(rows, 22, 20) + "\n" +
      // Boxes, not an image: those of one row or column have a width as well.
      nothing + "plot " + std::string(data_mark) +
      " using 1:3:($1-0.5):($1+0.5):($3-0.5):($3+0.5):5 with boxxyerror fs solid 1 noborder lc palette notitle";
  bool const wide_enough = columns.size() * (7 * widest + 6) <= 560; // pixels
  if (wide_enough && columns.size() <= most_numbered_columns && rows.size() <= most_numbered_rows) {
    for (bool const dark : {false, true}) {
      if (dark && shown.high == shown.low) continue; // none: gnuplot 5.4 crashes on labels without a place
      f.commands += ", \\\n     " + std::string(data_mark) + " using 1:($5 " + (dark ? ">" : "<=") + " " + dark_from +
                    " ? $3 : NaN):(sprintf('%.3g', $5)) with labels font ',10' tc rgb '" + (dark ? "white" : "black") +
                    "' notitle";
    }
  }
  f.commands += "\n";
  return f;
}

}
