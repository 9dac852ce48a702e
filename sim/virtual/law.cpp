#include "sim/virtual/law.hpp"

#include "sim/load/elementary.hpp"

#include <algorithm>
#include <numeric>

namespace sim::virtual_time {
namespace {

double ns(scenario::nanoseconds time) { return static_cast<double>(time.count()); }

/// Keeps a time of a heavy tail within what clocks can hold: 100 days.
std::int64_t bounded(double time_ns) { return static_cast<std::int64_t>(std::min(time_ns, 8.64e15)); }

}

law::law(scenario::service_time const& what) {
  if (auto const* constant = std::get_if<scenario::constant_time>(&what)) {
    constant_ = constant->value.count();
    mean_ = ns(constant->value);
  } else if (auto const* exponential = std::get_if<scenario::exponential_time>(&what)) {
    kind_ = shape::exponential;
    mean_ = scale_ = ns(exponential->mean);
  } else if (auto const* lognormal = std::get_if<scenario::lognormal_time>(&what)) {
    kind_ = shape::lognormal;
    mean_ = ns(lognormal->mean);
    exponent_ = lognormal->sigma;
    scale_ = mean_ * load::exact_exp(-exponent_ * exponent_ / 2);
  } else if (auto const* pareto = std::get_if<scenario::pareto_time>(&what)) {
    kind_ = shape::pareto;
    mean_ = ns(pareto->mean);
    scale_ = mean_ * (pareto->alpha - 1) / pareto->alpha;
    exponent_ = 1 / pareto->alpha;
  } else {
    kind_ = shape::empirical;
    for (scenario::nanoseconds const time : std::get<scenario::empirical_time>(what).sorted)
      sorted_.push_back(time.count());
    // Of the piecewise linear inverse that is drawn from.
    double const ends = static_cast<double>(sorted_.front() + sorted_.back()) / 2;
    double const sum = std::accumulate(sorted_.begin(), sorted_.end(), 0.0) - ends;
    mean_ = sum / static_cast<double>(sorted_.size() - 1);
  }
  if (mean_ == 0 && kind_ != shape::empirical) kind_ = shape::constant;
}

std::int64_t law::operator()(load::small_stream& random) const {
  switch (kind_) {
  case shape::constant:
    return constant_;
  case shape::exponential:
    return bounded(-load::exact_log(load::uniform_positive(random)) * scale_);
  case shape::lognormal: {
    double const p = (static_cast<double>(random() >> 12) + 0.5) * 0x1p-52; // in (0, 1)
    return bounded(scale_ * load::exact_exp(exponent_ * load::exact_normal_quantile(p)));
  }
  case shape::pareto:
    return bounded(scale_ * load::exact_exp(-exponent_ * load::exact_log(load::uniform_positive(random))));
  case shape::empirical: {
    double const place = load::uniform_real(random) * static_cast<double>(sorted_.size() - 1);
    auto const below = static_cast<std::size_t>(place);
    double const part = place - static_cast<double>(below);
    return sorted_[below] + static_cast<std::int64_t>(part * static_cast<double>(sorted_[below + 1] - sorted_[below]));
  }
  }
  return 0;
}

}
