#include "gateway/net/balancer.hpp"

#include <algorithm>
#include <utility>

namespace gateway::net {
namespace {

// Targets that redirects brought in from allowed ranges: bounded, since proxies name them.
constexpr std::size_t max_upstreams = 65'536;

bool contains(allowed_range const& range, boost::asio::ip::address_v4 address, std::uint16_t port) {
  auto const mask = range.network.netmask().to_uint();
  return (address.to_uint() & mask) == (range.network.network().to_uint() & mask) && port >= range.first_port &&
         port <= range.last_port;
}

std::optional<live_map> make_map(settings const& s, std::size_t routing::map_budget::*part) {
  std::size_t const bytes = s.token_map_bytes ? routing::map_budget::of(*s.token_map_bytes).*part : 0;
  if (bytes == 0) return std::nullopt;
  return live_map::with_budget(bytes);
}

}

balancer::balancer(settings const& s)
  : key_(http::random_digest_key())
  , router_(s.routing, s.guess, make_map(s, &routing::map_budget::proven), make_map(s, &routing::map_budget::unproven))
  , ranges_(s.allow_redirects_to) {
  limit(s.limits);
  for (upstream_settings const& u : s.upstreams) take_in(u.at, u.weight);
  if (!s.journal_file.empty()) journal_.emplace(s.journal_file, "balancer_event");
}

void balancer::limit(client_limits const& limits) {
  std::vector<go_ahead> turns; // of those for whom there is room now
  {
    std::lock_guard const lock(mutex_);
    upstream_room_ = limits.requests_per_upstream;
    upstream_limited_.store(upstream_room_.has_value(), std::memory_order_relaxed);
    for (upstream& u : upstreams_)
      for (; !u.queue.empty() && (!upstream_room_ || u.busy < upstream_room_->at_once); u.queue.pop_front(), ++u.busy)
        turns.push_back(std::move(u.queue.front().second));
  }
  for (go_ahead const& turn : turns) turn();
  std::lock_guard const lock(limits_mutex_);
  connections_per_address_ = limits.connections_per_address;
  auto const set = [](std::optional<shield::rate_limit>& now, std::optional<shield::rate> const& wanted) {
    if (!wanted)
      now.reset();
    else if (!now || now->limit() != *wanted) // one that stays keeps what it knows
      now.emplace(*wanted);
  };
  set(by_address_, limits.requests_per_address);
  set(by_token_, limits.requests_per_token);
  limits_requests_.store(by_address_ || by_token_, std::memory_order_relaxed);
}

bool balancer::connected(std::uint64_t address) {
  constexpr std::uint32_t no_limit = ~std::uint32_t{0};
  std::lock_guard const lock(limits_mutex_);
  return connections_.open(address, connections_per_address_.value_or(no_limit));
}

void balancer::disconnected(std::uint64_t address) {
  std::lock_guard const lock(limits_mutex_);
  connections_.closed(address);
}

unsigned balancer::retry_after_s(std::uint64_t address, http::token_digest const* token, std::int64_t now_ns) {
  if (!limits_requests_.load(std::memory_order_relaxed)) return 0;
  std::lock_guard const lock(limits_mutex_);
  std::int64_t wait_ns = by_address_ ? by_address_->wait_ns(address, now_ns) : 0;
  if (wait_ns == 0 && by_token_ && token) wait_ns = by_token_->wait_ns(http::token_digest_hash{}(*token), now_ns);
  return static_cast<unsigned>((wait_ns + 999'999'999) / 1'000'000'000);
}

void balancer::reload(settings const& s) {
  limit(s.limits);
  std::lock_guard const lock(mutex_);
  ranges_ = s.allow_redirects_to;
  router_.reconfigure(s.routing, s.guess);
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    routing::upstream_state& state = router_.upstream(routing::upstream_id{i});
    state.known = state.in_rotation = false;
    upstreams_[i].removed = false;
  }
  for (upstream_settings const& u : s.upstreams) take_in(u.at, u.weight);
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) // addresses may have moved from one to another
    if (router_.upstream(routing::upstream_id{i}).known)
      name_by_address(routing::upstream_id{i}, upstreams_[i].address);
}

void balancer::take_in(place const& at, std::optional<std::uint32_t> weight) {
  auto const known = by_name_.find(at.name.text());
  if (known == by_name_.end()) {
    add(at.name, at.address, true, weight.value_or(1));
    return;
  }
  routing::upstream_id const id = known->second;
  upstream& u = upstreams_[routing::index_of(id)];
  u.removed = false;
  if (u.address != at.address) {
    auto const old = by_name_.find(text_of(u.address));
    if (old != by_name_.end() && old->second == id && old->first != u.text) by_name_.erase(old);
    u.address = at.address;
    name_by_address(id, at.address);
  }
  routing::upstream_state& state = router_.upstream(id);
  state.known = state.in_rotation = true;
  if (weight) router_.set_weight(id, *weight);
}

