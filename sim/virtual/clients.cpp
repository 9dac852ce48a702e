#include "sim/virtual/clients.hpp"

#include "fakeproxy/cluster/game_state.hpp"
#include "gateway/http/forward.hpp"
#include "sim/virtual/world.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>

namespace sim::virtual_time {

using boost::beast::http::verb;
using measure::client_outcome;

clients::clients(world& w)
  : w_(w)
  , chooser_(w.scenario.load.balancer_choice)
  , next_token_(w.scenario.population.characters)
  , phases_(w.scenario.phases, w.plan.total_requests().value_or(0))
  , paced_(w.plan.paced()) {
  for (scenario::mix_entry const& entry : w.plan.methods)
    methods_.push_back(boost::beast::http::string_to_verb(entry.method));
  if (w.scenario.population.token_rotation_rps > 0) {
    tokens_.resize(w.scenario.population.characters);
    rotations_.resize(w.scenario.population.characters);
    for (std::uint32_t i = 0; i < tokens_.size(); ++i) tokens_[i] = token_id{i};
  }
  if (w.scenario.load.kind == scenario::load_kind::closed) {
    closed_.emplace(w.plan);
  } else {
    source_.emplace(w.plan);
  }
  if (!paced_) places_.resize(std::max(1u, w.scenario.load.concurrency));
}

void clients::add_balancer(std::size_t index) { entrances_.push_back({static_cast<std::uint16_t>(index), 0, {}}); }

void clients::begin() {
  if (paced_) {
    return draw_next();
  }
  active_ = places_.size();
  for (std::uint32_t place = 0; place < places_.size(); ++place) advance(place);
}

// ---- open loads

void clients::draw_next() {
  next_ = source_->next();
  exhausted_ = !next_;
  due_ns_ = next_ ? w_.start_ns + next_->at_ns : never;
  if (next_) w_.record.expect(next_->character);
}

void clients::issue_due() {
  load::planned_request const request = *next_;
  draw_next();
  issue(request, w_.now(), nobody);
  if (exhausted_) w_.work.end();
}

void clients::stop_issuing() {
  if (exhausted_) return;
  stopped_ = exhausted_ = true;
}

// ---- closed loads, and traces that are replayed as fast as possible

std::optional<load::planned_request> clients::next_of(std::uint32_t place) {
  if (stopped_) return std::nullopt;
  if (source_) return source_->next();
  std::int64_t const since = w_.now() - w_.start_ns;
  auto& who = places_[place];
  for (;;) {
    if (!who) who = closed_->start_next_character(place, since);
    if (!who) return std::nullopt;
    if (auto const request = closed_->next(*who, since)) return request;
    who.reset();
  }
}

void clients::advance(std::uint32_t place) {
  if (auto const request = next_of(place)) {
    issue(*request, w_.now(), place);
  } else if (--active_ == 0) {
    exhausted_ = true;
  }
}

// ---- one request

token_id clients::token_of(load::planned_request const& request) {
  if (request.kind == load::token_kind::none) return {};
  if (request.kind == load::token_kind::junk) return token_id{next_token_++};
  if (tokens_.empty()) return token_id{request.character};
  if (rotations_[request.character] != request.rotation) {
    rotations_[request.character] = request.rotation;
    tokens_[request.character] = token_id{next_token_++};
  }
  return tokens_[request.character];
}

std::size_t clients::entrance_of(load::planned_request const& request) {
  std::size_t const chosen = chooser_.choose(request, static_cast<std::uint16_t>(entrances_.size()));
  if (!w_.scenario.simulated.failover || w_.balancers.listening(entrances_[chosen].balancer)) return chosen;
  std::vector<std::size_t> living;
  for (std::size_t i = 0; i < entrances_.size(); ++i)
    if (w_.balancers.listening(entrances_[i].balancer)) living.push_back(i);
  if (living.empty()) return chosen;
  std::uint64_t key = request.balancer_draw;
  if (w_.scenario.load.balancer_choice == scenario::balancer_choice::address) key = request.character;
  if (w_.scenario.load.balancer_choice == scenario::balancer_choice::per_connection) key = request.connection;
  if (w_.scenario.load.balancer_choice == scenario::balancer_choice::round_robin) key = started_;
  return living[load::mix(key + 0x6661696c00000000u) % living.size()];
}

void clients::issue(load::planned_request const& request, std::int64_t intended_ns, std::uint32_t origin) {
  flight_id const id = w_.flights.take();
  flight& f = w_.flights[id];
  f.plan = {request.character, request.rotation, request.target, request.kind};
  f.intended_ns = intended_ns;
  f.origin = origin;
  f.token = token_of(request);
  verb const method = methods_[request.method];
  f.verb = static_cast<std::uint8_t>(method);
  f.idempotent = gateway::http::is_idempotent(method);
  f.game_state =
      request.kind == load::token_kind::own && fakeproxy::cluster::needs_sol(method, w_.plan.targets[request.target]);
  f.phase = phases_.at(intended_ns - w_.start_ns, started_);
  w_.work.enter(f.phase);
  std::size_t const chosen = entrance_of(request);
  f.entrance = static_cast<std::uint16_t>(chosen);
  f.balancer = entrances_[chosen].balancer;
  f.client_waits = true;
  f.request = w_.record.issue(f);
  ++in_flight_;
  ++started_;
  w_.timeline.on_started(started_);
  if (entrances_[chosen].busy < w_.scenario.load.connections_per_balancer) {
    send(id);
  } else {
    f.where = flight::place::queued;
    entrances_[chosen].waiting.push_back(id);
  }
}

void clients::send(flight_id id) {
  flight& f = w_.flights[id];
  ++entrances_[f.entrance].busy;
  f.sent_ns = w_.now();
  w_.record.sent(f);
  f.where = flight::place::to_balancer;
  f.carried = true;
  w_.balancers.expect(f);
  w_.record.expect(f);
  enlist(id);
  w_.time.to_flight(w_.client_arrival(f.balancer), happening::reaches_balancer, id, f.life);
}

void clients::on_answer(flight_id id) { conclude(id, client_outcome::answered); }

void clients::conclude(flight_id id, client_outcome outcome) {
  flight& f = w_.flights[id];
  f.client_waits = false;
  delist(id);
  w_.record.client_done(f, outcome, w_.now());
  w_.time.note(f.request << 8 | static_cast<std::uint64_t>(outcome));
  w_.time.note(static_cast<std::uint64_t>(w_.now()));
  w_.time.note(std::uint64_t{f.status} << 32 | std::uint64_t{f.proxy} << 16 | std::uint64_t{f.redirects} << 8 | f.hops);
  --in_flight_;
  std::uint32_t const origin = f.origin;
  entrance& door = entrances_[f.entrance];
  --door.busy;
  if (!f.carried) w_.flights.give_back(id);
  if (!door.waiting.empty()) {
    flight_id const next = door.waiting.front();
    door.waiting.pop_front();
    send(next);
  }
  if (origin == nobody) return;
  std::int64_t const think = w_.scenario.load.think_time.count();
  if (think == 0) return advance(origin);
  w_.time.in(think, happening::character_rests, origin);
}

// ---- patience

void clients::enlist(flight_id id) {
  flight& f = w_.flights[id];
  f.older = newest_;
  f.newer = nobody;
  (newest_ == nobody ? oldest_ : w_.flights[newest_].newer) = id;
  newest_ = id;
  if (!timeouts_armed_) arm_timeouts();
}

void clients::delist(flight_id id) {
  flight& f = w_.flights[id];
  (f.older == nobody ? oldest_ : w_.flights[f.older].newer) = f.newer;
  (f.newer == nobody ? newest_ : w_.flights[f.newer].older) = f.older;
}

void clients::arm_timeouts() {
  timeouts_armed_ = oldest_ != nobody;
  if (!timeouts_armed_) return;
  w_.time.at(w_.flights[oldest_].sent_ns + w_.scenario.load.timeout.count(), happening::timeouts_due, 0);
}

void clients::on_timeouts_due() {
  while (oldest_ != nobody && w_.flights[oldest_].sent_ns + w_.scenario.load.timeout.count() <= w_.now()) {
    flight_id const id = oldest_;
    bool const carried = w_.flights[id].carried;
    conclude(id, client_outcome::timeout);
    if (carried) w_.balancers.on_client_gone(id);
  }
  arm_timeouts();
}

}
