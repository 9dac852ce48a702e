#include "sim/load/logged_in.hpp"

#include "sim/load/stream.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sim::load {

std::vector<std::uint32_t> logged_in(scenario::scenario const& s) {
  std::vector<std::uint32_t> all(s.population.characters);
  std::iota(all.begin(), all.end(), 0u);
  auto draws = stream(s.seed, "logged in");
  auto const share = static_cast<std::size_t>(std::llround(s.population.logged_in * static_cast<double>(all.size())));
  std::size_t const count = std::min(all.size(), std::max<std::size_t>(share, s.population.eve_clients));
  draw_to_front(all, count, draws);
  all.resize(count);
  all.shrink_to_fit();
  return all;
}

std::vector<std::vector<std::uint32_t>> logins_by_proxy(scenario::scenario const& s,
                                                        std::vector<std::uint32_t> const& characters) {
  auto draws = stream(s.seed, "logins");
  std::vector<std::vector<std::uint32_t>> by_proxy(s.topology.proxies.count);
  for (std::size_t i = s.population.eve_clients; i < characters.size(); ++i)
    by_proxy[uniform_below(draws, s.topology.proxies.count)].push_back(characters[i]);
  return by_proxy;
}

}
