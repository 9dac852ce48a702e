#include "sim/load/arrivals.hpp"

#include <algorithm>
#include <cmath>

namespace sim::load {
namespace {

double seconds(scenario::nanoseconds duration) { return static_cast<double>(duration.count()) * 1e-9; }

}

arrivals::arrivals(scenario::load const& load, std::uint64_t seed)
  : kind_(load.kind)
  , rate_rps_(load.rate_rps)
  , duration_ns_(static_cast<double>(load.duration.count()))
  , gaps_(stream(seed, "arrivals")) {
  double time = 0, amount = 0, rate = load.start_rate_rps;
  for (scenario::ramp_stage const& s : load.stages) {
    double const length = seconds(s.duration);
    double const part = (rate + s.rate_rps) / 2 * length;
    stages_.push_back({time, time + length, rate, s.rate_rps, amount, part});
    time += length;
    amount += part;
    rate = s.rate_rps;
  }
}

std::optional<std::int64_t> arrivals::next() {
  auto const at_ns = next_ns();
  if (!at_ns || *at_ns >= duration_ns_) return std::nullopt;
  ++given_;
  return static_cast<std::int64_t>(*at_ns + 0.5);
}

std::optional<double> arrivals::next_ns() {
  if (kind_ == scenario::load_kind::constant_rate) return static_cast<double>(given_) / rate_rps_ * 1e9;
  if (kind_ == scenario::load_kind::ramping_rate) {
    auto const at_s = next_of_ramp();
    return at_s ? std::optional(*at_s * 1e9) : std::nullopt;
  }
  return last_ns_ += exponential_ns(uniform_positive(gaps_), rate_rps_);
}

std::optional<double> arrivals::next_of_ramp() {
  auto const due = static_cast<double>(given_);
  while (stage_ < stages_.size() && due >= stages_[stage_].before + stages_[stage_].amount) ++stage_;
  if (stage_ == stages_.size()) return std::nullopt;
  stage const& s = stages_[stage_];
  // rate · t + slope · t² / 2 = rest, in the form without cancellation.
  double const rest = std::max(0.0, due - s.before);
  double const slope = (s.end_rate - s.begin_rate) / (s.end_s - s.begin_s);
  double const root = std::sqrt(std::max(0.0, s.begin_rate * s.begin_rate + 2 * slope * rest));
  double const denominator = s.begin_rate + root;
  return s.begin_s + (denominator > 0 ? std::min(2 * rest / denominator, s.end_s - s.begin_s) : 0.0);
}

}
