#include "sim/judge/next_steps.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace sim::judge {
namespace {

using records::result;

std::uint64_t count_in(records::metric_set const& set, std::string const& name) {
  return static_cast<std::uint64_t>(std::llround(records::counter_in(set, name)));
}

std::string percent(double share) { return std::to_string(std::llround(100 * share)) + " %"; }

bool is_busy(result const& r) { return r.load.cpu_busy && *r.load.cpu_busy >= busy_machine; }

/// A status that nginx answers itself when an upstream fails, and the words of proxy_next_upstream that cover it.
struct upstream_failure {
  char const* status;
  std::vector<std::string_view> covered_by;
};

/// An nginx that passes failures of upstreams on, and that nothing in its configuration has try another.
void nginx_without_retries(result const& r, std::vector<std::string>& lines) {
  static std::vector<upstream_failure> const failures = {
      {"502", {"error", "invalid_header", "http_502"}}, {"503", {"http_503"}}, {"504", {"timeout", "http_504"}}};
  for (records::named_metrics const& b : r.balancers) {
    if (!b.retries_on) continue;
    for (upstream_failure const& f : failures) {
      std::uint64_t const failed = count_in(b.metrics, std::string("failed_requests{status:") + f.status + "}");
      bool const covered = std::any_of(f.covered_by.begin(), f.covered_by.end(), [&](std::string_view word) {
        return std::find(b.retries_on->begin(), b.retries_on->end(), word) != b.retries_on->end();
      });
      if (failed == 0 || covered) continue;
      lines.push_back(b.name + " answered " + std::to_string(failed) +
                      (failed == 1 ? " request with " : " requests with ") + f.status +
                      ", and its configuration says of no other proxy to ask then: give it proxy_next_upstream with " +
                      std::string(f.covered_by.front()) + " where it passes to an upstream group, and error_page " +
                      f.status + " with a location that guesses anew where it follows X-Accel-Redirect");
    }
  }
}

/// A 500 is nginx's own: no proxy of the lab answers that.
void nginx_failed_itself(result const& r, std::vector<std::string>& lines) {
  for (records::named_metrics const& b : r.balancers) {
    std::uint64_t const failed = b.retries_on ? count_in(b.metrics, "failed_requests{status:500}") : 0;
    if (failed != 0)
      lines.push_back(b.name + " answered " + std::to_string(failed) + (failed == 1 ? " request" : " requests") +
                      " with 500, which no proxy did: its own log says what is wrong with its configuration");
  }
}

void connections_ran_out(result const& r, std::vector<std::string>& lines) {
  std::uint64_t const requests = count_in(r.metrics, "requests");
  auto const waited = static_cast<double>(r.load.waited_for_connection);
  // As many as p(99) of the lag needs.
  if (!r.load.lagged || waited < 0.01 * static_cast<double>(std::max<std::uint64_t>(requests, 1))) return;
  lines.push_back(std::to_string(r.load.waited_for_connection) + " of " + std::to_string(requests) +
                  " requests were due while all " + std::to_string(r.load.connections_per_balancer) +
                  " connections to their balancer were busy" +
                  // which makes all answers slow, so that connections run out, too
                  (is_busy(r) ? "; if that stays so on an idle machine, " : ": ") +
                  "the rate is more than these can carry at this latency; a higher load.connections_per_balancer, more "
                  "balancers, or a lower rate");
}

void busy_by_others(result const& r, std::vector<std::string>& lines) {
  if (!r.load.lagged || !is_busy(r)) return;
  lines.push_back("the machine was busy (" + percent(*r.load.cpu_busy) +
                  " of its CPU time): run it again when nothing else runs, with a lower rate, on more cores, or with "
                  "--engine virtual, whose result no other process changes");
}

void events_left(result const& r, std::vector<std::string>& lines) {
  auto const left = std::count_if(r.events.begin(), r.events.end(), [](auto const& e) { return e.left; });
  if (left == 0 || r.verdict == records::verdict::interrupted) return;
  lines.push_back(
      std::to_string(left) + " of " + std::to_string(r.events.size()) +
      (r.events.size() == 1 ? " event was" : " events were") +
      " not carried out to the end before the load was over, so what the run shows is without them: earlier "
      "events, or a longer load");
}

/// Nobody's answers have to do with the lab.
void no_proxy_asked(result const& r, std::vector<std::string>& lines) {
  std::uint64_t const requests = count_in(r.metrics, "requests");
  if (requests == 0 || count_in(r.metrics, "balancer_answers") != requests) return;
  if (count_in(r.metrics, "failed_requests") != 0) return;
  lines.push_back("no request reached a proxy of the lab: what answered is no balancer in front of them, or none that "
                  "knows where they listen");
}

using rule = void (*)(result const&, std::vector<std::string>&);
constexpr rule rules[] = {no_proxy_asked,      events_left,           busy_by_others,
                          connections_ran_out, nginx_without_retries, nginx_failed_itself};

}

std::vector<std::string> next_steps(result const& r) {
  std::vector<std::string> lines;
  for (rule const apply : rules) apply(r, lines);
  return lines;
}

}
