#include "sim/theory/queues.hpp"

#include "base/contract/expects.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sim::theory {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

}

waiting_law::waiting_law(double rate, workload const& w, double most)
  : step_s_(0) {
  double const service = mean_s(w), load = rate * service;
  CREST_EXPECTS(load < 1 && most >= 0 && most < 1);
  if (!(load > 0)) {
    chances_ = {1};
    return;
  }
  // Some 200 points a mean service time, fewer where the wait is long compared with it.
  double const points = std::clamp(2e4 / (1 + mean_wait_one_server_s(rate, w) / service * 5), 20.0, 200.0);
  step_s_ = service / points;
  // The residual service time, rounded to the grid's nearest point: error of the second order in the step.
  std::vector<double> residuals;
  double reached = 0;
  auto const extend = [&] {
    double const upper = residual_within(w, (static_cast<double>(residuals.size()) + 0.5) * step_s_);
    residuals.push_back(upper - reached);
    reached = upper;
  };
  extend();
  double const stays = 1 - load * residuals[0];
  chances_ = {(1 - load) / stays};
  for (double total = chances_[0]; total < most + (1 - most) * 0.999;) {
    extend();
    std::size_t const k = chances_.size();
    double sum = 0;
    for (std::size_t j = 1; j <= k; ++j) sum += residuals[j] * chances_[k - j];
    chances_.push_back(load * sum / stays);
    total += chances_.back();
  }
}

double waiting_law::sojourn_within(workload const& what, double t_s) const {
  double sum = 0;
  for (std::size_t k = 0; k < chances_.size() && static_cast<double>(k) * step_s_ <= t_s; ++k)
    sum += chances_[k] * served_within(what, t_s - static_cast<double>(k) * step_s_);
  return sum;
}

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
  if (load >= servers) return never;
  return chance_to_wait(rate, service_s, servers) * service_s / (servers - load);
}

double wait_quantile_s(double rate, double service_s, unsigned servers, double q) {
  CREST_EXPECTS(q >= 0 && q < 1);
  double const load = rate * service_s;
  if (load >= servers) return never;
  double const wait = chance_to_wait(rate, service_s, servers);
  return 1 - q >= wait ? 0 : std::log(wait / (1 - q)) * service_s / (servers - load);
}

double sojourn_within(double rate, double service_s, unsigned servers, double t_s) {
  double const load = rate * service_s;
  if (load >= servers || t_s <= 0) return 0;
  double const wait = chance_to_wait(rate, service_s, servers), excess = servers - 1 - load, x = t_s / service_s;
  // P(T > t) = e^-x (1 + C (1 - e^(-x (c - 1 - a))) / (c - 1 - a)), x = t / s; its limit where c - 1 = a.
  double const grown = std::abs(excess) > 1e-9 ? -std::expm1(-x * excess) / excess : x;
  return 1 - std::exp(-x) * (1 + wait * grown);
}

double sojourn_quantile_s(double rate, double service_s, unsigned servers, double q) {
  CREST_EXPECTS(q >= 0 && q < 1);
  if (rate * service_s >= servers) return never;
  return quantile_of([&](double t) { return sojourn_within(rate, service_s, servers, t); }, q, service_s);
}

double mean_wait_one_server_s(double rate, workload const& w) {
  double const service = mean_s(w), load = rate * service;
  if (load >= 1) return never;
  return load / (1 - load) * (1 + squared_variation(w)) / 2 * service;
}

double sojourn_quantile_one_server_s(double rate, workload const& w, scenario::service_time const& what, double q) {
  CREST_EXPECTS(q >= 0 && q < 1);
  double const service = mean_s(w), load = rate * service;
  if (load >= 1) return never;
  if (!(load > 0)) return service_quantile_s(what, q);
  waiting_law const wait(rate, w, q);
  workload const alone{{1, what}};
  return quantile_of([&](double t) { return wait.sojourn_within(alone, t); }, q, service);
}

double mean_sojourn_shared_s(double rate, double service_s) {
  double const load = rate * service_s;
  return load < 1 ? service_s / (1 - load) : never;
}

double mean_latency_s(double direct_s, double redirects, double hop_s) { return direct_s + redirects * hop_s; }

}
