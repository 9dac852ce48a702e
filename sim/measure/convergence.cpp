#include "sim/measure/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace sim::measure {
namespace {

struct sums {
  double redirects = 0, squares = 0, count = 0;
  double ratio() const { return count > 0 ? redirects / count : 0; }
  /// Variance of one request's redirects, of requests taken as independent; at least that of one redirect in all.
  double variance() const {
    if (count <= 0) return 0;
    double const m = (redirects + 1) / (count + 1);
    return std::max(squares / count - ratio() * ratio(), m * (1 - std::min(m, 0.5)));
  }
};

sums sum(std::span<redirect_sample const> samples) {
  sums s;
  for (redirect_sample const& x : samples) {
    s.redirects += x.redirects;
    s.squares += double(x.redirects) * x.redirects;
    s.count += 1;
  }
  return s;
}

double highest_ratio(std::span<redirect_sample const> samples) {
  std::size_t const width = std::min(peak_window, samples.size());
  double window = 0, highest = 0;
  for (std::size_t i = 0; i != samples.size(); ++i) {
    window += samples[i].redirects;
    if (i >= width) window -= samples[i - width].redirects;
    if (i + 1 >= width) highest = std::max(highest, window);
  }
  return highest / static_cast<double>(width);
}

}

convergence converge(std::vector<redirect_sample> const& samples, std::int64_t from_ns, std::int64_t event_ns,
                     std::int64_t until_ns) {
  auto const at = [&](std::int64_t ns) {
    return std::lower_bound(samples.begin(), samples.end(), ns,
                            [](redirect_sample const& s, std::int64_t t) { return s.at_ns < t; });
  };
  std::span<redirect_sample const> const before(at(from_ns + (event_ns - from_ns) / 2), at(event_ns));
  std::span<redirect_sample const> const after(at(event_ns), at(until_ns));
  convergence c;
  if (after.empty()) return c;
  c.peak_ratio = highest_ratio(after);
  if (before.empty()) return c;
  sums const base = sum(before);
  sums const tail = sum(after.last((after.size() + 3) / 4));
  double const error = std::sqrt(base.variance() / base.count + tail.variance() / tail.count);
  bool const back = tail.ratio() - base.ratio() <= 3 * error;
  double const level = back ? (base.redirects + tail.redirects) / (base.count + tail.count) : base.ratio();
  double excess = 0;
  for (redirect_sample const& s : after) excess += s.redirects - level;
  // Errors of the level add up over all requests after the event; those that helped to estimate it, less.
  double const n = static_cast<double>(after.size()), shared = back ? tail.count : 0, known = base.count + shared;
  double const requests = n + n * n / known - 2 * n * shared / known;
  if (excess <= 3 * std::sqrt(std::max(1.0, requests * base.variance()))) {
    c.seconds = 0;
    c.requests = 0;
    return c;
  }
  double so_far = 0;
  std::size_t last = 0;
  while (last != after.size() && so_far + after[last].redirects - level < 0.95 * excess)
    so_far += after[last++].redirects - level;
  last = std::min(last, after.size() - 1);
  c.requests = last + 1;
  c.seconds = static_cast<double>(after[last].at_ns - event_ns) / 1e9;
  return c;
}

std::vector<event_result> events_of(run_view const& v, std::vector<request_facts> const& facts) {
  run_records const& r = v.records();
  std::vector<redirect_sample> samples;
  for (std::size_t i = 0; i != v.size(); ++i)
    if (v.is_load(i) && facts[i].needed_proxy) samples.push_back({v.client(i).intended_ns, facts[i].redirects});
  std::sort(samples.begin(), samples.end(),
            [](redirect_sample const& a, redirect_sample const& b) { return a.at_ns < b.at_ns; });
  std::vector<event_result> results;
  for (event_record const& e : r.events) {
    event_result out{e.name, e.kind, e.node, e.detail, 0, 0, {}, {}, {}};
    out.at_s = static_cast<double>((e.began_ns ? e.began_ns : e.planned_ns) - r.start_ns) / 1e9;
    out.done_s = e.done_ns ? static_cast<double>(e.done_ns - r.start_ns) / 1e9 : out.at_s;
    if (e.began_ns != 0) {
      std::int64_t from = r.start_ns, until = std::numeric_limits<std::int64_t>::max();
      for (event_record const& other : r.events) {
        if (other.began_ns == 0) continue;
        if (other.began_ns < e.began_ns) from = std::max(from, other.began_ns);
        if (other.began_ns > e.began_ns) until = std::min(until, other.began_ns);
      }
      convergence const c = converge(samples, from, e.began_ns, until);
      out.convergence_s = c.seconds;
      out.convergence_requests = c.requests;
      out.peak_redirect_ratio = c.peak_ratio;
    }
    results.push_back(std::move(out));
  }
  return results;
}

}
