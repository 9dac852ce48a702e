#include "reports/plot.hpp"

#include "reports/figure.hpp"
#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>

namespace reports {
namespace {

using namespace sim::records;

/// More lines than this are drawn thin and grey, with the whole on top.
constexpr std::size_t max_named_lines = colours.size();

using series = std::vector<std::tuple<double, double>>;

struct line {
  std::string name;
  series points; // middle of the slice, ratio
};

std::vector<line> lines_of(result const& r) {
  std::vector<line> lines;
  for (time_slice const& s : r.timeseries) {
    auto at = std::find_if(lines.begin(), lines.end(), [&](line const& l) { return l.name == s.balancer; });
    if (at == lines.end()) at = lines.insert(lines.end(), line{s.balancer, {}});
    if (s.requests > 0) {
      at->points.emplace_back((s.from_s + s.to_s) / 2,
                              static_cast<double>(s.redirects) / static_cast<double>(s.requests));
    }
  }
  std::erase_if(lines, [](line const& l) { return l.points.empty(); });
  std::stable_partition(lines.begin(), lines.end(), [](line const& l) { return !l.name.empty(); }); // the whole on top
  return lines;
}

double end_of(result const& r) {
  double end = r.duration_s;
  for (time_slice const& s : r.timeseries) end = std::max(end, s.to_s);
  return end > 0 ? end : 1;
}

/// Theory as level pieces: one per phase if phases have it, else one for the whole run.
series theory_of(result const& r) {
  series level;
  auto const theory = [](metric_set const& metrics) -> std::optional<double> {
    auto const found = metrics.find("redirect_ratio");
    auto const* ratio = found == metrics.end() ? nullptr : std::get_if<ratio_metric>(&found->second);
    return ratio == nullptr ? std::nullopt : ratio->theory;
  };
  for (named_metrics const& p : r.phases) {
    for (phase_span const& span : r.phase_spans) {
      auto const value = theory(p.metrics);
      if (span.name != p.name || !value) continue;
      level.emplace_back(span.from_s, *value);
      level.emplace_back(span.to_s, *value);
    }
  }
  if (auto const value = theory(r.metrics); level.empty() && value) {
    level.emplace_back(0.0, *value);
    level.emplace_back(end_of(r), *value);
  }
  return level;
}

void draw_frame(std::ostream& gp, result const& r) {
  gp << frame_commands({"Redirect ratio over time: " + r.scenario + " (" + std::string(how(r.engine)) + ")",
                        "seed " + std::to_string(r.seed) + ", " + r.engine + " engine, " + file_name(r.file),
                        "seconds since the load began", "redirects per request",
                        r.provenance ? build_of(*r.provenance) : std::string()})
     << "set xrange [0:" << fixed(std::max(end_of(r), 0.001), 3) << "]\n"
     << "set yrange [0:*]\n"
     << "set offsets 0,0,graph 0.18,0\n"; // room for the names of phases and events
}

void draw_phases(std::ostream& gp, result const& r) {
  if (r.phase_spans.size() < 2) return;
  int number = 1;
  for (phase_span const& span : r.phase_spans) {
    std::string const from = fixed(span.from_s, 3), to = fixed(span.to_s, 3);
    if (number % 2 == 0) {
      gp << "set object rectangle from " << from << ",graph 0 to " << to
         << ",graph 1 behind fc rgb '#F2F2F2' fs solid noborder\n";
    }
    gp << "set label " << gnuplot_string(shortened(span.name, 40)) << " at " << from
       << ",graph 0.97 left offset character 0.4,0 font ',10' "
       << "tc rgb '#555555'\n";
    ++number;
  }
}

void draw_events(std::ostream& gp, result const& r) {
  for (event_result const& e : r.events) {
    std::string const at = fixed(e.at_s, 3);
    gp << "set arrow from " << at << ",graph 0 to " << at << ",graph 0.92 nohead dt 3 lw 1.5 lc rgb '#333333'\n"
       << "set label " << gnuplot_string(shortened(e.name, 40)) << " at " << at
       << ",graph 0.92 right rotate by 90 offset character -1,0 font ',9' tc rgb '#333333'\n";
  }
}

/// A block of data, with a comment that says what it is.
void add_block(std::string& data, std::string const& name, series const& points) {
  data += (data.empty() ? "# " : "\n\n# ") + one_line(name) + ": seconds, redirects per request\n";
  for (auto const& [at, value] : points) data += fixed(at, 6) + " " + fixed(value, 6) + "\n";
}

/// A single point makes no line.
std::string with_lines(line const& l) { return l.points.size() == 1 ? "with points pt 7 ps 0.6" : "with lines"; }

/// The N-th curve among `named` balancers, or the whole, which has no name.
std::string curve(line const& l, std::size_t number, std::size_t named) {
  if (l.name.empty()) return with_lines(l) + " lw 2.5 lc rgb 'black' title 'all balancers'";
  if (named > max_named_lines)
    return with_lines(l) + " lw 1 lc rgb '#AAAAAA' " +
           (number == 0 ? "title " + gnuplot_string(std::to_string(named) + " balancers") : std::string("notitle"));
  return "with linespoints lw 1.5 ps 0.5 " + line_style(number) + " title " + gnuplot_string(l.name);
}

std::string draw_lines(std::ostream& gp, result const& r) {
  auto const lines = lines_of(r);
  auto const theory = theory_of(r);
  if (lines.empty() && theory.empty()) {
    gp << "set label 'no requests' at graph 0.5,0.5 center\nset yrange [0:1]\nplot NaN notitle\n";
    return "# no requests\n";
  }
  double highest = 0;
  for (line const& l : lines)
    for (auto const& point : l.points) highest = std::max(highest, std::get<1>(point));
  for (auto const& [at, value] : theory) highest = std::max(highest, value);
  if (highest <= 0) gp << "set yrange [0:0.01]\n"; // a run without redirects needs a scale as well
  auto const named = static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [](line const& l) { return !l.name.empty(); }));
  std::string data, plot;
  std::size_t number = 0, index = 0;
  auto const add = [&](std::string const& how_drawn) {
    plot += (plot.empty() ? "plot " : ", ") + std::string(data_mark) + " index " + std::to_string(index++) + " " +
            how_drawn;
  };
  for (line const& l : lines) {
    if (l.name.empty() && named == 1) continue; // the whole is that one balancer
    add(curve(l, number, named));
    if (!l.name.empty()) ++number;
    add_block(data, l.name.empty() ? "all balancers" : l.name, l.points);
  }
  if (!theory.empty()) {
    add("with lines lw 2 dt (12,6) lc rgb 'black' title 'theory'");
    add_block(data, "theory", theory);
  }
  gp << plot << "\n";
  return data;
}

}

figure redirect_ratio_figure(result const& r) {
  std::ostringstream commands;
  draw_frame(commands, r);
  draw_phases(commands, r);
  draw_events(commands, r);
  figure f;
  f.data = draw_lines(commands, r);
  f.commands = commands.str();
  return f;
}

std::string plot_script(result const& r, std::filesystem::path const& image) {
  return self_contained_script(redirect_ratio_figure(r), image.string());
}

std::string draw(result const& r, std::filesystem::path const& image) {
  if (!have_gnuplot()) return "gnuplot is not installed";
  std::filesystem::path const folder = std::filesystem::absolute(image).parent_path();
  drawing_folder const made(folder);
  std::string const name = image.filename().string();
  if (auto const problem = run_gnuplot(plot_script(r, name), made.path, name); !problem.empty()) return problem;
  std::error_code error;
  std::filesystem::rename(made.path / name, folder / name, error);
  return error ? error.message() : "";
}

}
