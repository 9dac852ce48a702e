#include "sim/load/arrivals.hpp"

#include "base/contract/expects.hpp"

#include <algorithm>
#include <cmath>

namespace sim::load {
namespace {

double seconds(scenario::nanoseconds duration) { return static_cast<double>(duration.count()) * 1e-9; }

}

double expected_arrivals(scenario::load const& load) {
  double sum = load.rate_rps * seconds(load.duration), rate = load.start_rate_rps;
  for (scenario::ramp_stage const& stage : load.stages) {
    sum += (rate + stage.rate_rps) / 2 * seconds(stage.duration);
    rate = stage.rate_rps;
  }
  return sum;
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

std::size_t arrivals::draw(std::span<planned_request> into) {
  CREST_EXPECTS(into.size() <= drawn_at_once);
  if (kind_ == scenario::load_kind::poisson) return draw_poisson(into);
  if (kind_ == scenario::load_kind::ramping_rate) return give(into, [this] { return next_of_ramp() * 1e9; });
  return give(into, [this] { return static_cast<double>(given_++) / rate_rps_ * 1e9; });
}

template<class Next>
std::size_t arrivals::give(std::span<planned_request> into, Next next_ns) {
  for (std::size_t i = 0; i != into.size(); ++i) {
    double const at_ns = next_ns();
    if (at_ns >= duration_ns_) return i;
    into[i].at_ns = static_cast<std::int64_t>(at_ns + 0.5);
  }
  return into.size();
}

std::size_t arrivals::draw_poisson(std::span<planned_request> into) {
  double room[drawn_at_once];
  std::span const gaps = std::span(room).first(into.size());
  for (double& gap : gaps) gap = uniform_positive(gaps_);
  exponentials_ns(gaps, rate_rps_);
  double at_ns = last_ns_;
  std::size_t const given = give(into, [&, gap = gaps.data()]() mutable { return at_ns += *gap++; });
  last_ns_ = at_ns;
  return given;
}

double arrivals::next_of_ramp() {
  auto const due = static_cast<double>(given_++);
  while (stage_ < stages_.size() && due >= stages_[stage_].before + stages_[stage_].amount) ++stage_;
  if (stage_ == stages_.size()) return HUGE_VAL;
  stage const& s = stages_[stage_];
  // rate · t + slope · t² / 2 = rest, in the form without cancellation.
  double const rest = std::max(0.0, due - s.before);
  double const slope = (s.end_rate - s.begin_rate) / (s.end_s - s.begin_s);
  double const root = std::sqrt(std::max(0.0, s.begin_rate * s.begin_rate + 2 * slope * rest));
  double const denominator = s.begin_rate + root;
  return s.begin_s + (denominator > 0 ? std::min(2 * rest / denominator, s.end_s - s.begin_s) : 0.0);
}

}
