#include "reports/plot.hpp"

#include "reports/figure.hpp"
#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <sstream>
#include <utility>

namespace reports {
namespace {

using namespace sim::records;

/// More lines than this are drawn thin and grey, with the whole on top.
constexpr std::size_t max_named_lines = colours.size();

using series = std::vector<std::pair<double, double>>;

double end_of(result const& r) {
  double end = r.duration_s;
  for (time_slice const& s : r.timeseries) end = std::max(end, s.to_s);
  return end > 0 ? end : 1;
}

/// The slices of one balancer, or of all ("").
struct slices {
  std::string balancer;
  std::vector<time_slice> of;
};

/// By balancer; all, which are drawn over the others, come last.
std::vector<slices> by_balancer(result const& r) {
  std::vector<slices> groups;
  for (time_slice const& s : r.timeseries) {
    auto at = std::find_if(groups.begin(), groups.end(), [&](slices const& g) { return g.balancer == s.balancer; });
    if (at == groups.end()) at = groups.insert(groups.end(), slices{s.balancer, {}});
    if (s.requests > 0) at->of.push_back(s);
  }
  std::erase_if(groups, [](slices const& g) { return g.of.empty(); });
  std::stable_partition(groups.begin(), groups.end(), [](slices const& g) { return !g.balancer.empty(); });
  return groups;
}

/// Of each slice that has one, its value at the slice's middle; the last slice ends where the load did.
template<class Value>
series series_of(std::vector<time_slice> const& of, double load_s, Value const& value) {
  series points;
  for (time_slice s : of) {
    if (load_s > s.from_s) s.to_s = std::min(s.to_s, load_s);
    if (double const v = value(s); std::isfinite(v)) points.emplace_back((s.from_s + s.to_s) / 2, v);
  }
  return points;
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

struct curve {
  std::string name, unit; // for the data's comment
  series points;
  std::string style; // gnuplot's, behind the data's name and index
};

/// One of the charts below each other that share the axis of time.
struct panel {
  std::string y_label;
  std::vector<curve> curves;
  std::string empty; // what is written where there is no curve
  bool may_be_log = false;
};

/// A single point makes no line.
std::string with_lines(series const& points) { return points.size() == 1 ? "with points pt 7 ps 0.6" : "with lines"; }

/// The N-th curve of a panel, whose points are marked.
std::string with_marks(std::string const& title, std::size_t number) {
  return "with linespoints lw 1.5 ps 0.5 " + line_style(number) + " title " + gnuplot_string(title);
}

/// The N-th curve among `named` balancers, or the whole, which has no name.
std::string style_of(std::string const& balancer, series const& points, std::size_t number, std::size_t named) {
  if (balancer.empty()) return with_lines(points) + " lw 2.5 lc rgb 'black' title 'all balancers'";
  if (named > max_named_lines)
    return with_lines(points) + " lw 1 lc rgb '#AAAAAA' " +
           (number == 0 ? "title " + gnuplot_string(std::to_string(named) + " balancers") : std::string("notitle"));
  return with_marks(balancer, number);
}

panel ratio_panel(result const& r) {
  std::string const unit = "redirects per request";
  panel p{unit, {}, "no requests"};
  auto const groups = by_balancer(r);
  auto const named = static_cast<std::size_t>(
      std::count_if(groups.begin(), groups.end(), [](slices const& g) { return !g.balancer.empty(); }));
  std::size_t number = 0;
  for (slices const& g : groups) {
    if (g.balancer.empty() && named == 1) continue; // the whole is that one balancer
    auto points = series_of(g.of, r.duration_s, [](time_slice const& s) {
      return static_cast<double>(s.redirects) / static_cast<double>(s.requests);
    });
    std::string style = style_of(g.balancer, points, number, named);
    if (!g.balancer.empty()) ++number;
    p.curves.push_back({g.balancer.empty() ? "all balancers" : g.balancer, unit, std::move(points), std::move(style)});
  }
  if (auto theory = theory_of(r); !theory.empty())
    p.curves.push_back({"theory", unit, std::move(theory), "with lines lw 2 dt (12,6) lc rgb 'black' title 'theory'"});
  return p;
}

std::vector<time_slice> of_all(result const& r) {
  std::vector<time_slice> all;
  std::copy_if(r.timeseries.begin(), r.timeseries.end(), std::back_inserter(all),
               [](time_slice const& s) { return s.balancer.empty() && s.requests > 0; });
  return all;
}

/// Failed requests a second, by cause; in results that do not have causes, all.
panel failures_panel(result const& r) {
  std::string const unit = "failed requests per second";
  panel p{"failed per second", {}, "no request failed"};
  auto const all = of_all(r);
  auto const add = [&](std::string name, auto const& count) {
    if (std::none_of(all.begin(), all.end(), [&](time_slice const& s) { return count(s) > 0; })) return;
    auto points = series_of(all, r.duration_s, [&](time_slice const& s) {
      return s.to_s > s.from_s ? static_cast<double>(count(s)) / (s.to_s - s.from_s) : std::nan("");
    });
    std::string style = with_marks(name, p.curves.size());
    p.curves.push_back({std::move(name), unit, std::move(points), std::move(style)});
  };
  for (std::size_t cause = 0; cause != sim::scenario::failure_cause_count; ++cause) {
    std::string name(sim::scenario::name_of(static_cast<sim::scenario::failure_cause>(cause)));
    std::replace(name.begin(), name.end(), '_', ' ');
    add(name, [cause](time_slice const& s) { return s.failed_by_cause[cause]; });
  }
  if (p.curves.empty()) add("failed", [](time_slice const& s) { return s.failed; });
  return p;
}

panel latency_panel(result const& r) {
  std::string const unit = "milliseconds";
  panel p{"latency, milliseconds", {}, "no request was answered", true};
  auto const all = of_all(r);
  auto const add = [&](char const* name, double time_slice::*value) {
    auto points = series_of(all, r.duration_s, [&](time_slice const& s) { return s.*value; });
    if (points.empty()) return;
    p.curves.push_back({std::string("latency ") + name, unit, std::move(points), with_marks(name, p.curves.size())});
  };
  add("p99", &time_slice::latency_ms_p99);
  add("p50", &time_slice::latency_ms_p50);
  return p;
}

void draw_frame(std::ostream& gp, result const& r, std::string const& what, std::string const& y_label) {
  gp << frame_commands({what + " over time: " + r.scenario + " (" + std::string(how(r.engine)) + ")",
                        "seed " + std::to_string(r.seed) + ", " + r.engine + " engine, " + file_name(r.file),
                        "seconds since the load began", y_label,
                        r.provenance ? origin_of(*r.provenance, r.engine) : std::string()})
     << "set xrange [0:" << fixed(std::max(end_of(r), 0.001), 3) << "]\n";
}

void draw_phases(std::ostream& gp, result const& r, bool named) {
  if (r.phase_spans.size() < 2) return;
  int number = 1;
  for (phase_span const& span : r.phase_spans) {
    std::string const from = fixed(span.from_s, 3), to = fixed(span.to_s, 3);
    if (number % 2 == 0) {
      gp << "set object rectangle from " << from << ",graph 0 to " << to
         << ",graph 1 behind fc rgb '#F2F2F2' fs solid noborder\n";
    }
    if (named)
      gp << "set label " << gnuplot_string(shortened(span.name, 40)) << " at " << from
         << ",graph 0.97 left offset character 0.4,0 font ',10' "
         << "tc rgb '#555555'\n";
    ++number;
  }
}

void draw_events(std::ostream& gp, result const& r, bool named) {
  for (event_result const& e : r.events) {
    std::string const at = fixed(e.at_s, 3);
    gp << "set arrow from " << at << ",graph 0 to " << at << ",graph " << (named ? "0.92" : "1")
       << " nohead dt 3 lw 1.5 lc rgb '#333333'\n";
    if (named)
      gp << "set label " << gnuplot_string(shortened(e.name, 40)) << " at " << at
         << ",graph 0.92 right rotate by 90 offset character -1,0 font ',9' tc rgb '#333333'\n";
  }
}

/// A block of data, with a comment that says what it is.
void add_block(std::string& data, curve const& c) {
  data += (data.empty() ? "# " : "\n\n# ") + one_line(c.name) + ": seconds, " + c.unit + "\n";
  for (auto const& [at, value] : c.points) data += fixed(at, 6) + " " + fixed(value, 6) + "\n";
}

/// Draws the panel's curves, or says why there are none. `index`: of the next block in `data`.
void draw_panel(std::ostream& gp, panel const& p, std::string& data, std::size_t& index) {
  if (p.curves.empty()) {
    gp << "set label " << gnuplot_string(p.empty) << " at graph 0.5,0.5 center\nset yrange [0:1]\nplot NaN notitle\n";
    return;
  }
  extent values;
  for (curve const& c : p.curves)
    for (auto const& point : c.points) values.add(point.second);
  bool const log = p.may_be_log && values.spans(50);
  if (log) {
    gp << "set yrange [*:*]\nset logscale y\n";
  } else {
    // A run without redirects needs a scale as well.
    gp << "set yrange [0:" << (values.high > 0 ? "*" : "0.01") << "]\n";
  }
  std::string plot;
  for (curve const& c : p.curves) {
    plot +=
        (plot.empty() ? "plot " : ", ") + std::string(data_mark) + " index " + std::to_string(index++) + " " + c.style;
    add_block(data, c);
  }
  gp << plot << "\n";
}

/// Room above the curves for the names of phases and events.
constexpr char const* room_for_names = "set offsets 0,0,graph 0.18,0\n";

}

figure redirect_ratio_figure(result const& r) {
  panel const p = ratio_panel(r);
  std::ostringstream commands;
  draw_frame(commands, r, "Redirect ratio", p.y_label);
  commands << room_for_names;
  draw_phases(commands, r, true);
  draw_events(commands, r, true);
  figure f;
  std::size_t index = 0;
  draw_panel(commands, p, f.data, index);
  if (f.data.empty()) f.data = "# " + p.empty + "\n";
  f.commands = commands.str();
  return f;
}

figure recovery_figure(result const& r) {
  std::array<panel, 3> const panels{ratio_panel(r), failures_panel(r), latency_panel(r)};
  // On the screen, from above: the first is higher, since it has the names of phases and events.
  constexpr std::array<std::pair<char const*, char const*>, 3> places = {
      std::pair("0.90", "0.57"), std::pair("0.53", "0.34"), std::pair("0.30", "0.10")};
  std::ostringstream commands;
  draw_frame(commands, r, "Redirect ratio, failures and latency", panels[0].y_label);
  commands << "set lmargin at screen 0.11\nset rmargin at screen 0.79\nset key at screen 0.805,graph 1 left top "
              "vertical Left "
              "reverse samplen 2 maxrows 9 font ',10'\nset multiplot\nset format x ''\nunset xlabel\n"
           << room_for_names;
  figure f;
  f.height = 760;
  std::size_t index = 0;
  for (std::size_t n = 0; n != panels.size(); ++n) {
    if (n == 1) commands << "unset title\nset offsets 0,0,graph 0.08,0\n";
    if (n > 0) commands << "unset label\nunset arrow\nunset object\n";
    if (n + 1 == panels.size()) commands << "set format x '%g'\nset xlabel 'seconds since the load began'\n";
    draw_phases(commands, r, n == 0);
    draw_events(commands, r, n == 0);
    commands << "set ylabel " << gnuplot_string(panels[n].y_label) << "\nset tmargin at screen " << places[n].first
             << "\nset bmargin at screen " << places[n].second << "\n";
    draw_panel(commands, panels[n], f.data, index);
  }
  commands << "unset multiplot\n";
  if (f.data.empty()) f.data = "# no requests\n";
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
