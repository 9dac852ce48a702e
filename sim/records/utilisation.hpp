#pragma once

#include "sim/records/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace sim::records {

/// What one proxy's servers were asked for in one phase.
struct proxy_work {
  std::int64_t asked_ns = 0;    // service, counted when it was asked for
  std::int64_t capacity_ns = 0; // servers × time that the proxy ran
};

/// By phase, then by proxy; empty when nobody knows: live runs, and proxies without a limit of servers.
using proxy_work_by_phase = std::vector<std::vector<proxy_work>>;

/// Asked ÷ capacity. Above 1 the proxies cannot keep up: what is asked for is counted, not what they manage.
struct utilisation {
  double mean = 0;    // of all proxies together
  double busiest = 0; // of the proxy with the highest
};

/// Adds what another run of the same scenario asked for.
void add(proxy_work_by_phase& into, proxy_work_by_phase const& other);

/// Sets `utilisation` and `utilisation_max`, where they are known. `phase` as below.
void add_utilisation(metric_set& set, proxy_work_by_phase const& work, std::optional<std::size_t> phase);

/// Nothing when no proxy ran. `phase`: of this one; nothing: of the whole.
std::optional<utilisation> utilisation_in(proxy_work_by_phase const& work, std::optional<std::size_t> phase);

}
