#include "base/config/document.hpp"
#include "base/config/joined.hpp"
#include "reports/optional_json.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace reports::plots {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char const* schema = R"({
  "type": "object", "required": ["schema_version", "scenario", "engine", "seed", "input", "within", "answer", "values"],
  "properties": {
    "schema_version": {"const": 1}, "scenario": {"type": "string"}, "engine": {"type": "string"},
    "seed": {"type": "integer"}, "input": {"type": "string", "minLength": 1}, "which": {"type": "string"},
    "within": {"type": "string"}, "confidence": {"type": "number"}, "answer": {"type": ["number", "null"]},
    "first_miss": {"type": ["object", "null"], "required": ["goal", "circumstance"]},
    "values": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["value", "outcome", "goals"],
      "properties": {"value": {"type": "number"}, "outcome": {"type": "string"},
        "goals": {"type": "array", "items": {"type": "object",
          "required": ["goal", "circumstance", "bound", "mean", "low", "high"],
          "properties": {"goal": {"type": "string"}, "circumstance": {"type": "string"}, "bound": {"type": "number"},
            "mean": {"type": ["number", "null"]}, "low": {"type": ["number", "null"]},
            "high": {"type": ["number", "null"]}}}}}}}
  }})";

/// Where the metric with its labels ends, and what is said of it begins.
std::size_t end_of_metric(std::string const& goal) {
  std::size_t const labels = goal.rfind('}'), end = labels == std::string::npos ? goal.find(' ') : labels + 1;
  return std::min(end, goal.size());
}

/// "latency_ms{phase:steady} p(99)" of "latency_ms{phase:steady} p(99)<60": what is measured, and the bound.
struct goal_words {
  std::string what, bound;
};

goal_words words_of_goal(std::string const& goal) {
  std::size_t const at = std::min(goal.find_first_of("<>=!", end_of_metric(goal)), goal.size());
  std::string what = goal.substr(0, at);
  while (what.ends_with(' ')) what.pop_back();
  return {what, goal.substr(at)};
}

/// What an axis calls it: "latency p99, milliseconds (phase steady)" of "latency_ms{phase:steady} p(99)". Ratios are
/// drawn as goals have them, not as percentages.
std::string axis_of(std::string const& what) {
  std::string column = what.substr(0, end_of_metric(what)), aggregate;
  for (char const c : what.substr(column.size()))
    if (c != ' ' && c != '(' && c != ')' && c != '.') aggregate += c;
  if (!aggregate.empty()) column.insert(std::min(column.find('{'), column.size()), "_" + aggregate);
  std::string label = label_of(column);
  if (auto const percent = label.find(", %"); percent != std::string::npos) label.erase(percent, 3);
  return label;
}

std::string text_at(json const& object, char const* key) { return object.at(key).get<std::string>(); }

/// A goal in a circumstance.
using drawn_goal = std::pair<std::string, std::string>;

/// The goal that --metric names, or the one that is missed first; or the one that is nearest to its bound at the
/// answer.
drawn_goal choose(json const& root, std::string const& asked) {
  drawn_goal first;
  if (root.contains("first_miss") && root["first_miss"].is_object())
    first = {text_at(root["first_miss"], "goal"), text_at(root["first_miss"], "circumstance")};
  auto const asked_for = [&](std::string const& goal) {
    return asked.empty() || goal == asked || words_of_goal(goal).what == asked;
  };
  if (!first.first.empty() && asked_for(first.first)) return first;
  std::vector<std::string> names;
  std::optional<drawn_goal> nearest;
  double least = 0;
  for (json const& value : root.at("values"))
    for (json const& goal : value.at("goals")) {
      std::string const name = text_at(goal, "goal");
      if (std::find(names.begin(), names.end(), words_of_goal(name).what) == names.end())
        names.push_back(words_of_goal(name).what);
      if (!asked_for(name)) continue;
      bool const at_answer = value.at("value") == root.at("answer");
      double const room = at_answer ? optional_number(goal, "headroom").value_or(0) : 1e300;
      if (nearest && room >= least) continue;
      nearest = drawn_goal(name, text_at(goal, "circumstance"));
      least = room;
    }
  if (nearest) return *nearest;
  throw config::bad_input("--metric: found '" + asked + "'; allowed: " +
                          (names.empty() ? "none" : config::joined(names)) + config::did_you_mean(asked, names));
}

