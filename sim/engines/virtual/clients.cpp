#include "sim/engines/virtual/clients.hpp"

#include "fakeproxy/cluster/game_state.hpp"
#include "gateway/http/forward.hpp"
#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/http_exchanges.hpp"
#include "sim/engines/virtual/timeline.hpp"
#include "sim/engines/virtual/work_meter.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <span>

namespace sim::virtual_time {

using boost::beast::http::verb;
using records::client_outcome;

namespace {

/// nobody: its token is not the character's.
template<class Run>
std::uint32_t own_character(request_state const& f) {
  return !Run::other_tokens || f.plan.kind == load::token_kind::own ? f.plan.character : nobody;
}

}

clients::clients(run_context& run, network& net, virtual_time::balancers& balancers,
                 virtual_time::http_exchanges& exchanges, virtual_time::timeline& timeline,
                 virtual_time::work_meter& work)
  : run_(run)
  , net_(net)
  , balancers_(balancers)
  , exchanges_(exchanges)
  , timeline_(timeline)
  , meter_(work)
  , load_(run.plan)
  , chooser_(run.scenario.load.balancer_choice)
  , pool_({.connections_per_balancer = run.scenario.load.connections_per_balancer,
           .timeout_ns = run.scenario.load.timeout.count()})
  , next_token_(run.scenario.population.characters)
  , phases_(run.scenario.phases, run.plan.total_requests().value_or(0))
  , request_seed_(small_stream_of(run.scenario.seed, "requests")()) {
  for (scenario::mix_entry const& entry : run.plan.methods) {
    verb const of = boost::beast::http::string_to_verb(entry.method);
    methods_.push_back({of, gateway::http::is_idempotent(of), {}});
    for (std::string const& target : run.plan.targets)
      some_need_sol_ |= methods_.back().needs_sol.emplace_back(fakeproxy::cluster::needs_sol(of, target));
  }
  if (run.scenario.population.token_rotation_rps > 0) {
    tokens_.resize(run.scenario.population.characters);
    rotations_.resize(run.scenario.population.characters);
    for (std::uint32_t i = 0; i < tokens_.size(); ++i) tokens_[i] = token_id{i};
  }
}

void clients::add_balancer(std::size_t index) {
  numbered_.push_back(static_cast<std::uint16_t>(index));
  pool_.add_balancer();
}

template<class Run>
void clients::begin() {
  apart_ = Run::connections;
  in_use_.assign(scenario::balancers_of(run_.scenario).size(), 0);
  load_.begin(run_.start_ns);
  expect_drawn<Run>();
  issue_due<Run>();
}

template<class Run>
[[gnu::always_inline]] inline void clients::issue_due() {
  while (auto const due = load_.next(run_.now())) {
    issue<Run>(*due.what, due.at_ns, due.from);
    if (!Run::connections && apart_) [[unlikely]]
      return issue_due<any_run>();
    if (!load_.drawn_ahead().empty()) [[unlikely]]
      expect_drawn<Run>();
  }
  if (load_.issued_all()) meter_.end();
}

/// Prefetches what they will touch, all at once rather than one after the other.
template<class Run>
void clients::expect_drawn() const {
  // Where they will go is only a guess: round robin depends on what comes before, and balancers may join.
  load::balancer_chooser chooser = chooser_;
  for (load::planned_request const& request : load_.drawn_ahead()) expect<Run>(request, chooser);
}

template<class Run>
[[gnu::always_inline]] inline void clients::expect(load::planned_request const& request,
                                                   load::balancer_chooser& chooser) const {
  if (Run::other_tokens && request.kind != load::token_kind::own) return;
  std::uint16_t const balancer = numbered_[chooser.choose(request, static_cast<std::uint16_t>(numbered_.size()))];
  token_id const token =
      !Run::other_tokens || tokens_.empty() ? token_id{request.character} : tokens_[request.character];
  run_.record.expect<Run>(request.character);
  balancers_.expect<Run>(balancer, token);
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

template<class Run>
[[gnu::always_inline]] inline std::uint16_t clients::choose_balancer(load::planned_request const& request) {
  std::uint16_t const chosen = chooser_.choose(request, static_cast<std::uint16_t>(numbered_.size()));
  bool const stays = !Run::events || !run_.scenario.simulated.failover || balancers_.listening(numbered_[chosen]);
  return stays ? chosen : choose_living(request, chosen);
}

/// In place of `chosen`, which does not listen.
std::uint16_t clients::choose_living(load::planned_request const& request, std::uint16_t chosen) const {
  std::vector<std::uint16_t> living;
  for (std::size_t i = 0; i < numbered_.size(); ++i)
    if (balancers_.listening(numbered_[i])) living.push_back(static_cast<std::uint16_t>(i));
  if (living.empty()) return chosen;
  std::uint64_t key = request.balancer_draw;
  if (run_.scenario.load.balancer_choice == scenario::balancer_choice::address) key = request.character;
  if (run_.scenario.load.balancer_choice == scenario::balancer_choice::per_connection) key = request.connection;
  if (run_.scenario.load.balancer_choice == scenario::balancer_choice::round_robin) key = started_;
  return living[load::mix(key + 0x6661696c00000000u) % living.size()];
}

template<class Run>
[[gnu::always_inline]] inline void clients::issue(load::planned_request const& request, std::int64_t intended_ns,
                                                  std::uint32_t place) {
  request_state& f = run_.requests.take();
  f.plan = {request.character, request.rotation, request.target, request.kind};
  f.client = {.intended_ns = intended_ns, .place = place, .method = request.method, .waits = true};
  f.token = Run::other_tokens ? token_of(request) : token_id{request.character};
  method const& how = methods_[request.method];
  f.verb = static_cast<std::uint8_t>(how.verb);
  f.idempotent = how.idempotent;
  f.game_state = some_need_sol_ && request.kind == load::token_kind::own && how.needs_sol[request.target];
  if (Run::phases) {
    f.client.phase = phases_.at(intended_ns - run_.start_ns, started_);
    meter_.enter(f.client.phase);
  }
  std::uint16_t const chosen = choose_balancer<Run>(request);
  f.balancer = numbered_[chosen];
  if (run_.record.has_under_way<Run>(f)) take_arrived_of<Run>(own_character<Run>(f)); // perhaps no longer
  f.request = run_.record.issue<Run>(f);
  f.draws = load::mix(request_seed_ + f.request);
  if (Run::exchanges && exchanges_.needed()) exchanges_.begin(f.id);
  ++in_flight_;
  ++started_;
  if (Run::events) timeline_.on_started(started_);
  if (on_way_ >= many_arrivals_ || !has_room<Run>(chosen, f)) take_arrived<Run>();
  if (has_room<Run>(chosen, f)) return send<Run>(chosen, f);
  if (!Run::connections) tell_connections_apart();
  wait_for_connection(chosen, f);
}

template<class Run>
[[gnu::always_inline]] inline bool clients::has_room(std::uint16_t chosen, request_state const& f) const {
  if (Run::connections) return pool_.has_room(chosen);
  return in_use_[f.balancer] < run_.scenario.load.connections_per_balancer;
}

/// Each request under way gets a connection, as if it had had one since it was sent, and each answer on its way.
void clients::tell_connections_apart() {
  apart_ = true;
  auto const numbered = [&](std::size_t balancer) {
    return static_cast<std::uint16_t>(std::find(numbered_.begin(), numbered_.end(), balancer) - numbered_.begin());
  };
  for (arrival& a : std::span(arriving_).first(on_way_)) {
    a.connection = pool_.take(numbered(a.balancer), {}, run_.start_ns).connection;
    pool_.on_answered(a.connection, true);
  }
  std::vector<request_state*> sent;
  run_.requests.for_each([&](request_state& f) {
    if (f.where != request_state::place::nowhere && f.client.waits) sent.push_back(&f);
  });
  std::sort(sent.begin(), sent.end(), [](auto const* a, auto const* b) { return a->request < b->request; });
  for (request_state* const f : sent)
    f->client.connection = pool_.take(numbered(f->balancer), f->id, f->client.sent_ns).connection;
}

void clients::wait_for_connection(std::uint16_t balancer, request_state& f) {
  f.where = request_state::place::queued;
  pool_.wait(balancer, f.id);
  auto const frees = [&](arrival const& a) {
    if (pool_.balancer_of(a.connection) != balancer) return false;
    if (awaited_.size() <= a.connection) awaited_.resize(a.connection + 1);
    awaited_[a.connection] = a.character;
    run_.time.at(a.at_ns, event_kind::connection_frees, a.connection);
    return true;
  };
  auto const on_way = std::span(arriving_).first(on_way_);
  on_way_ = static_cast<std::size_t>(std::remove_if(on_way.begin(), on_way.end(), frees) - on_way.begin());
}

template<class Run>
[[gnu::always_inline]] inline void clients::transmit(request_state& f) {
  f.where = request_state::place::to_balancer;
  f.carried = true;
  if (!timeouts_armed_) arm_timeouts(oldest_deadline());
  run_.time.to_request(net_.client_arrival<Run>(f, purpose::way_in), event_kind::reaches_balancer, f.id, f.life);
}

template<class Run>
[[gnu::always_inline]] inline void clients::send(std::uint16_t balancer, request_state& f) {
  f.client.sent_ns = run_.now();
  if (Run::connections) {
    f.client.connection = pool_.take(balancer, f.id, run_.now()).connection;
  } else {
    ++in_use_[f.balancer];
  }
  run_.record.sent<Run>(f);
  transmit<Run>(f);
}

template<class Run>
[[gnu::always_inline]] inline void clients::write_down(request_state& f, client_outcome outcome, std::int64_t at_ns) {
  f.client.waits = false;
  run_.record.client_done<Run>(f, outcome, at_ns);
  run_.time.note(at_ns, f.request << 8 | static_cast<std::uint64_t>(outcome),
                 std::uint64_t{f.answer.status} << 32 | std::uint64_t{f.hop.proxy} << 16 |
                     std::uint64_t{f.course.redirects} << 8 | f.course.hops);
  --in_flight_;
}

template<class Run>
[[gnu::always_inline]] inline bool clients::settle(request_state& f, std::int64_t arrival_ns) {
  actors::connection_id const connection = f.client.connection;
  bool const may = (!Run::events || run_.settles_early) && (!Run::other_loads || load_.paced()) && f.client.waits &&
                   run_.in_time(f, arrival_ns) &&
                   (!Run::connections || !pool_.has_waiting(pool_.balancer_of(connection)));
  if (!may) return false;
  if (Run::connections) pool_.on_answered(connection, true);
  write_down<Run>(f, client_outcome::answered, arrival_ns);
  last_arrival_ns_ = std::max(last_arrival_ns_, arrival_ns);
  if (on_way_ == arriving_.size()) [[unlikely]]
    arriving_.resize(2 * on_way_ + fewest_arrivals);
  arriving_[on_way_++] = {arrival_ns, own_character<Run>(f), {Run::connections ? connection : f.balancer}};
  run_.requests.give_back(f);
  return true;
}

/// Whether it has arrived by now: then its connection is free again.
template<class Run>
[[gnu::always_inline]] inline bool clients::takes(arrival const& a) {
  if (a.at_ns >= run_.now()) return false;
  if (Run::connections) {
    pool_.release(a.connection);
  } else {
    --in_use_[a.balancer];
  }
  if (!Run::other_tokens || a.character != nobody) run_.record.left<Run>(a.character);
  return true;
}
template<class Run>
void clients::take_arrived() {
  std::size_t left = 0;
  for (std::size_t i = 0; i != on_way_; ++i)
    if (!takes<Run>(arriving_[i])) arriving_[left++] = arriving_[i];
  on_way_ = left;
  many_arrivals_ = 2 * left + fewest_arrivals; // so that half of them will have, as a rule
}
/// Those of the character alone.
template<class Run>
void clients::take_arrived_of(std::uint32_t character) {
  for (std::size_t i = 0; i != on_way_;) {
    if (arriving_[i].character == character && takes<Run>(arriving_[i])) {
      arriving_[i] = arriving_[--on_way_];
    } else {
      ++i;
    }
  }
}

void clients::on_connection_free(actors::connection_id connection) { free(connection, awaited_[connection]); }

void clients::free(actors::connection_id connection, std::uint32_t character) {
  if (character != nobody) run_.record.left<any_run>(character);
  pool_.release(connection);
  std::uint16_t const balancer = pool_.balancer_of(connection);
  if (auto const next = pool_.next_waiting(balancer)) send<any_run>(balancer, run_.requests[*next]);
}

void clients::on_answer(request_state& f) {
  pool_.on_answered(f.client.connection, balancers_.listening(f.balancer)); // a balancer that leaves says so
  conclude(f, client_outcome::answered);
}

void clients::on_refused(request_state& f) {
  bool const was_open = pool_.has_served(f.client.connection);
  on_failed(f, was_open ? client_outcome::reset : client_outcome::connect_error);
}

void clients::on_failed(request_state& f, client_outcome what) {
  auto const outcome = pool_.on_failed(f.client.connection, {what, false, static_cast<verb>(f.verb)}, run_.now());
  if (outcome) return conclude(f, *outcome);
  request_state& again = run_.requests.take_again(f);
  f.client.waits = false;
  if (!f.carried) run_.requests.give_back(f);
  if (exchanges_.needed()) exchanges_.begin(again.id);
  pool_.request_of(again.client.connection) = again.id;
  transmit<any_run>(again);
}

void clients::conclude(request_state& f, client_outcome outcome) {
  write_down<any_run>(f, outcome, run_.now());
  client_part const client = f.client;
  std::uint32_t const who = own_character<any_run>(f);
  if (!f.carried) run_.requests.give_back(f);
  free(client.connection, who);
  if (client.place == nobody) return;
  load_.on_done(client.place, run_.now());
  issue_due<any_run>();
}

void clients::on_balancer_ends(std::size_t index) {
  run_.time.in(net_.client_wire(), event_kind::connections_close, 0, static_cast<std::uint16_t>(index));
}

void clients::on_connections_closed(std::size_t index) {
  auto const at = std::find(numbered_.begin(), numbered_.end(), index);
  if (at != numbered_.end()) pool_.on_all_closed(static_cast<std::uint16_t>(at - numbered_.begin()));
}

// ---- patience

void clients::arm_timeouts(std::int64_t deadline_ns) {
  timeouts_armed_ = deadline_ns != pool_.never;
  if (timeouts_armed_) run_.time.at(deadline_ns, event_kind::timeouts_due, 0);
}

/// When the first request times out, if it has no answer until then.
std::int64_t clients::oldest_deadline() const {
  if (apart_) return pool_.next_deadline();
  std::int64_t oldest_ns = pool_.never;
  run_.requests.for_each([&](request_state const& f) {
    if (f.where != request_state::place::nowhere && f.client.waits) oldest_ns = std::min(oldest_ns, f.client.sent_ns);
  });
  return oldest_ns == pool_.never ? oldest_ns : oldest_ns + run_.scenario.load.timeout.count();
}

void clients::on_timeouts_due() {
  if (!apart_) {
    // Looking for the oldest takes a while: one that is late, or may soon be, is looked for by connection.
    std::int64_t const next = oldest_deadline(), patience = run_.scenario.load.timeout.count();
    if (next - run_.now() > patience / 2) return arm_timeouts(next);
    tell_connections_apart();
  }
  while (auto const late = pool_.overdue(run_.now())) {
    request_state& f = run_.requests[pool_.request_of(*late)];
    bool const carried = f.carried;
    on_failed(f, client_outcome::timeout);
    if (carried) balancers_.on_client_gone(f);
  }
  arm_timeouts(pool_.next_deadline());
}

template void clients::begin<any_run>();
template void clients::begin<plain_run>();
template void clients::issue_due<any_run>();
template void clients::issue_due<plain_run>();
template bool clients::settle<any_run>(request_state& f, std::int64_t arrival_ns);
template bool clients::settle<plain_run>(request_state& f, std::int64_t arrival_ns);

}
