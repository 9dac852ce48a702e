#include "base/contract/expects.hpp"
#include "sim/load/drawing.hpp"
#include "sim/load/plan.hpp"

namespace sim::load {

closed_plan::closed_plan(plan const& p, slice part)
  : plan_(&p)
  , method_weights_(cumulative_weights(p)) {
  CREST_EXPECTS(p.what->load.kind == scenario::load_kind::closed);
  auto const all = shuffled(p.what->population.characters, stream(p.what->seed, "order"));
  for (std::size_t i = part.index; i < all.size(); i += part.of) order_.push_back(all[i]);
}

std::optional<active_character> closed_plan::start_next_character(std::uint32_t connection, std::int64_t now_ns) {
  scenario::scenario const& s = *plan_->what;
  if (started_ == order_.size() || (s.load.duration.count() > 0 && now_ns >= s.load.duration.count()))
    return std::nullopt;
  active_character who;
  who.character = order_[started_++];
  who.connection = connection;
  who.remaining = s.load.requests_per_character;
  who.draws = small_stream(mix(s.seed) ^ mix(who.character + 0x636c6f7365640000u));
  who.rotation_draws = small_stream(mix(s.seed) ^ mix(who.character + 0x726f746174650000u));
  if (s.population.token_rotation_rps > 0) {
    double const rate = s.population.token_rotation_rps / s.population.characters;
    who.next_rotation_ns = static_cast<double>(now_ns) + exponential_ns(uniform_positive(who.rotation_draws), rate);
  }
  return who;
}

std::optional<planned_request> closed_plan::next(active_character& who, std::int64_t now_ns) {
  scenario::scenario const& s = *plan_->what;
  if (who.remaining == 0 || (s.load.duration.count() > 0 && now_ns >= s.load.duration.count())) return std::nullopt;
  while (s.population.token_rotation_rps > 0 && who.next_rotation_ns <= static_cast<double>(now_ns)) {
    ++who.rotation;
    double const rate = s.population.token_rotation_rps / s.population.characters;
    who.next_rotation_ns += exponential_ns(uniform_positive(who.rotation_draws), rate);
  }
  planned_request request;
  request.character = who.character;
  request.connection = who.connection;
  request.method = draw_weighted(method_weights_, who.draws);
  // Each character begins elsewhere in the targets, so that few requests per character still use them all.
  auto const& targets = plan_->target_sets[request.method];
  request.target = targets[(who.character + who.given) % targets.size()];
  draw_token(s.population, who.rotation, who.draws, request);
  request.balancer_draw = who.draws();
  --who.remaining;
  ++who.given;
  ++given_;
  return request;
}

std::uint64_t closed_plan::total_requests() const {
  return std::uint64_t{order_.size()} * plan_->what->load.requests_per_character;
}

}