struct plotted {
  double value = 0, mean = 0, low = 0, high = 0;
};

/// How the values of an outcome look. Filled and open, round and crossed: distinguishable in greyscale.
struct look {
  char const *outcome, *title, *style;
};
constexpr std::array<look, 4> looks = {{{"holds", "all goals hold", "pt 7 lc rgb '#0072B2'"},
                                        {"undecided", "undecided", "pt 6 lc rgb '#CC79A7'"},
                                        {"fails", "a goal is missed", "pt 2 lc rgb '#D55E00'"},
                                        {"invalid", "invalid", "pt 8 lc rgb '#777777'"}}};

struct limit_points {
  std::array<std::vector<plotted>, looks.size()> by_outcome;
  std::vector<std::string> missing; // values without a mean
  double bound = 0;
  extent x, y;
};

limit_points points_of(json const& root, drawn_goal const& which) {
  limit_points points;
  for (json const& value : root.at("values")) {
    auto const& goals = value.at("goals");
    auto const goal = std::find_if(goals.begin(), goals.end(), [&](json const& g) {
      return g.at("goal") == which.first && g.at("circumstance") == which.second;
    });
    if (goal != goals.end()) points.bound = goal->at("bound").get<double>();
    auto const mean = goal == goals.end() ? std::nullopt : optional_number(*goal, "mean");
    auto const at =
        std::find_if(looks.begin(), looks.end(), [&](look const& l) { return value.at("outcome") == l.outcome; });
    if (!mean || at == looks.end()) {
      points.missing.push_back(value.at("value").dump());
      continue;
    }
    plotted const p{value.at("value").get<double>(), *mean, optional_number(*goal, "low").value_or(*mean),
                    optional_number(*goal, "high").value_or(*mean)};
    points.by_outcome[static_cast<std::size_t>(at - looks.begin())].push_back(p);
    points.x.add(p.value);
    points.y.add(p.mean);
  }
  return points;
}

/// Adds a line of all points and a block for each outcome to the data; returns the plot command.
std::string plot_of(limit_points const& points, std::string& data, std::string const& low) {
  std::vector<plotted> all;
  for (auto const& some : points.by_outcome) all.insert(all.end(), some.begin(), some.end());
  std::sort(all.begin(), all.end(), [](plotted const& a, plotted const& b) { return a.value < b.value; });
  auto const add = [&](std::vector<plotted> const& some) {
    for (plotted const& p : some)
      data += data_number(p.value) + " " + data_number(p.mean) + " " + data_number(p.low) + " " + data_number(p.high) +
              "\n";
  };
  data += "# all values: value, mean, low, high\n";
  add(all);
  std::string const mark(data_mark);
  std::string plot = "plot " + mark + " index 0 using 1:2 with lines lw 1 lc rgb '#BBBBBB' notitle";
  std::size_t block = 0;
  for (std::size_t n = 0; n != looks.size(); ++n) {
    if (points.by_outcome[n].empty()) continue;
    data += "\n\n# " + std::string(looks[n].title) + "\n";
    add(points.by_outcome[n]);
    plot += ", \\\n     " + mark + " index " + std::to_string(++block) + " using 1:2:(" + low +
            "):4 with yerrorbars lw 1.5 ps 1.1 " + looks[n].style + " title " + gnuplot_string(looks[n].title);
  }
  return plot + "\n";
}

/// Ranges that show every point and the bound; logarithmic where they span much.
struct scales {
  bool log_x, log_y;
  std::string commands;
};

std::string range(char axis, double low, double high) {
  return std::string("set ") + axis + "range [" + data_number(low) + ":" + data_number(high) + "]\n";
}

