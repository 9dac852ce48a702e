#include "sim/theory/queues.hpp"

#include <limits>

namespace sim::theory {

double utilisation(double rate, double service_s, double servers) { return rate * service_s / servers; }

double chance_to_wait(double rate, double service_s, unsigned servers) {
  double const load = rate * service_s;
  if (load >= servers) return 1;
  double blocked = 1; // Erlang B, by its recursion over servers
  for (unsigned c = 1; c <= servers; ++c) blocked = load * blocked / (c + load * blocked);
  return blocked / (1 - load / servers * (1 - blocked));
}

double mean_wait_s(double rate, double service_s, unsigned servers) {
  double const load = rate * service_s;
  if (load >= servers) return std::numeric_limits<double>::infinity();
  return chance_to_wait(rate, service_s, servers) * service_s / (servers - load);
}

double mean_sojourn_shared_s(double rate, double service_s) {
  double const load = rate * service_s;
  return load < 1 ? service_s / (1 - load) : std::numeric_limits<double>::infinity();
}

double mean_latency_s(double direct_s, double redirects, double hop_s) { return direct_s + redirects * hop_s; }

}
