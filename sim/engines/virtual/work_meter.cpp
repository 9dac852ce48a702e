#include "sim/engines/virtual/work_meter.hpp"

#include "sim/engines/virtual/world.hpp"

namespace sim::virtual_time {

work_meter::work_meter(world& w)
  : w_(w) {}

void work_meter::begin() {
  if (w_.scenario.topology.proxies.servers == 0) return;
  ended_ = false;
  before_.resize(w_.proxies.count());
  work_.assign(1, std::vector<records::proxy_work>(before_.size()));
  take();
  work_.assign(w_.scenario.phases.size(), std::vector<records::proxy_work>(before_.size()));
}

void work_meter::change(std::size_t phase) {
  if (!ended_) take();
  phase_ = phase;
}

void work_meter::end() {
  if (ended_) return;
  take();
  ended_ = true;
}

void work_meter::take() {
  std::int64_t const servers = w_.scenario.topology.proxies.servers;
  for (std::size_t i = 0; i < before_.size(); ++i) {
    records::proxy_work const now{w_.proxies.busy_ns(i), servers * w_.proxies.alive_ns(i)};
    work_[phase_][i].asked_ns += now.asked_ns - before_[i].asked_ns;
    work_[phase_][i].capacity_ns += now.capacity_ns - before_[i].capacity_ns;
    before_[i] = now;
  }
}

}
