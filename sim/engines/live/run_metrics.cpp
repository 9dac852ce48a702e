#include "sim/engines/live/run_metrics.hpp"

#include "base/config/version.hpp"

#include <algorithm>
#include <map>

namespace sim::live {
namespace {

metrics::labels labels_of(run_state const& now, std::uint16_t balancer) {
  if (balancer >= now.balancers.size()) return {{"node", "?"}, {"kind", "?"}};
  scenario::balancer_identity const& identity = now.nodes.balancers()[now.balancers[balancer]].identity;
  return {{"node", identity.name}, {"kind", std::string(name_of(identity.settings->kind))}};
}

}

std::string metrics_text(run_state const& now, metrics::format format) {
  metrics::exposition out(format, "crest_sim_");
  out.gauge("run_info", "What runs; always 1.");
  out.sample(std::uint64_t{1}, {{"scenario", now.scenario.name},
                                {"seed", std::to_string(now.scenario.seed)},
                                {"version", std::string(config::version)}});
  out.gauge("load_seconds", "Since the load began; 0 before.");
  out.sample(static_cast<double>(now.since_start_ns) / 1e9);
  out.gauge("load_phase", "1 for the phase that the load is in.");
  for (std::size_t i = 0; i != now.scenario.phases.size(); ++i)
    out.sample(std::uint64_t{now.since_start_ns != 0 && now.load.phase == i}, {{"phase", now.scenario.phases[i].name}});
  out.gauge("requests_in_flight", "Requests sent and not over.");
  out.sample(now.load.sent - std::min(now.load.sent, now.load.done));
  out.counter("redirects", "X-Accel-Redirect answers of all proxies, by their journals.");
  out.sample(now.redirects);
  out.counter("events", "Events of the scenario that have begun.");
  std::map<metrics::labels, std::uint64_t> events;
  for (records::event_record const& e : now.events)
    if (e.began_ns != 0) ++events[{{"node", e.node}, {"kind", std::string(name_of(e.kind))}}];
  for (auto const& [of, count] : events) out.sample(count, of);
  out.counter("requests", "Requests of the load that are over.");
  now.meter.each([&](std::uint16_t b, auto const& counts) { out.sample(counts.requests, labels_of(now, b)); });
  out.counter("failed_requests", "Requests of the load that failed, by cause (docs/TERMS.md).");
  now.meter.each([&](std::uint16_t b, auto const& counts) {
    for (std::size_t cause = 0; cause != counts.failed.size(); ++cause) {
      metrics::labels labels = labels_of(now, b);
      labels.emplace_back("cause", name_of(static_cast<scenario::failure_cause>(cause)));
      out.sample(counts.failed[cause], labels);
    }
  });
  out.histogram("request_duration_seconds", "From when a request was due to the end of its answer.");
  now.meter.each([&](std::uint16_t b, auto const& counts) { out.sample(counts.latency.read(), labels_of(now, b)); });
  return out.text();
}

}
