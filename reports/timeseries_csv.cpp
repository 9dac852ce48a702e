#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/scenario/metrics.hpp"

#include <cmath>
#include <string_view>

namespace reports {
namespace {

/// Empty if it is not a number.
std::string cell(double value) { return std::isfinite(value) ? fixed(value, 3) : ""; }

}

std::string timeseries_csv(sim::records::result const& r) {
  std::string out = "from_s,to_s,balancer,requests,redirects,redirect_ratio,failed,latency_ms_p50,latency_ms_p99";
  for (std::string_view const cause : sim::scenario::failure_causes()) out += ",failed_" + std::string(cause);
  out += "\n";
  for (sim::records::time_slice const& s : r.timeseries) {
    double const ratio = s.requests == 0 ? 0 : static_cast<double>(s.redirects) / static_cast<double>(s.requests);
    out += fixed(s.from_s, 3) + "," + fixed(s.to_s, 3) + "," + (s.balancer.empty() ? "all" : s.balancer) + "," +
           std::to_string(s.requests) + "," + std::to_string(s.redirects) + "," +
           (s.requests == 0 ? "" : fixed(ratio, 6)) + "," + std::to_string(s.failed) + "," + cell(s.latency_ms_p50) +
           "," + cell(s.latency_ms_p99);
    for (std::uint64_t const failed : s.failed_by_cause) out += "," + std::to_string(failed);
    out += "\n";
  }
  return out;
}

}
