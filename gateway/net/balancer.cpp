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

std::optional<live_map> make_map(settings const& s) {
  if (!s.token_map_bytes) return std::nullopt;
  return live_map::with_budget(*s.token_map_bytes);
}

}

balancer::balancer(settings const& s)
  : key_(http::random_digest_key())
  , router_(s.routing, s.guess, make_map(s))
  , ranges_(s.allow_redirects_to) {
  limit(s.limits);
  for (place const& u : s.upstreams) add(u.name, u.address, true);
  if (!s.journal_file.empty()) journal_.emplace(s.journal_file, "balancer_event");
}

void balancer::limit(client_limits const& limits) {
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
  }
  for (auto const& [name, address] : s.upstreams) {
    auto const known = by_name_.find(name.text());
    if (known == by_name_.end()) {
      add(name, address, true);
      continue;
    }
    upstreams_[routing::index_of(known->second)].address = address;
    routing::upstream_state& state = router_.upstream(known->second);
    state.known = state.in_rotation = true;
  }
}

routing::upstream_id balancer::add(http::host_port const& name, endpoint const& address, bool in_rotation) {
  std::string const text = name.text();
  routing::upstream_id const id = router_.add_upstream(http::shared_token_hash(text), in_rotation);
  upstreams_.push_back({name, text, address, {}});
  by_name_.emplace(text, id);
  // Proxies name themselves by address, configurations sometimes by host name: both lead to the same upstream.
  http::host_port const numeric{address.address().to_string(), address.port()};
  by_name_.emplace(numeric.text(), id);
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
    router_.upstream(known->second).known = true;
    return known->second;
  }
  if (upstreams_.size() >= max_upstreams) return routing::no_upstream;
  return add(target, endpoint(address, target.port), false);
}

routing::action balancer::on_redirect(live_route& r, std::optional<http::host_port> const& target) {
  std::lock_guard const lock(mutex_);
  ++upstreams_[routing::index_of(r.upstream)].counters.redirects;
  if (!target) return router_.on_redirect(r, {routing::no_upstream, true});
  return router_.on_redirect(r, {resolve_target(*target), false});
}

routing::action balancer::on_answer(live_route& r, std::optional<std::optional<http::host_port>> const& backend) {
  std::lock_guard const lock(mutex_);
  std::optional<routing::upstream_id> taught;
  if (backend && *backend && **backend == upstreams_[routing::index_of(r.upstream)].name &&
      router_.upstream(r.upstream).known) // nearly always: who answers has the session
    taught = r.upstream;
  else if (backend)
    taught = *backend ? resolve_target(**backend) : routing::no_upstream;
  return router_.on_answer(r, taught);
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
                                              routing::action const& why) {
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
  out.map_entries = router_.map_entries();
  out.map_capacity = router_.map_capacity();
  out.map_bytes = router_.map_bytes();
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    routing::upstream_state const& state = router_.upstream(routing::upstream_id{i});
    out.upstreams.push_back(
        {upstreams_[i].text, state.in_rotation, state.known, state.in_flight, upstreams_[i].counters});
  }
  return out;
}

}