/// Proxies name themselves by address, configurations sometimes by host name: both lead to the same upstream.
void balancer::name_by_address(routing::upstream_id id, endpoint const& address) {
  auto const [at, fresh] = by_name_.emplace(text_of(address), id);
  if (!fresh && !router_.upstream(at->second).known) at->second = id; // who had it is gone
}

routing::upstream_id balancer::add(http::host_port const& name, endpoint const& address, bool in_rotation,
                                   std::uint32_t weight) {
  std::string const text = name.text();
  routing::upstream_id const id = router_.add_upstream(http::shared_token_hash(text), in_rotation, weight);
  upstreams_.emplace_back(name, text, address);
  by_name_.emplace(text, id);
  name_by_address(id, address);
  return id;
}

routing::upstream_id balancer::resolve_target(http::host_port const& target) {
  auto const known = by_name_.find(target.text());
  if (known != by_name_.end() && router_.upstream(known->second).known) return known->second;
  boost::system::error_code ec;
  auto const address = boost::asio::ip::make_address_v4(target.host, ec);
  if (ec || std::none_of(ranges_.begin(), ranges_.end(),
                         [&](allowed_range const& range) { return contains(range, address, target.port); }))
    return routing::no_upstream;
  if (known != by_name_.end()) {
    if (upstreams_[routing::index_of(known->second)].removed) return routing::no_upstream;
    router_.upstream(known->second).known = true;
    return known->second;
  }
  if (upstreams_.size() >= max_upstreams) return routing::no_upstream;
  return add(target, endpoint(address, target.port), false);
}

routing::action balancer::on_redirect(live_route& r, std::optional<http::host_port> const& target, bool once) {
  std::lock_guard const lock(mutex_);
  ++upstreams_[routing::index_of(r.upstream)].counters.redirects;
  if (!target) return router_.on_redirect(r, {.malformed = true});
  return router_.on_redirect(r, {.target = resolve_target(*target), .once = once});
}

routing::action balancer::on_answer(live_route& r, answer const& head) {
  std::lock_guard const lock(mutex_);
  routing::answer_facts facts{.success = head.success, .epoch = head.epoch};
  if (head.backend && *head.backend && **head.backend == upstreams_[routing::index_of(r.upstream)].name &&
      router_.upstream(r.upstream).known) // nearly always: who answers has the session
    facts.backend = r.upstream;
  else if (head.backend)
    facts.backend = *head.backend ? resolve_target(**head.backend) : routing::no_upstream;
  return router_.on_answer(r, facts);
}

balancer::room balancer::enter_upstream(routing::upstream_id id, std::uint64_t ticket, go_ahead const& turn) {
  std::lock_guard const lock(mutex_);
  upstream& u = upstreams_[routing::index_of(id)];
  if (!upstream_room_ || (u.busy < upstream_room_->at_once && u.queue.empty())) {
    ++u.busy;
    return room::now;
  }
  if (u.queue.size() >= upstream_room_->waiting) return room::none;
  u.queue.emplace_back(ticket, turn);
  return room::later;
}

void balancer::leave_upstream(routing::upstream_id id) {
  go_ahead next;
  {
    std::lock_guard const lock(mutex_);
    upstream& u = upstreams_[routing::index_of(id)];
    bool const has_room = !upstream_room_ || u.busy <= upstream_room_->at_once; // a reload may have made it less
    if (u.queue.empty() || !has_room) {
      --u.busy;
      return;
    }
    next = std::move(u.queue.front().second); // who has the room then
    u.queue.pop_front();
  }
  next();
}

void balancer::withdraw(routing::upstream_id id, std::uint64_t ticket) {
  std::lock_guard const lock(mutex_);
  std::erase_if(upstreams_[routing::index_of(id)].queue, [&](auto const& waiting) { return waiting.first == ticket; });
}

void balancer::forget_queues() {
  std::lock_guard const lock(mutex_);
  for (upstream& u : upstreams_) u.queue.clear();
}

bool balancer::put_upstream(place const& at, std::optional<std::uint32_t> weight) {
  std::lock_guard const lock(mutex_);
  if (upstreams_.size() >= max_upstreams && !by_name_.contains(at.name.text())) return false;
  take_in(at, weight);
  return true;
}

routing::upstream_id balancer::find_known(http::host_port const& name) const {
  auto const found = by_name_.find(name.text());
  return found != by_name_.end() && router_.upstream(found->second).known ? found->second : routing::no_upstream;
}

bool balancer::drain_upstream(http::host_port const& name) {
  std::lock_guard const lock(mutex_);
  routing::upstream_id const id = find_known(name);
  if (id == routing::no_upstream) return false;
  router_.upstream(id).in_rotation = false;
  return true;
}

