#include "sim/cli/room.hpp"

#include "base/journal/records.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/load/arrivals.hpp"

#include <algorithm>

namespace sim::cli {
namespace {

using scenario::load_kind;

/// Requests that the load makes at least.
double least_requests(scenario::scenario const& s) {
  scenario::load const& load = s.load;
  switch (load.kind) {
  case load_kind::closed:
    return load.duration.count() > 0 ? 0.0 : static_cast<double>(s.population.characters) * load.requests_per_character;
  case load_kind::constant_rate:
  case load_kind::poisson:
  case load_kind::ramping_rate:
    return load::expected_arrivals(load);
  case load_kind::trace:
    return 0;
  }
  return 0;
}

}

std::uint64_t room_of_live_run(scenario::scenario const& s) {
  constexpr std::uint64_t of_a_process = 512u << 10; // a journal's first block, a configuration, a log
  constexpr double of_a_request =
      sizeof(journal::proxy_hop) + 2 * sizeof(journal::balancer_event) + sizeof(journal::sol_event);
  std::uint64_t const processes = scenario::balancers_of(s).size() + s.topology.proxies.count + s.topology.sols.count;
  return room_of_reports + processes * of_a_process + static_cast<std::uint64_t>(least_requests(s) * of_a_request);
}

std::uint64_t room_of_kept_requests(scenario::scenario const& s, std::size_t most) {
  constexpr double of_a_request = 1200; // a line of JSON, with one redirect
  return static_cast<std::uint64_t>(std::min(least_requests(s), static_cast<double>(most)) * of_a_request);
}

}