scales scales_of(limit_points const& points) {
  scales s{points.x.spans(8), points.y.spans(20), ""};
  double const room = 0.04 * (points.x.high - points.x.low);
  if (s.log_x) {
    s.commands = "set logscale x\n" + range('x', points.x.low / 1.15, points.x.high * 1.15);
  } else {
    s.commands =
        room > 0 ? range('x', points.x.low - room, points.x.high + room) : range_commands('x', points.x, false);
  }
  s.commands += s.log_y ? "set logscale y\n" + range('y', points.y.low / 2, points.y.high * 2)
                        : range_commands('y', points.y, true);
  return s;
}

/// The goal's bound from left to right, and the answer, if there is one, from bottom to top.
std::string lines_of(json const& root, limit_points const& points, std::string const& goal_bound, bool log_x) {
  std::string const bound = data_number(points.bound);
  std::string commands = "set arrow from graph 0,first " + bound + " to graph 1,first " + bound +
                         " nohead front lw 1.5 dt 2 lc rgb 'black'\nset label " + gnuplot_string("goal " + goal_bound) +
                         " at graph 0.01,first " + bound + " left offset 0,0.6 front font ',10'\n";
  if (!root.at("answer").is_number()) return commands;
  double const answer = root.at("answer").get<double>();
  double const low = points.x.low, high = points.x.high;
  bool const left_half = log_x ? answer * answer < low * high : 2 * answer < low + high;
  return commands + "set arrow from first " + data_number(answer) + ",graph 0 to first " + data_number(answer) +
         ",graph 1 nohead front lw 1.5 lc rgb '#009E73'\nset label " +
         gnuplot_string(root.value("which", "largest") + ": " + short_number(answer)) + " at first " +
         data_number(answer) + ",graph 0.95 " + (left_half ? "left offset 0.6,0" : "right offset -0.6,0") +
         " front font ',11' tc rgb '#00704F'\n";
}

/// "scenario NAME, seed N, simulated, values 2% apart; …".
std::string caption_of(json const& root, drawn_goal const& which) {
  std::string caption = "scenario " + text_at(root, "scenario") + ", seed " + root.at("seed").dump() + ", " +
                        std::string(how(text_at(root, "engine"))) + ", values " + text_at(root, "within") + " apart";
  if (root.contains("confidence"))
    caption += "; bars: the bounds by which means are judged, " +
               short_number(100 * root.at("confidence").get<double>()) + " %";
  return which.second == "as it stands" ? caption : caption + "; " + which.second;
}

}

figure limit(order const& o) {
  fs::path const file = only_result(o, "limit.json", "one limit.json, or the directory of a plan with find");
  config::document const document = config::document::load(file);
  document.validate(json::parse(schema));
  json const& root = document.root();
  drawn_goal const which = choose(root, o.metric);
  goal_words const words = words_of_goal(which.first);
  limit_points points = points_of(root, which);
  if (points.x.empty())
    throw config::bad_input(file.string() + ": found no numbers of " + words.what + "; allowed: a plan with results");
  points.y.add(points.bound);
  scales const s = scales_of(points);
  std::string footer = origin_beside(file);
  if (!points.missing.empty())
    footer = "left out, no value: " + config::joined(points.missing) + (footer.empty() ? "" : "; " + footer);
  std::string const input = label_of(text_at(root, "input"));
  figure f;
  // On a logarithmic axis what reaches 0 reaches the bottom of the picture.
  std::string const plot = plot_of(points, f.data, s.log_y ? "$3>0?$3:$2/1e9" : "$3");
  f.height = 520;
  f.commands = frame_commands({o.title.empty() ? as_title(words_of(input)) + ": where the goals end" : o.title,
                               caption_of(root, which), input, axis_of(words.what), footer}) +
               key_commands(14) + "set grid xtics ytics lt 1 lc rgb '#DDDDDD'\n" + s.commands +
               lines_of(root, points, words.bound, s.log_x) + plot;
  return f;
}

}