bool balancer::remove_upstream(http::host_port const& name) {
  std::lock_guard const lock(mutex_);
  routing::upstream_id const id = find_known(name);
  if (id == routing::no_upstream) return false;
  routing::upstream_state& state = router_.upstream(id);
  state.known = state.in_rotation = false;
  upstreams_[routing::index_of(id)].removed = true;
  return true;
}

void balancer::set_healthy(routing::upstream_id id, bool healthy) {
  std::lock_guard const lock(mutex_);
  router_.upstream(id).healthy = healthy;
}

std::vector<balancer::check_target> balancer::to_be_checked() const {
  std::lock_guard const lock(mutex_);
  std::vector<check_target> out;
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    routing::upstream_id const id{i};
    routing::upstream_state const& state = router_.upstream(id);
    if (state.known && state.in_rotation)
      out.push_back({id, upstreams_[i].address, upstreams_[i].name.host, upstreams_[i].text, state.healthy});
  }
  return out;
}

endpoint balancer::endpoint_for_hop(routing::upstream_id id) {
  std::lock_guard const lock(mutex_);
  upstream& u = upstreams_[routing::index_of(id)];
  ++u.counters.hops;
  return u.address;
}

std::string_view balancer::upstream_name(routing::upstream_id id) const {
  std::lock_guard const lock(mutex_);
  return upstreams_[routing::index_of(id)].text;
}

std::string const& balancer::upstream_host(routing::upstream_id id) const {
  std::lock_guard const lock(mutex_);
  return upstreams_[routing::index_of(id)].name.host;
}

std::string balancer::shared_name(routing::upstream_id id) const {
  std::lock_guard const lock(mutex_);
  return text_of(upstreams_[routing::index_of(id)].address);
}

bool balancer::is_upstream(http::host_port const& authority) const {
  std::lock_guard const lock(mutex_);
  return by_name_.contains(authority.text());
}

journal::balancer_event* balancer::record_request(journal::request_id request) {
  if (!journal_) return nullptr;
  journal::balancer_event event{};
  event.at_ns = monotonic_ns();
  event.request = request;
  event.kind = journal::balancer_event_kind::request;
  std::lock_guard const lock(journal_mutex_);
  return &journal_->append(event);
}

journal::balancer_event* balancer::record_hop(journal::request_id request, endpoint const& to,
                                              routing::action const& why, bool is_own) {
  if (!journal_) return nullptr;
  journal::balancer_event event{};
  event.at_ns = monotonic_ns();
  event.request = request;
  if (to.address().is_v4()) event.upstream_address = to.address().to_v4().to_uint();
  event.upstream_port = to.port();
  event.kind = journal::balancer_event_kind::hop;
  switch (why.hop) {
  case routing::hop_kind::first:
    event.hop = journal::hop_kind::first;
    break;
  case routing::hop_kind::redirect:
    event.hop = journal::hop_kind::redirect;
    break;
  case routing::hop_kind::retry:
    event.hop = journal::hop_kind::retry;
    break;
  }
  if (is_own) event.hop = journal::hop_kind::own;
  event.hit = why.from_map ? 1 : 0;
  std::lock_guard const lock(journal_mutex_);
  return &journal_->append(event);
}

void balancer::record_latency(std::chrono::nanoseconds latency) {
  double const seconds = std::chrono::duration<double>(latency).count();
  auto const bucket = std::lower_bound(latency_bounds_s.begin(), latency_bounds_s.end(), seconds);
  auto const index = static_cast<std::size_t>(bucket - latency_bounds_s.begin());
  shell_.latency[index].fetch_add(1, std::memory_order_relaxed);
  shell_.latency_sum_us.fetch_add(static_cast<std::uint64_t>(latency.count() / 1000), std::memory_order_relaxed);
}

balancer::status balancer::snapshot() const {
  std::lock_guard const lock(mutex_);
  status out;
  out.router = router_.counters();
  out.settings = router_.settings();
  out.guess = router_.policy();
  out.has_map = router_.has_map();
  out.has_shared_map = router_.settings().shared_ttl > 0;
  std::int64_t const now_ns = monotonic_ns();
  out.map_entries = router_.map_entries();
  out.map_unproven = router_.unproven_entries();
  out.map_capacity = router_.map_capacity();
  out.map_bytes = router_.map_bytes();
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    routing::upstream_state const& state = router_.upstream(routing::upstream_id{i});
    out.upstreams.push_back({.name = upstreams_[i].text,
                             .in_rotation = state.in_rotation,
                             .known = state.known,
                             .healthy = state.healthy,
                             .avoided = state.avoid_until > now_ns || state.on_trial,
                             .weight = state.weight,
                             .in_flight = state.in_flight,
                             .waiting = upstreams_[i].queue.size(),
                             .counters = upstreams_[i].counters});
  }
  return out;
}

}
