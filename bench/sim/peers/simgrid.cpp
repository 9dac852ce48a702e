/// The standard model in SimGrid S4U, in two ways: an actor for each request (`actor-each`), as its users write it, and
/// actors that are used again (`reused`), each of which sleeps until an arrival of its own: less work for SimGrid. A
/// message is a sleep; a proxy's servers are a semaphore, whose queue is in order of arrival.

#include "bench/sim/peers/model.hpp"

#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

namespace sg4 = simgrid::s4u;

namespace {

constexpr std::uint32_t carriers = 1000; // many more than requests that are under way at a time, some 210

struct simulation {
  explicit simulation(bench::arguments const& asked)
    : random(asked.seed)
    , world(asked.characters)
    , characters(asked.characters)
    , left(asked.requests()) {
    for (std::uint32_t p = 0; p != bench::proxies; ++p) servers.push_back(sg4::Semaphore::create(bench::servers));
  }

  bench::draws random;
  bench::routing world;
  std::uint32_t characters;
  std::uint64_t left;
  double next_arrival_s = 0;
  std::uint64_t late = 0; // arrivals for which no carrier was free
  std::vector<sg4::SemaphorePtr> servers;

  void message() { sg4::this_actor::sleep_for(random.hop()); }

  void request(double began) {
    std::uint32_t const character = random.below(characters), balancer = random.below(bench::balancers);
    message(); // to the balancer
    std::uint8_t proxy = world.first_choice(balancer, character, random);
    message(); // to the proxy
    if (world.owner[character] != proxy) {
      message(); // to the registry
      std::uint8_t const owner = world.claim(character, proxy);
      message();
      if (owner != proxy) {
        ++world.redirects_of[character];
        message(); // to the balancer
        message(); // to the owner
        proxy = owner;
      }
    }
    servers[proxy]->acquire();
    sg4::this_actor::sleep_for(random.exponential(bench::service_mean_s));
    servers[proxy]->release();
    message(); // to the balancer
    world.maps[balancer][character] = proxy;
    message(); // to the client
    world.latency_s += sg4::Engine::get_clock() - began;
  }

  /// An actor that carries one request after another.
  void carry() {
    while (left > 0) {
      --left;
      double const at = next_arrival_s += random.exponential(1 / bench::rate_rps);
      if (at < sg4::Engine::get_clock()) ++late;
      sg4::this_actor::sleep_until(at);
      request(at);
    }
  }
  /// An actor that makes one for each request.
  void arrive(sg4::Host* host) {
    for (; left > 0; --left) {
      sg4::this_actor::sleep_for(random.exponential(1 / bench::rate_rps));
      sg4::Actor::create("request", host, [this] { request(sg4::Engine::get_clock()); });
    }
  }
};

}

int main(int argc, char** argv) {
  sg4::Engine engine(&argc, argv);
  std::string const way = argc == 4 ? argv[3] : "";
  bench::arguments const asked(way == "reused" || way == "actor-each" ? 3 : 0, argv);
  simulation s(asked);
  auto* zone = sg4::create_full_zone("lab");
  auto* host = zone->create_host("host", 1e9);
  zone->seal();
  if (way == "actor-each")
    sg4::Actor::create("arrivals", host, [&s, host] { s.arrive(host); });
  else
    for (std::uint32_t i = 0; i != carriers; ++i) sg4::Actor::create("carrier", host, [&s] { s.carry(); });
  engine.run();
  if (s.late > 0) {
    std::fprintf(stderr, "%llu arrivals were late: more carriers\n", static_cast<unsigned long long>(s.late));
    return 1;
  }
  bench::report(s.world);
}
