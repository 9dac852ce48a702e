#include "base/contract/expects.hpp"
#include "sim/load/drawing.hpp"
#include "sim/load/plan.hpp"

#include <algorithm>

namespace sim::load {

std::vector<double> cumulative_weights(plan const& p) {
  std::vector<double> sums;
  double sum = 0;
  for (scenario::mix_entry const& entry : p.methods) sums.push_back(sum += entry.weight);
  return sums;
}

request_source::request_source(plan const& p, slice part)
  : plan_(&p)
  , part_(part)
  , popularity_(p.what->population.characters, p.what->population.zipf, p.what->seed)
  , method_weights_(cumulative_weights(p))
  , connections_(1)
  , who_(stream(p.what->seed, "who"))
  , what_(stream(p.what->seed, "what"))
  , where_(stream(p.what->seed, "where"))
  , tokens_(stream(p.what->seed, "tokens"))
  , rotation_(stream(p.what->seed, "rotation")) {
  scenario::scenario const& s = *p.what;
  CREST_EXPECTS(s.load.kind != scenario::load_kind::closed);
  if (s.load.kind != scenario::load_kind::trace) arrivals_.emplace(s.load, s.seed);
  for (std::vector<std::uint32_t> const& set : p.target_sets) targets_.push_back({set});
  std::uint32_t balancers = 0;
  for (scenario::balancer_group const& group : s.topology.balancers) balancers += group.count;
  connections_ = s.load.connections_per_balancer * std::max(1u, balancers);
  if (s.population.token_rotation_rps > 0) {
    rotations_.assign(s.population.characters, 0);
    next_rotation_ns_ = exponential_ns(uniform_positive(rotation_), s.population.token_rotation_rps);
  }
}

std::optional<planned_request> request_source::next() {
  planned_request one;
  return draw({&one, 1}) == 1 ? std::optional(one) : std::nullopt;
}

std::size_t request_source::draw(std::span<planned_request> into) {
  std::size_t kept = 0;
  while (kept != into.size()) {
    auto const room = into.subspan(kept, std::min(into.size() - kept, drawn_at_once));
    std::size_t const drawn = draw_of_all(room);
    kept += keep_own(room.first(drawn));
    if (drawn != room.size()) break;
  }
  return kept;
}

/// Every slice draws the whole load, so that it does not depend on how many slices there are: brings its own requests
/// to the front.
std::size_t request_source::keep_own(std::span<planned_request> drawn) {
  if (part_.of == 1) return drawn.size();
  std::size_t kept = 0;
  for (planned_request const& request : drawn) {
    if (slice_ == part_.index) drawn[kept++] = request;
    slice_ = slice_ + 1 == part_.of ? 0 : slice_ + 1;
  }
  return kept;
}

std::size_t request_source::draw_of_all(std::span<planned_request> into) {
  std::fill(into.begin(), into.end(), planned_request());
  if (arrivals_) {
    into = into.first(arrivals_->draw(into));
    popularity_.draw(who_, into);
    draw_methods(into);
  } else {
    into = into.first(draw_of_trace(into));
  }
  draw_tokens(into);
  draw_balancers(into);
  return into.size();
}

std::size_t request_source::draw_of_trace(std::span<planned_request> into) {
  std::vector<trace_entry> const& trace = plan_->trace;
  std::int64_t const duration_ns = plan_->what->load.duration.count();
  std::size_t drawn = 0;
  for (; drawn != into.size() && replayed_ != trace.size(); ++drawn, ++replayed_) {
    trace_entry const& entry = trace[replayed_];
    if (duration_ns > 0 && entry.at_ns >= duration_ns) break;
    into[drawn].at_ns = entry.at_ns;
    into[drawn].character = entry.identity % plan_->what->population.characters;
    into[drawn].method = entry.method;
    into[drawn].target = entry.target;
  }
  return drawn;
}

/// … and targets.
void request_source::draw_methods(std::span<planned_request> into) {
  if (targets_.size() == 1) {
    targets_in_turn targets = targets_[0]; // kept in registers
    for (planned_request& request : into) request.target = targets.take();
    targets_[0] = targets;
    return;
  }
  for (planned_request& request : into) {
    request.method = draw_weighted(method_weights_, what_);
    request.target = targets_[request.method].take();
  }
}

void request_source::draw_tokens(std::span<planned_request> into) {
  scenario::population const& population = plan_->what->population;
  if (rotations_.empty() && population.junk_share <= 0 && population.no_token_share <= 0) return;
  for (planned_request& request : into) {
    rotate_until(request.at_ns);
    draw_token(population, rotations_.empty() ? 0 : rotations_[request.character], tokens_, request);
  }
}

void request_source::draw_balancers(std::span<planned_request> into) {
  if (plan_->what->load.balancer_choice != scenario::balancer_choice::per_connection) {
    for (planned_request& request : into) request.balancer_draw = where_();
    return;
  }
  for (planned_request& request : into) {
    request.balancer_draw = where_();
    request.connection = uniform_below(where_, connections_);
  }
}

void request_source::rotate_until(std::int64_t at_ns) {
  while (!rotations_.empty() && next_rotation_ns_ <= static_cast<double>(at_ns)) {
    ++rotations_[uniform_below(rotation_, plan_->what->population.characters)];
    next_rotation_ns_ += exponential_ns(uniform_positive(rotation_), plan_->what->population.token_rotation_rps);
  }
}

}
