#include "sim/studies/plan/sensitivity.hpp"

#include <algorithm>

namespace sim::plan {
namespace {

/// The mean of a goal at a candidate, over the replications by which it was judged.
std::optional<double> mean_at(std::size_t candidate, binding const& b, std::size_t replications,
                              evaluation const& evaluate) {
  double sum = 0;
  for (std::uint32_t r = 0; r < replications; ++r) {
    run_values const run = evaluate(candidate, b.circumstance, r);
    if (!run.values[b.goal]) return std::nullopt;
    sum += *run.values[b.goal];
  }
  return replications == 0 ? std::nullopt : std::optional(sum / static_cast<double>(replications));
}

/// The most expensive of the cheaper neighbours that fail a goal.
std::optional<std::size_t> telling_neighbour(definition const& d, findings const& f) {
  std::optional<std::size_t> dearest;
  if (!f.answer) return dearest;
  for (neighbour const& n : cheaper_neighbours(d, *f.answer)) {
    if (!f.candidates[n.candidate].goal) continue;
    if (!dearest || d.prices[n.candidate] > d.prices[*dearest]) dearest = n.candidate;
  }
  return dearest;
}

/// The goal with the least head-room at the answer.
std::optional<binding> nearest_bound(definition const& d, judgement const& j) {
  std::optional<binding> nearest;
  double least = 0;
  for (std::size_t c = 0; c < j.estimates.size(); ++c)
    for (std::size_t g = 0; g < j.estimates[c].size(); ++g) {
      if (!j.estimates[c][g].mean) continue;
      double const short_by = shortfall(d.goals[g], *j.estimates[c][g].mean);
      if (nearest && short_by <= least) continue;
      nearest = binding{g, c};
      least = short_by;
    }
  return nearest;
}

/// Calls `f(axis, place, size, stride)` for each axis of the space: the candidate has the axis' value at `place`, of
/// `size`, and the next value is that of the candidate `stride` further.
template<class F>
void for_each_axis(definition const& d, std::size_t candidate, F f) {
  std::size_t stride = d.points.size(), rest = candidate;
  for (std::size_t a = 0; a < d.space.axes.size(); ++a) {
    std::size_t const size = d.space.axes[a].values.size();
    stride /= size;
    f(a, rest / stride, size, stride);
    rest %= stride;
  }
}

}

std::vector<neighbour> cheaper_neighbours(definition const& d, std::size_t candidate) {
  std::vector<neighbour> result;
  for_each_axis(d, candidate, [&](std::size_t axis, std::size_t place, std::size_t size, std::size_t stride) {
    if (place > 0 && d.prices[candidate - stride] < d.prices[candidate]) result.push_back({candidate - stride, axis});
    if (place + 1 < size && d.prices[candidate + stride] < d.prices[candidate])
      result.push_back({candidate + stride, axis});
  });
  return result;
}

bool binding_is_shown(definition const& d, findings const& f) { return telling_neighbour(d, f).has_value(); }

std::optional<binding> binding_of(definition const& d, findings const& f) {
  if (auto const told = telling_neighbour(d, f))
    return binding{*f.candidates[*told].goal, f.candidates[*told].circumstance};
  return least_headroom(d, f);
}

std::optional<binding> least_headroom(definition const& d, findings const& f) {
  return f.answer ? nearest_bound(d, f.candidates[*f.answer]) : std::nullopt;
}

std::vector<edge> edges_of(definition const& d, std::size_t candidate) {
  std::vector<edge> edges;
  for_each_axis(d, candidate, [&](std::size_t axis, std::size_t place, std::size_t size, std::size_t) {
    auto const& values = d.space.axes[axis].values;
    // Values with names are in no order, so that nothing lies beyond.
    if (std::any_of(values.begin(), values.end(), [](sweep::axis_value const& v) { return !v.name.empty(); })) return;
    if (size > 1 && (place == 0 || place + 1 == size)) edges.push_back({axis, place == 0});
  });
  return edges;
}

std::optional<std::vector<tornado_bar>> sensitivity_of(definition const& d, findings const& f,
                                                       evaluation_maker const& make, search_options const& options) {
  std::vector<tornado_bar> bars;
  auto const bound = binding_of(d, f);
  for (input const& what : d.inputs) {
    tornado_bar& bar = bars.emplace_back();
    bar.what = what;
    for (bool const low : {true, false}) {
      definition const varied = with(d, what, low ? what.low : what.high);
      evaluation const evaluate = make(varied);
      findings const there = search(problem_of(varied), evaluate, options);
      if (there.interrupted) return std::nullopt;
      if (there.answer) (low ? bar.price_low : bar.price_high) = varied.prices[*there.answer];
      if (!bound) continue;
      std::size_t const replications = f.candidates[*f.answer].estimates[bound->circumstance][bound->goal].count;
      (low ? bar.metric_low : bar.metric_high) = mean_at(*f.answer, *bound, replications, evaluate);
    }
  }
  return bars;
}

}
