#include "sim/virtual/clients.hpp"

#include "fakeproxy/cluster/game_state.hpp"
#include "gateway/http/forward.hpp"
#include "sim/virtual/world.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>

namespace sim::virtual_time {

using boost::beast::http::verb;
using measure::client_outcome;

namespace {

/// nobody: its token is not the character's.
std::uint32_t own_character(flight const& f) {
  return f.plan.kind == load::token_kind::own ? f.plan.character : nobody;
}

}

clients::clients(world& w)
  : w_(w)
  , load_(w.plan)
  , chooser_(w.scenario.load.balancer_choice)
  , next_token_(w.scenario.population.characters)
  , phases_(w.scenario.phases, w.plan.total_requests().value_or(0))
  , request_seed_(small_stream_of(w.scenario.seed, "requests")()) {
  for (scenario::mix_entry const& entry : w.plan.methods) {
    verb const of = boost::beast::http::string_to_verb(entry.method);
    methods_.push_back({of, gateway::http::is_idempotent(of), {}});
    for (std::string const& target : w.plan.targets)
      methods_.back().needs_sol.push_back(fakeproxy::cluster::needs_sol(of, target));
  }
  if (w.scenario.population.token_rotation_rps > 0) {
    tokens_.resize(w.scenario.population.characters);
    rotations_.resize(w.scenario.population.characters);
    for (std::uint32_t i = 0; i < tokens_.size(); ++i) tokens_[i] = token_id{i};
  }
}

void clients::add_balancer(std::size_t index) { entrances_.push_back({static_cast<std::uint16_t>(index), 0, {}}); }

void clients::begin() {
  load_.begin(w_.start_ns);
  expect_drawn();
  issue_due();
}

void clients::issue_due() {
  while (auto const due = load_.next(w_.now())) {
    issue(*due.what, due.at_ns, due.from);
    expect_drawn();
  }
  if (load_.issued_all()) w_.work.end();
}

/// What they will touch is fetched at the same time, not one after the other.
void clients::expect_drawn() const {
  for (load::planned_request const& request : load_.drawn_ahead()) expect(request);
}

/// Only a guess where it will go: round robin depends on what comes before, and balancers may join.
void clients::expect(load::planned_request const& request) const {
  if (request.kind != load::token_kind::own) return;
  load::balancer_chooser chooser = chooser_;
  std::uint16_t const balancer =
      entrances_[chooser.choose(request, static_cast<std::uint16_t>(entrances_.size()))].balancer;
  token_id const token = tokens_.empty() ? token_id{request.character} : tokens_[request.character];
  w_.record.expect(request.character, balancer, token);
  w_.balancers.expect(balancer, token);
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
  method const& how = methods_[request.method];
  f.verb = static_cast<std::uint8_t>(how.verb);
  f.idempotent = how.idempotent;
  f.game_state = request.kind == load::token_kind::own && how.needs_sol[request.target];
  f.phase = phases_.at(intended_ns - w_.start_ns, started_);
  w_.work.enter(f.phase);
  std::size_t const chosen = entrance_of(request);
  f.entrance = static_cast<std::uint16_t>(chosen);
  f.balancer = entrances_[chosen].balancer;
  f.client_waits = true;
  if (w_.record.has_under_way(f)) take_arrived(); // perhaps not any more
  f.request = w_.record.issue(f);
  f.draws = load::mix(request_seed_ + f.request);
  if (w_.errands.needed()) w_.errands.begin(id);
  ++in_flight_;
  ++started_;
  w_.timeline.on_started(started_);
  std::uint32_t const connections = w_.scenario.load.connections_per_balancer;
  if (entrances_[chosen].busy >= connections) take_arrived();
  if (entrances_[chosen].busy < connections) {
    send(id);
  } else {
    wait_for_connection(chosen, id);
  }
}

void clients::wait_for_connection(std::size_t door, flight_id id) {
  w_.flights[id].where = flight::place::queued;
  entrances_[door].waiting.push_back(id);
  auto const frees = [&](arrival const& a) {
    if (a.door != door) return false;
    w_.time.at(a.at_ns, happening::connection_frees, a.character, a.door);
    return true;
  };
  arriving_.erase(std::remove_if(arriving_.begin(), arriving_.end(), frees), arriving_.end());
}

void clients::send(flight_id id) {
  flight& f = w_.flights[id];
  ++entrances_[f.entrance].busy;
  f.sent_ns = w_.now();
  w_.record.sent(f);
  f.where = flight::place::to_balancer;
  f.carried = true;
  sent_.add(w_.flights, id);
  if (!timeouts_armed_) arm_timeouts();
  w_.time.to_flight(w_.client_arrival(f, purpose::way_in), happening::reaches_balancer, id, f.life);
}

void clients::on_answer(flight_id id) { conclude(id, client_outcome::answered); }

void clients::write_down(flight_id id, client_outcome outcome, std::int64_t at_ns) {
  flight& f = w_.flights[id];
  f.client_waits = false;
  sent_.remove(w_.flights, id);
  w_.record.client_done(f, outcome, at_ns);
  w_.time.note(at_ns, f.request << 8 | static_cast<std::uint64_t>(outcome),
               std::uint64_t{f.status} << 32 | std::uint64_t{f.proxy} << 16 | std::uint64_t{f.redirects} << 8 | f.hops);
  --in_flight_;
}

bool clients::settle(flight_id id, std::int64_t arrival_ns) {
  flight const& f = w_.flights[id];
  bool const may = w_.settles_early && load_.paced() && f.client_waits && entrances_[f.entrance].waiting.empty() &&
                   arrival_ns < f.sent_ns + w_.scenario.load.timeout.count();
  if (!may) return false;
  write_down(id, client_outcome::answered, arrival_ns);
  last_arrival_ns_ = std::max(last_arrival_ns_, arrival_ns);
  arriving_.push_back({arrival_ns, own_character(f), f.entrance});
  w_.flights.give_back(id);
  if (arriving_.size() >= look_at_arrivals_) {
    take_arrived();
    look_at_arrivals_ = 2 * arriving_.size() + fewest_arrivals;
  }
  return true;
}

/// Connections of answers that have arrived by now are free again.
void clients::take_arrived() {
  auto const arrived = [&](arrival const& a) {
    if (a.at_ns >= w_.now()) return false;
    --entrances_[a.door].busy;
    if (a.character != nobody) w_.record.left(a.character);
    return true;
  };
  arriving_.erase(std::remove_if(arriving_.begin(), arriving_.end(), arrived), arriving_.end());
}

void clients::on_connection_free(std::uint16_t number, std::uint32_t character) {
  if (character != nobody) w_.record.left(character);
  entrance& door = entrances_[number];
  --door.busy;
  if (door.waiting.empty()) return;
  flight_id const next = door.waiting.front();
  door.waiting.pop_front();
  send(next);
}

void clients::conclude(flight_id id, client_outcome outcome) {
  write_down(id, outcome, w_.now());
  flight const& f = w_.flights[id];
  std::uint32_t const origin = f.origin, who = own_character(f);
  std::uint16_t const door = f.entrance;
  if (!f.carried) w_.flights.give_back(id);
  on_connection_free(door, who);
  if (origin == nobody) return;
  load_.on_done(origin, w_.now());
  issue_due();
}

// ---- patience

void clients::arm_timeouts() {
  timeouts_armed_ = !sent_.empty();
  if (!timeouts_armed_) return;
  w_.time.at(w_.flights[sent_.oldest()].sent_ns + w_.scenario.load.timeout.count(), happening::timeouts_due, 0);
}

void clients::on_timeouts_due() {
  while (!sent_.empty() && w_.flights[sent_.oldest()].sent_ns + w_.scenario.load.timeout.count() <= w_.now()) {
    flight_id const id = sent_.oldest();
    bool const carried = w_.flights[id].carried;
    conclude(id, client_outcome::timeout);
    if (carried) w_.balancers.on_client_gone(id);
  }
  arm_timeouts();
}

}
