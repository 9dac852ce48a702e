#include "base/contract/expects.hpp"
#include "sim/load/drawing.hpp"
#include "sim/load/plan.hpp"

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
  , turns_(p.methods.size(), 0)
  , connections_(1)
  , who_(stream(p.what->seed, "who"))
  , what_(stream(p.what->seed, "what"))
  , where_(stream(p.what->seed, "where"))
  , tokens_(stream(p.what->seed, "tokens"))
  , rotation_(stream(p.what->seed, "rotation")) {
  scenario::scenario const& s = *p.what;
  CREST_EXPECTS(s.load.kind != scenario::load_kind::closed);
  if (s.load.kind != scenario::load_kind::trace) arrivals_.emplace(s.load, s.seed);
  std::uint32_t balancers = 0;
  for (scenario::balancer_group const& group : s.topology.balancers) balancers += group.count;
  connections_ = s.load.connections_per_balancer * std::max(1u, balancers);
  if (s.population.token_rotation_rps > 0) {
    rotations_.assign(s.population.characters, 0);
    next_rotation_ns_ = exponential_ns(uniform_positive(rotation_), s.population.token_rotation_rps);
  }
}

std::optional<planned_request> request_source::next() {
  // Every slice draws the whole load, so that it does not depend on how many slices there are.
  for (;;) {
    auto request = next_of_all();
    if (!request || (issued_ - 1) % part_.of == part_.index) return request;
  }
}

std::optional<planned_request> request_source::next_of_all() {
  if (plan_->what->load.kind == scenario::load_kind::trace) return next_of_trace();
  auto const at = arrivals_->next();
  if (!at) return std::nullopt;
  planned_request request;
  request.at_ns = *at;
  request.character = popularity_.draw(who_);
  request.method = method_weights_.size() == 1 ? std::uint16_t{0} : draw_weighted(method_weights_, what_);
  auto const& targets = plan_->target_sets[request.method];
  request.target = targets[turns_[request.method]++ % targets.size()];
  fill_drawn(request);
  return request;
}

std::optional<planned_request> request_source::next_of_trace() {
  scenario::load const& load = plan_->what->load;
  if (issued_ == plan_->trace.size()) return std::nullopt;
  trace_entry const& entry = plan_->trace[issued_];
  if (load.duration.count() > 0 && entry.at_ns >= load.duration.count()) return std::nullopt;
  planned_request request;
  request.at_ns = entry.at_ns;
  request.character = entry.identity % plan_->what->population.characters;
  request.method = entry.method;
  request.target = entry.target;
  fill_drawn(request);
  return request;
}

void request_source::fill_drawn(planned_request& request) {
  ++issued_;
  rotate_until(request.at_ns);
  std::uint32_t const rotation = rotations_.empty() ? 0 : rotations_[request.character];
  draw_token(plan_->what->population, rotation, tokens_, request);
  request.balancer_draw = where_();
  if (plan_->what->load.balancer_choice == scenario::balancer_choice::per_connection)
    request.connection = uniform_below(where_, connections_);
}

void request_source::rotate_until(std::int64_t at_ns) {
  while (!rotations_.empty() && next_rotation_ns_ <= static_cast<double>(at_ns)) {
    ++rotations_[uniform_below(rotation_, plan_->what->population.characters)];
    next_rotation_ns_ += exponential_ns(uniform_positive(rotation_), plan_->what->population.token_rotation_rps);
  }
}

}
