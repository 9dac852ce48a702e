#include "reports/plot.hpp"

#include "reports/reports.hpp"
#include "reports/wording.hpp"

#include <gnuplot-iostream.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <tuple>

namespace reports {
namespace {

using namespace sim::measure;

/// Colours of Okabe and Ito ("Color Universal Design", 2008): told apart by all kinds of colour vision. Ordered so that
/// neighbours differ in greyscale too; dashes and points differ as well.
constexpr std::array<char const*, 6> colours = {"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00"};
constexpr std::array<int, 6> points = {7, 5, 9, 13, 11, 4};
/// More lines than this are drawn thin and grey, with the whole on top.
constexpr std::size_t max_named_lines = colours.size();

/// As a gnuplot string. Enhanced text is off, so that nothing in it is special.
std::string gnuplot_string(std::string_view text) {
  std::string out = "'";
  for (char const c : one_line(text)) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

struct line {
  std::string name;
  std::vector<std::tuple<double, double>> points; // middle of the slice, ratio
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

/// Theory as level pieces: one a phase where phases have it, else one for the whole run.
std::vector<std::tuple<double, double>> theory_of(result const& r) {
  std::vector<std::tuple<double, double>> level;
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

void draw_frame(Gnuplot& gp, result const& r, std::filesystem::path const& image) {
  std::string const how = r.engine == "virtual" ? "simulated" : "measured";
  gp << "set encoding utf8\n"
     << "set terminal svg size 800,480 noenhanced font 'DejaVu Sans,12' background rgb 'white'\n"
     << "set output " << gnuplot_string(image.string()) << "\n"
     << "set title " << gnuplot_string("Redirect ratio over time: " + r.scenario + " (" + how + ")")
     << " offset 0,0.9\n"
     << "set tmargin 4.5\n"
     << "set xlabel 'seconds since the load began'\n"
     << "set ylabel 'redirects per request'\n"
     << "set xrange [0:" << fixed(end_of(r), 3) << "]\n"
     << "set yrange [0:*]\n"
     << "set offsets 0,0,graph 0.18,0\n" // room for the names of phases and events
     << "set grid ytics lt 1 lc rgb '#DDDDDD'\n"
     << "set tics out nomirror\n"
     << "set border 3\n"
     << "set key outside bottom center horizontal\n"
     << "set bmargin 7\n"
     << "set label "
     << gnuplot_string("seed " + std::to_string(r.seed) + ", " + r.engine + " engine, " + file_name(r.file))
     << " at graph 0.5,1.04 center font ',9' tc rgb '#555555'\n";
}

void draw_phases(Gnuplot& gp, result const& r) {
  if (r.phase_spans.size() < 2) return;
  int number = 1;
  for (phase_span const& span : r.phase_spans) {
    std::string const from = fixed(span.from_s, 3), to = fixed(span.to_s, 3);
    if (number % 2 == 0) {
      gp << "set object rectangle from " << from << ",graph 0 to " << to
         << ",graph 1 behind fc rgb '#F2F2F2' fs solid noborder\n";
    }
    gp << "set label " << gnuplot_string(span.name) << " at " << from
       << ",graph 0.97 left offset character 0.4,0 font ',10' "
       << "tc rgb '#555555'\n";
    ++number;
  }
}

void draw_events(Gnuplot& gp, result const& r) {
  for (event_result const& e : r.events) {
    std::string const at = fixed(e.at_s, 3);
    gp << "set arrow from " << at << ",graph 0 to " << at << ",graph 0.92 nohead dt 3 lw 1.5 lc rgb '#333333'\n"
       << "set label " << gnuplot_string(e.name) << " at " << at
       << ",graph 0.92 right rotate by 90 offset character -1,0 font ',9' tc rgb '#333333'\n";
  }
}

void draw_lines(Gnuplot& gp, result const& r) {
  auto const lines = lines_of(r);
  auto const theory = theory_of(r);
  if (lines.empty() && theory.empty()) {
    gp << "set label 'no requests' at graph 0.5,0.5 center\nset yrange [0:1]\nplot NaN notitle\n";
    return;
  }
  double highest = 0;
  for (line const& l : lines)
    for (auto const& point : l.points) highest = std::max(highest, std::get<1>(point));
  for (auto const& [at, value] : theory) highest = std::max(highest, value);
  if (highest <= 0) gp << "set yrange [0:0.01]\n"; // a run without redirects has a scale as well
  auto const named = static_cast<std::size_t>(
      std::count_if(lines.begin(), lines.end(), [](line const& l) { return !l.name.empty(); }));
  std::string plot;
  std::size_t number = 0;
  std::vector<line const*> drawn;
  for (line const& l : lines) {
    if (l.name.empty() && named == 1) continue; // the whole is that one balancer
    plot += plot.empty() ? "plot " : ", ";
    if (l.name.empty()) {
      plot += "'-' with lines lw 2.5 lc rgb 'black' title 'all balancers'";
    } else if (named > max_named_lines) {
      plot += "'-' with lines lw 1 lc rgb '#AAAAAA' " +
              (number == 0 ? "title " + gnuplot_string(std::to_string(named) + " balancers") : std::string("notitle"));
    } else {
      plot += "'-' with linespoints lw 1.5 ps 0.5 pt " + std::to_string(points[number]) + " dt " +
              std::to_string(number + 1) + " lc rgb '" + colours[number] + "' title " + gnuplot_string(l.name);
    }
    if (!l.name.empty()) ++number;
    drawn.push_back(&l);
  }
  if (!theory.empty()) {
    plot += plot.empty() ? "plot " : ", ";
    plot += "'-' with lines lw 2 dt (12,6) lc rgb 'black' title 'theory'";
  }
  gp << plot << "\n";
  gp << std::fixed << std::setprecision(6);
  for (line const* l : drawn) gp.send1d(l->points);
  if (!theory.empty()) gp.send1d(theory);
}

bool have_gnuplot() {
  char const* const path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "" : path);
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::error_code error;
    if (std::filesystem::is_regular_file(std::filesystem::path(directory) / "gnuplot", error)) return true;
  }
  return false;
}

}

std::string plot_script(result const& r, std::filesystem::path const& image) {
  // gnuplot-iostream writes to files and pipes only.
  std::filesystem::path const script = image.string() + ".gnuplot";
  {
    Gnuplot gp(">" + script.string());
    draw_frame(gp, r, image);
    draw_phases(gp, r);
    draw_events(gp, r);
    draw_lines(gp, r);
    gp << "unset output\n";
  }
  std::ifstream in(script);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::filesystem::remove(script);
  return text;
}

bool draw(result const& r, std::filesystem::path const& image) {
  if (!have_gnuplot()) return false;
  std::string const script = plot_script(r, image);
  {
    Gnuplot gp("gnuplot");
    gp << script;
  }
  std::error_code error;
  return std::filesystem::file_size(image, error) > 0 && !error;
}

}
