#include "sim/records/utilisation.hpp"

#include <algorithm>

namespace sim::records {
namespace {

void add(std::vector<proxy_work>& sums, std::vector<proxy_work> const& phase) {
  sums.resize(std::max(sums.size(), phase.size()));
  for (std::size_t i = 0; i < phase.size(); ++i) {
    sums[i].asked_ns += phase[i].asked_ns;
    sums[i].capacity_ns += phase[i].capacity_ns;
  }
}

double share(double asked_ns, double capacity_ns) { return capacity_ns > 0 ? asked_ns / capacity_ns : 0; }

}

void add(proxy_work_by_phase& into, proxy_work_by_phase const& other) {
  into.resize(std::max(into.size(), other.size()));
  for (std::size_t p = 0; p < other.size(); ++p) add(into[p], other[p]);
}

void add_utilisation(metric_set& set, proxy_work_by_phase const& work, std::optional<std::size_t> phase) {
  auto const u = utilisation_in(work, phase);
  if (!u) return;
  set["utilisation"] = counter_metric{u->mean};
  set["utilisation_max"] = counter_metric{u->busiest};
}

std::optional<utilisation> utilisation_in(proxy_work_by_phase const& work, std::optional<std::size_t> phase) {
  std::vector<proxy_work> sums;
  for (std::size_t p = 0; p < work.size(); ++p)
    if (!phase || *phase == p) add(sums, work[p]);
  utilisation u;
  double asked = 0, capacity = 0;
  for (proxy_work const& w : sums) {
    auto const own_asked = static_cast<double>(w.asked_ns), own_capacity = static_cast<double>(w.capacity_ns);
    asked += own_asked;
    capacity += own_capacity;
    u.busiest = std::max(u.busiest, share(own_asked, own_capacity));
  }
  if (capacity <= 0) return std::nullopt;
  u.mean = share(asked, capacity);
  return u;
}

}
