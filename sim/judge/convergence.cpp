#include "sim/judge/convergence.hpp"

#include "sim/judge/recovery.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace sim::judge {

using records::event_result;

namespace {

auto at(std::span<redirect_sample const> samples, std::int64_t ns) {
  return std::lower_bound(samples.begin(), samples.end(), ns,
                          [](redirect_sample const& s, std::int64_t t) { return s.at_ns < t; });
}

std::string in_percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * share);
  return text;
}

}

convergence converge(effect const& caused, std::span<redirect_sample const> samples, std::int64_t event_ns) {
  convergence c;
  c.untold = caused.untold;
  if (!c.untold.empty()) return c;
  double sum = 0;
  for (effect::part const& p : caused.parts) sum += p.redirects;
  if (caused.outstanding > (1 - converged_share) * (sum + caused.outstanding)) {
    c.untold = "the load ended when " + in_percent(sum / (sum + caused.outstanding)) + " of its redirects had happened";
    return c;
  }
  std::int64_t last_ns = event_ns;
  double so_far = 0;
  for (auto p = caused.parts.begin(); p != caused.parts.end() && so_far < converged_share * sum; ++p) {
    so_far += p->redirects;
    last_ns = std::max(last_ns, p->at_ns);
  }
  c.seconds = static_cast<double>(last_ns - event_ns) / 1e9;
  c.requests = sum > 0 ? static_cast<std::uint64_t>(at(samples, last_ns + 1) - at(samples, event_ns)) : 0;
  return c;
}

std::optional<double> peak_ratio(std::span<redirect_sample const> samples, std::int64_t event_ns,
                                 std::int64_t until_ns) {
  std::span<redirect_sample const> const after(at(samples, event_ns), at(samples, until_ns));
  if (after.empty()) return std::nullopt;
  std::size_t const width = std::min(peak_window, after.size());
  double window = 0, highest = 0;
  for (std::size_t i = 0; i != after.size(); ++i) {
    window += after[i].redirects;
    if (i >= width) window -= after[i - width].redirects;
    if (i + 1 >= width) highest = std::max(highest, window);
  }
  return highest / static_cast<double>(width);
}

std::vector<event_result> events_of(records::run_view const& v, std::vector<request_facts> const& facts,
                                    routing_history const& history) {
  records::run_records const& r = v.records();
  if (r.events.empty()) return {};
  std::vector<redirect_sample> samples;
  for (std::size_t i = 0; i != v.size(); ++i)
    if (v.is_load(i) && facts[i].needed_proxy) samples.push_back({v.client(i).intended_ns, facts[i].redirects});
  std::sort(samples.begin(), samples.end(),
            [](redirect_sample const& a, redirect_sample const& b) { return a.at_ns < b.at_ns; });
  std::vector<effect> const effects = effects_of(v, facts, history);
  std::vector<event_result> results;
  for (std::size_t i = 0; i != r.events.size(); ++i) {
    records::event_record const& e = r.events[i];
    event_result out;
    out.name = e.name, out.kind = name_of(e.kind), out.node = e.node, out.detail = e.detail;
    out.by_hand = e.by_hand, out.left = e.left;
    out.at_s = static_cast<double>((e.began_ns ? e.began_ns : e.planned_ns) - r.start_ns) / 1e9;
    out.done_s = e.done_ns ? static_cast<double>(e.done_ns - r.start_ns) / 1e9 : out.at_s;
    if (e.began_ns != 0) {
      std::int64_t until = std::numeric_limits<std::int64_t>::max(); // the next event
      for (records::event_record const& other : r.events)
        if (other.began_ns > e.began_ns) until = std::min(until, other.began_ns);
      convergence const c = converge(effects[i], samples, e.began_ns);
      out.convergence_s = c.seconds;
      out.convergence_requests = c.requests;
      out.convergence_note = c.untold;
      out.peak_redirect_ratio = peak_ratio(samples, e.began_ns, until);
      recovery const back = recovery_of(v, facts, e.began_ns, until);
      out.failures_back_s = back.failures.seconds, out.failures_back_note = back.failures.untold;
      out.latency_back_s = back.latency.seconds, out.latency_back_note = back.latency.untold;
    }
    results.push_back(std::move(out));
  }
  return results;
}

}
