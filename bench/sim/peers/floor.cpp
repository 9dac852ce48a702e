/// The floor: the same draws and decisions one request after another, with neither queues nor a queue of events. What
/// any simulation of the model must do at least.

#include "bench/sim/peers/model.hpp"

int main(int argc, char** argv) {
  bench::arguments const asked(argc, argv);
  bench::draws random(asked.seed);
  bench::routing world(asked.characters);
  for (std::uint64_t i = 0; i != asked.requests(); ++i) {
    std::uint32_t const character = random.below(asked.characters), balancer = random.below(bench::balancers);
    std::uint8_t const first = world.first_choice(balancer, character, random);
    double time = random.hop() + random.hop();
    if (world.owner[character] != first) time += random.hop() + random.hop(); // the registry
    std::uint8_t const owner = world.claim(character, first);
    if (owner != first) {
      ++world.redirects_of[character];
      time += random.hop() + random.hop();
    }
    world.maps[balancer][character] = owner;
    world.latency_s += time + random.exponential(bench::service_mean_s) + random.hop() + random.hop();
  }
  bench::report(world);
}
