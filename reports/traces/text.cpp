#include "base/config/joined.hpp"
#include "reports/traces/traces.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace reports::traces {

using sim::records::request_trace;
using sim::records::trace_facts;
using sim::records::trace_step;

namespace {

std::string ms(std::int64_t ns) { return fixed(static_cast<double>(ns) / 1e6, 3); }

std::string column(std::string text, std::size_t width) { return padded(std::move(text), width) + "  "; }

/// With blanks on its left.
std::string number_column(std::string const& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text + "  ";
}

/// "to=proxy[2] chosen_by=guess"
std::string said(trace_facts const& facts) {
  std::string text;
  for (auto const& [what, value] : facts) text += (text.empty() ? "" : " ") + what + "=" + value;
  return text;
}

/// What one node noted at one time.
struct moment {
  std::int64_t at_ns;
  std::string const* node;
  std::string const* what;
  trace_facts const* facts;
};

std::vector<moment> moments_of(request_trace const& trace) {
  std::vector<moment> all;
  for (trace_step const& step : trace.steps) all.push_back({step.at_ns, &step.node, &step.what, &step.facts});
  // Steps are nested, so of two that end at the same time the later one ends first.
  for (auto step = trace.steps.rbegin(); step != trace.steps.rend(); ++step)
    if (step->until_ns) all.push_back({*step->until_ns, &step->node, &step->then, &step->outcome});
  std::stable_sort(all.begin(), all.end(), [](moment const& a, moment const& b) { return a.at_ns < b.at_ns; });
  return all;
}

std::string ending_of(request_trace const& t) {
  std::string text = t.outcome;
  if (t.status != 0) text += " " + std::to_string(t.status);
  if (t.latency_ns) text += " after " + ms(*t.latency_ns) + " ms";
  if (!t.failed.empty()) text += ", failed: " + t.failed;
  return text;
}

std::string redirects_of(request_trace const& t) {
  std::string const count = std::to_string(t.redirects.size());
  return t.redirects.empty() ? count : count + " (" + config::joined(t.redirects) + ")";
}

}

std::string text_of(request_trace const& t) {
  std::string text = "request " + std::to_string(t.request) + "  " + t.method + " " + t.target + "\n";
  text += t.character ? "character " + std::to_string(*t.character) : "no token of a character";
  text += ", through " + t.balancer + ", due " + ms(t.due_ns) + " ms after the load began";
  if (!t.phase.empty()) text += ", phase " + t.phase;
  text += "\n" + ending_of(t) + "; redirects: " + redirects_of(t) + "; retries: " + std::to_string(t.retries) + "\n\n";
  std::size_t width = 4;
  for (trace_step const& step : t.steps) width = std::max(width, step.node.size());
  text += number_column("at_ms", 10) + number_column("leg_ms", 10) + column("node", width) + "what\n";
  std::int64_t before = t.due_ns;
  for (moment const& m : moments_of(t)) {
    text += number_column(ms(m.at_ns - t.due_ns), 10) + number_column(ms(m.at_ns - before), 10) +
            column(*m.node, width) + *m.what;
    if (!m.facts->empty()) text += "  " + said(*m.facts);
    text += "\n";
    before = m.at_ns;
  }
  for (trace_step const& step : t.steps)
    if (!step.then.empty() && !step.until_ns)
      text += step.node + ", " + step.what + ": no end noted (" + step.then + ")\n";
  if (!t.not_recorded.empty()) text += "\n";
  for (std::string const& what : t.not_recorded) text += "not recorded: " + what + "\n";
  return printable(text);
}

std::string table_of(std::span<request_trace const> traces) {
  auto const line = [](std::string const& id, std::string const& latency, std::string const& ended,
                       std::string const& redirects, std::string const& balancer, std::string const& what) {
    return number_column(id, 9) + number_column(latency, 10) + column(ended, 16) + column(redirects, 16) +
           column(balancer, 10) + what + "\n";
  };
  std::string text = line("request", "latency_ms", "ended", "redirects", "balancer", "what");
  for (request_trace const& t : traces) {
    std::string ended = t.outcome;
    if (t.status != 0) ended += " " + std::to_string(t.status);
    if (!t.failed.empty() && t.status == 0 && t.failed != t.outcome) ended += ", " + t.failed;
    text += line(std::to_string(t.request), t.latency_ns ? ms(*t.latency_ns) : "-", ended, redirects_of(t), t.balancer,
                 t.method + " " + t.target);
  }
  return printable(text);
}

}
