#pragma once

/// Proxies as queues: Poisson arrivals at rate l (1/s), mean service time s (seconds). Redirected requests load a proxy
/// twice, once for `redirect_time` and once for the service. Infinite when the queue is not stable.
namespace sim::theory {

/// Share of the servers' time that is spent serving: l s / c.
double utilisation(double rate, double service_s, double servers);

/// M/M/c: chance that an arrival waits (Erlang's C formula) and the mean wait before service, seconds.
double chance_to_wait(double rate, double service_s, unsigned servers);
double mean_wait_s(double rate, double service_s, unsigned servers);

/// M/G/1 with processor sharing: mean time in the system, seconds. Depends on the service time's mean only.
double mean_sojourn_shared_s(double rate, double service_s);

/// Mean latency of a mixture: a share `redirects` of extra hops, each of `hop_s`, on top of `direct_s`.
double mean_latency_s(double direct_s, double redirects, double hop_s);

}
