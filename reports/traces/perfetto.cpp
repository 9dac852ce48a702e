#include "reports/traces/traces.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace reports::traces {

using nlohmann::ordered_json;
using sim::records::request_trace;
using sim::records::trace_facts;
using sim::records::trace_step;

namespace {

double microseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

/// A fact that comes twice is one with both values.
void add_facts(ordered_json& args, trace_facts const& facts) {
  for (auto const& [what, value] : facts)
    args[what] = args.contains(what) ? args[what].get<std::string>() + ", " + value : value;
}

ordered_json about(char const* what, std::size_t group, std::size_t track, ordered_json args) {
  return {{"ph", "M"}, {"name", what}, {"pid", group}, {"tid", track}, {"args", std::move(args)}};
}

/// Nodes in the order in which the request came to them.
std::vector<std::string> nodes_of(request_trace const& t) {
  std::vector<std::string> nodes;
  for (trace_step const& step : t.steps)
    if (std::find(nodes.begin(), nodes.end(), step.node) == nodes.end()) nodes.push_back(step.node);
  return nodes;
}

ordered_json event_of(trace_step const& step, std::size_t group, std::size_t track) {
  ordered_json event{{"ph", step.until_ns ? "X" : "i"},
                     {"name", step.then.empty() ? step.what : step.then},
                     {"cat", "request"},
                     {"pid", group},
                     {"tid", track},
                     {"ts", microseconds(step.at_ns)}};
  if (step.until_ns)
    event["dur"] = microseconds(*step.until_ns - step.at_ns);
  else
    event["s"] = "t"; // a mark on its own track
  ordered_json args = ordered_json::object();
  add_facts(args, step.facts);
  add_facts(args, step.outcome);
  if (!step.then.empty() && !step.until_ns) args["end"] = "not noted";
  event["args"] = std::move(args);
  return event;
}

}

std::string perfetto_json(std::string const& scenario, std::span<request_trace const> traces) {
  ordered_json events = ordered_json::array();
  std::size_t group = 0;
  for (request_trace const& t : traces) {
    ++group;
    std::vector<std::string> const nodes = nodes_of(t);
    std::string const name = scenario + ", request " + std::to_string(t.request) + ": " + t.method + " " + t.target;
    events.push_back(about("process_name", group, 0, {{"name", name}}));
    for (std::size_t i = 0; i != nodes.size(); ++i) {
      events.push_back(about("thread_name", group, i + 1, {{"name", nodes[i]}}));
      events.push_back(about("thread_sort_index", group, i + 1, {{"sort_index", i}}));
    }
    for (trace_step const& step : t.steps) {
      auto const node = std::find(nodes.begin(), nodes.end(), step.node);
      events.push_back(event_of(step, group, static_cast<std::size_t>(node - nodes.begin()) + 1));
    }
  }
  ordered_json const document{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  return document.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}
