#include "sim/engines/virtual/work_meter.hpp"

#include "sim/engines/virtual/proxies.hpp"

namespace sim::virtual_time {

work_meter::work_meter(run_context& run, virtual_time::proxies& proxies)
  : run_(run)
  , proxies_(proxies) {}

void work_meter::begin() {
  if (run_.scenario.topology.proxies.servers == 0) return;
  ended_ = false;
  before_.resize(proxies_.count());
  work_.assign(1, std::vector<records::proxy_work>(before_.size()));
  take();
  work_.assign(run_.scenario.phases.size(), std::vector<records::proxy_work>(before_.size()));
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
  std::int64_t const servers = run_.scenario.topology.proxies.servers;
  for (std::size_t i = 0; i < before_.size(); ++i) {
    records::proxy_work const now{proxies_.busy_ns(i), servers * proxies_.alive_ns(i)};
    work_[phase_][i].asked_ns += now.asked_ns - before_[i].asked_ns;
    work_[phase_][i].capacity_ns += now.capacity_ns - before_[i].capacity_ns;
    before_[i] = now;
  }
}

}
