#include "sim/judge/timeseries.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <tuple>

namespace sim::judge {

using records::time_slice;

namespace {

/// What one request adds to its slice. Key: (time slice, balancer + 1), 0 standing for all.
struct contribution {
  std::uint32_t time, balancer;
  float latency_ms; // negative: no answer
  std::uint16_t redirects;
  std::optional<scenario::failure_cause> failed;
};

/// NaN without values.
float quantile(std::vector<float>& values, double q) {
  if (values.empty()) return std::numeric_limits<float>::quiet_NaN();
  auto const rank = static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[static_cast<std::size_t>(rank)];
}

time_slice slice_of(std::span<contribution const> group, std::string const& balancer, std::int64_t width,
                    std::vector<float>& latencies) {
  time_slice s;
  s.from_s = static_cast<double>(group.front().time * width) / 1e9;
  s.to_s = static_cast<double>((group.front().time + 1) * width) / 1e9;
  s.balancer = balancer;
  latencies.clear();
  for (contribution const& c : group) {
    ++s.requests;
    s.redirects += c.redirects;
    if (c.failed) ++s.failed, ++s.failed_by_cause[static_cast<std::size_t>(*c.failed)];
    if (c.latency_ms >= 0) latencies.push_back(c.latency_ms);
  }
  s.latency_ms_p50 = quantile(latencies, 0.5);
  s.latency_ms_p99 = quantile(latencies, 0.99);
  return s;
}

}

std::int64_t slice_ns(double seconds) {
  static constexpr std::array<std::int64_t, 9> widths = {1, 2, 5, 10, 20, 50, 100, 200, 500}; // ms
  for (std::int64_t ms : widths)
    if (seconds * 1000 <= 40.0 * static_cast<double>(ms)) return ms * 1'000'000;
  return (seconds > 1200 ? static_cast<std::int64_t>(seconds / 1200) + 1 : 1) * 1'000'000'000;
}

std::vector<time_slice> timeseries_of(records::run_view const& v, std::vector<request_facts> const& facts,
                                      double seconds) {
  std::int64_t const width = slice_ns(seconds);
  std::vector<contribution> all;
  all.reserve(2 * v.size());
  for (std::size_t i = 0; i != v.size(); ++i) {
    if (!v.is_load(i)) continue;
    records::client_record const& c = v.client(i);
    std::int64_t const at = std::max<std::int64_t>(0, c.intended_ns - v.records().start_ns);
    contribution x{static_cast<std::uint32_t>(at / width), 0,
                   facts[i].answered ? static_cast<float>(c.done_ns - c.intended_ns) / 1e6f : -1.f,
                   static_cast<std::uint16_t>(facts[i].redirects), facts[i].failed};
    all.push_back(x);
    if (c.balancer >= v.balancers().size()) continue;
    x.balancer = c.balancer + 1u;
    all.push_back(x);
  }
  std::sort(all.begin(), all.end(), [](contribution const& a, contribution const& b) {
    return std::tie(a.time, a.balancer) < std::tie(b.time, b.balancer);
  });
  std::vector<time_slice> slices;
  std::vector<float> latencies;
  for (std::size_t from = 0; from != all.size();) {
    std::size_t to = from;
    while (to != all.size() && all[to].time == all[from].time && all[to].balancer == all[from].balancer) ++to;
    std::string const name = all[from].balancer ? v.balancers()[all[from].balancer - 1].name : "";
    slices.push_back(slice_of(std::span(all).subspan(from, to - from), name, width, latencies));
    from = to;
  }
  return slices;
}

}
