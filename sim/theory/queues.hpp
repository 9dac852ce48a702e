#pragma once

#include "sim/scenario/scenario.hpp"

#include <vector>

/// Proxies as queues: Poisson arrivals at rate l (1/s), mean service time s (seconds), first come first served unless
/// stated otherwise. All times are seconds; infinite when the queue is not stable.
namespace sim::theory {

/// A share of a server's work, and how long each piece takes.
struct work_kind {
  double share = 1;
  scenario::service_time time;
};

/// What a proxy's servers do: requests, and `redirect_time` for those that it sends elsewhere. The shares add up to 1.
using workload = std::vector<work_kind>;

double mean_s(workload const& w);

/// Squared coefficient of variation: variance ÷ mean². 0 constant, 1 exponential, exp(sigma²) - 1 lognormal, infinite
/// for Pareto with alpha <= 2.
double squared_variation(workload const& w);

/// P(S <= t), and the share of the residual time of a service under way that is <= t: the integral of P(S > u) to t,
/// over s (renewal theory: Feller, An Introduction to Probability Theory, vol. 2, XI.4).
double served_within(workload const& w, double t_s);
double residual_within(workload const& w, double t_s);

/// Share of the servers' time that is spent serving: l s / c. Little's law: holds for any arrivals and any service.
double utilisation(double rate, double service_s, double servers);

/// M/M/c (exponential service, c servers, one queue): chance that an arrival waits (Erlang's C formula) and the mean
/// wait before service. M/M/1 is c = 1. Source: Kleinrock, Queueing Systems, vol. 1, 3.5.
double chance_to_wait(double rate, double service_s, unsigned servers);
double mean_wait_s(double rate, double service_s, unsigned servers);

/// M/M/c: the wait and the time in the system (wait + service) that a share `q` of the requests does not exceed,
/// 0 <= q < 1. P(W > t) = C exp(-(c/s - l) t). Source: Gross, Harris, Fundamentals of Queueing Theory, 3rd ed., 2.3.
double wait_quantile_s(double rate, double service_s, unsigned servers, double q);
double sojourn_quantile_s(double rate, double service_s, unsigned servers, double q);
/// P(time in the system <= t).
double sojourn_within(double rate, double service_s, unsigned servers, double t_s);

/// M/G/1: mean wait, l E[S²] / (2 (1 - l s)) (Pollaczek–Khinchine; Kleinrock, vol. 1, 5.7).
double mean_wait_one_server_s(double rate, workload const& w);

/// M/G/1: the wait is distributed as the sum of a geometric number of residual service times (Pollaczek–Khinchine in
/// the time domain), computed on a grid by Panjer's recursion (ASTIN Bulletin 12, 1981). Relative error some 1e-3;
/// takes milliseconds, a second near saturation.
class waiting_law {
public:
  /// Good for shares up to `most`, 0 <= most < 1. The queue must be stable.
  waiting_law(double rate, workload const& w, double most);

  /// P(wait + service of `what` <= t), for requests of one kind at a server that also does the rest of `w`.
  double sojourn_within(workload const& what, double t_s) const;

private:
  double step_s_;
  std::vector<double> chances_; // of a wait of this many steps
};

/// The time in the system that a share `q` of the requests of `what` does not exceed.
double sojourn_quantile_one_server_s(double rate, workload const& w, scenario::service_time const& what, double q);

/// The smallest t >= 0 with within(t) >= q, for a distribution of times of about the order of `scale`.
template<class Within>
double quantile_of(Within const& within, double q, double scale) {
  if (within(0.0) >= q) return 0;
  double low = 0, high = scale;
  while (within(high) < q) low = high, high *= 2;
  while (high - low > 1e-10 * high) {
    double const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (within(middle) < q ? low : high) = middle;
  }
  return high;
}

/// No queue (M/G/infinity): the service time's own quantile.
double service_quantile_s(scenario::service_time const& what, double q);

/// M/G/1 with processor sharing: mean time in the system. Depends on the service time's mean only (Kleinrock, vol. 2,
/// 4.4).
double mean_sojourn_shared_s(double rate, double service_s);

/// Mean latency of a mixture: a share `redirects` of extra hops, each of `hop_s`, on top of `direct_s`.
double mean_latency_s(double direct_s, double redirects, double hop_s);

}
