#include "gateway/net/balancer.hpp"

#include "gateway/net/log.hpp"
#include "gateway/routing/map_budget.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace gateway::net {
namespace {

// Targets that redirects added from allowed ranges: bounded, since proxies name them.
constexpr std::size_t max_upstreams = 65'536;

// Upstreams that admin removed from allowed ranges: only made-up names could exceed this.
constexpr std::size_t most_banned = 4'096;

// Sources that stderr reports as not understood.
constexpr std::size_t most_misread = 256;

/// Text from a peer, for a log line: without control characters, and cut when it is long.
std::string quoted(std::string_view said) {
  constexpr std::size_t most = 80;
  std::string out = "\"";
  for (char const c : said.substr(0, most)) out.push_back(c >= ' ' && c < 0x7f ? c : '?');
  return out + (said.size() > most ? "…\"" : "\"");
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
  , ranges_(s.allow_redirects_to)
  , accel_path_(s.accel_path)
  , odd_names_(s.odd_names) {
  limit(s.limits);
  for (upstream_settings const& u : s.upstreams) take_in(u.at, u.weight);
  if (!s.journal_file.empty()) journal_.emplace(s.journal_file, "balancer_event");
}

void balancer::limit(client_limits const& limits) {
  std::vector<continuation> turns; // of the requests that are admitted now
  {
    std::lock_guard const lock(mutex_);
    upstream_slots_ = limits.requests_per_upstream;
    upstream_limited_.store(upstream_slots_.has_value(), std::memory_order_relaxed);
    for (upstream& u : upstreams_)
      for (; !u.queue.empty() && (!upstream_slots_ || u.busy < upstream_slots_->at_once); u.queue.pop_front(), ++u.busy)
        turns.push_back(std::move(u.queue.front().second));
  }
  for (continuation const& turn : turns) turn();
  std::lock_guard const lock(limits_mutex_);
  connections_per_address_ = limits.connections_per_address;
  auto const set = [](std::optional<admission::rate_limit>& now, std::optional<admission::rate> const& wanted) {
    if (!wanted)
      now.reset();
    else if (!now || now->limit() != *wanted) // an unchanged limit keeps its state
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
  accel_path_ = s.accel_path;
  odd_names_ = s.odd_names;
  banned_.clear();
  router_.reconfigure(s.routing, s.guess);
  std::set<std::string> wanted;
  for (upstream_settings const& u : s.upstreams) wanted.insert(u.at.name.text());
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) // first, so that their addresses are free
    if (router_.upstream(routing::upstream_id{i}).known && !wanted.contains(upstreams_[i].face->text))
      retire(routing::upstream_id{i});
  for (upstream_settings const& u : s.upstreams) take_in(u.at, u.weight);
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) // addresses may have moved between upstreams
    if (router_.upstream(routing::upstream_id{i}).known)
      name_by_address(routing::upstream_id{i}, upstreams_[i].address);
}

void balancer::take_in(place const& at, std::optional<std::uint32_t> weight) {
  std::erase(banned_, at.name.text());
  std::erase(banned_, text_of(at.address));
  auto const known = by_name_.find(at.name.text());
  if (known == by_name_.end()) {
    add(at.name, at.address, true, weight.value_or(1));
    return;
  }
  routing::upstream_id const id = known->second;
  upstream& u = upstreams_[routing::index_of(id)];
  if (u.address != at.address) {
    auto const old = by_name_.find(text_of(u.address));
    if (old != by_name_.end() && old->second == id && old->first != u.face->text) by_name_.erase(old);
    u.address = at.address;
    name_by_address(id, at.address);
  }
  router_.upstream(id).in_rotation = true;
  if (weight) router_.set_weight(id, *weight);
}

/// Proxies name themselves by address, configurations sometimes by host name: both refer to the same upstream.
void balancer::name_by_address(routing::upstream_id id, endpoint const& address) {
  by_name_.emplace(text_of(address), id);
}

routing::upstream_id balancer::add(http::host_port const& name, endpoint const& address, bool in_rotation,
                                   std::uint32_t weight) {
  std::string const text = name.text();
  auto const& removed = router_.removed_upstreams();
  auto const same = std::find_if(removed.begin(), removed.end(), [&](routing::upstream_id id) {
    return upstreams_[routing::index_of(id)].face->text == text;
  });
  routing::upstream_id id{};
  if (same != removed.end()) {
    id = *same;
    router_.restore_upstream(id, in_rotation, weight);
  } else {
    id = router_.add_upstream(http::shared_token_hash(text), in_rotation, weight, [this](routing::upstream_id of) {
      upstream const& u = upstreams_[routing::index_of(of)];
      return u.busy == 0 && u.queue.empty();
    });
  }
  if (routing::index_of(id) >= upstreams_.size()) upstreams_.resize(routing::index_of(id) + 1);
  upstream& u = upstreams_[routing::index_of(id)];
  u.face = std::make_shared<upstream_face>(name);
  u.address = address;
  u.counters = {};
  by_name_.emplace(text, id);
  name_by_address(id, address);
  return id;
}

void balancer::retire(routing::upstream_id id) {
  upstream& u = upstreams_[routing::index_of(id)];
  u.face->gone.store(true, std::memory_order_relaxed);
  router_.remove_upstream(id);
  std::string const address = text_of(u.address);
  for (std::string const& name : {u.face->text, address})
    if (auto const at = by_name_.find(name); at != by_name_.end() && at->second == id) by_name_.erase(at);
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) // another one at that address, under a name of its own
    if (upstreams_[i].address == u.address && router_.upstream(routing::upstream_id{i}).known)
      name_by_address(routing::upstream_id{i}, u.address);
}

/// Only where a redirect could bring it back: otherwise it is unknown anyway.
void balancer::ban(std::string const& name) {
  if (ranges_.empty()) return;
  if (banned_.size() >= most_banned) banned_.pop_front();
  banned_.push_back(name);
}

std::optional<boost::asio::ip::address> balancer::allowed_address(http::host_port const& target) const {
  if (ranges_.empty()) return std::nullopt;
  boost::system::error_code ec;
  auto const address = boost::asio::ip::make_address(target.host, ec);
  bool const allowed = !ec && std::any_of(ranges_.begin(), ranges_.end(), [&](allowed_range const& range) {
    return range.contains(address, target.port);
  });
  return allowed ? std::optional(address) : std::nullopt;
}

routing::upstream_id balancer::resolve_target(http::host_port const& target) {
  std::string const name = target.text();
  if (auto const known = by_name_.find(name); known != by_name_.end()) return known->second;
  auto const address = allowed_address(target);
  if (!address) return routing::no_upstream;
  bool const is_banned = std::find(banned_.begin(), banned_.end(), name) != banned_.end();
  if (is_banned || router_.upstream_count() >= max_upstreams) return routing::no_upstream;
  return add(target, endpoint(*address, target.port), false, 1);
}

routing::action balancer::on_redirect(live_route& r, redirect const& what) {
  std::lock_guard const lock(mutex_);
  ++upstreams_[routing::index_of(r.upstream)].counters.redirects;
  if (!what.to) return router_.on_redirect(r, {.malformed = true});
  if (what.other_target) return router_.on_redirect(r, {.other_target = true});
  return router_.on_redirect(r, {.target = resolve_target(*what.to), .once = what.once});
}

routing::action balancer::on_answer(live_route& r, answer const& head, std::string& learnt_at) {
  std::lock_guard const lock(mutex_);
  routing::answer_facts facts{.success = head.success, .epoch = head.epoch};
  if (head.backend && *head.backend && **head.backend == upstreams_[routing::index_of(r.upstream)].face->name &&
      router_.upstream(r.upstream).known) // almost always: the upstream that answers has the session
    facts.backend = r.upstream;
  else if (head.backend)
    facts.backend = *head.backend ? resolve_target(**head.backend) : routing::no_upstream;
  routing::action const next = router_.on_answer(r, facts);
  if (next.news == routing::shared_news::learnt)
    learnt_at = text_of(upstreams_[routing::index_of(next.upstream)].address);
  return next;
}

void balancer::keeps_bodies(int error, bool in_file, std::filesystem::path const& directory) {
  if (error == 0 && in_file && bodies_in_trouble_.load(std::memory_order_relaxed) && bodies_in_trouble_.exchange(false))
    note("body_directory " + directory.string() + ": bodies are kept again");
  if (error == 0) return;
  shell_.bodies_not_kept.fetch_add(1, std::memory_order_relaxed);
  if (!bodies_in_trouble_.exchange(true))
    note("body_directory " + directory.string() + ": a body cannot be kept (" + std::generic_category().message(error) +
         "); such requests are answered 507, and counted in bodies_not_kept");
}

void balancer::misunderstood(misread what, std::string_view source, std::string_view said) {
  struct words {
    std::atomic<std::uint64_t>* counter;
    char const* field;
    char const* consequence;
  };
  words const w = [&]() -> words {
    switch (what) {
    case misread::redirect: // counted by the router
      return {nullptr, "X-Accel-Redirect", "; allowed: /internal_redirect/HOST:PORT/…; such requests are answered 502"};
    case misread::redirect_path: // likewise
      return {nullptr, "X-Accel-Redirect",
              ", which is another path than the request's; such requests are answered 502, unless accel_path says "
              "\"follow\""};
    case misread::backend:
      return {&shell_.backends_malformed, "X-Backend", "; allowed: http://HOST:PORT; nothing is learnt from it"};
    case misread::epoch:
      return {&shell_.epochs_malformed, "X-Session-Epoch",
              "; allowed: an unsigned number of 64 bits; such answers count as without"};
    case misread::forwarded_for:
      return {&shell_.forwarded_for_malformed, "X-Forwarded-For",
              "; allowed: addresses, with or without port; the proxy before it counts as the client"};
    }
    return {};
  }();
  if (w.counter) w.counter->fetch_add(1, std::memory_order_relaxed);
  {
    std::lock_guard const lock(misread_mutex_);
    if (misread_.size() >= most_misread || !misread_.emplace(what, source).second) return;
  }
  note(std::string(source) + " says " + w.field + ": " + quoted(said) + w.consequence + " (said once)");
}

balancer::upstream_admission balancer::enter_upstream(routing::upstream_id id, std::uint64_t ticket,
                                                      continuation const& turn) {
  std::lock_guard const lock(mutex_);
  upstream& u = upstreams_[routing::index_of(id)];
  if (!upstream_slots_ || (u.busy < upstream_slots_->at_once && u.queue.empty())) {
    ++u.busy;
    return upstream_admission::now;
  }
  if (u.queue.size() >= upstream_slots_->waiting) return upstream_admission::none;
  u.queue.emplace_back(ticket, turn);
  return upstream_admission::later;
}

void balancer::leave_upstream(routing::upstream_id id) {
  continuation next;
  {
    std::lock_guard const lock(mutex_);
    upstream& u = upstreams_[routing::index_of(id)];
    bool const has_slot = !upstream_slots_ || u.busy <= upstream_slots_->at_once; // a reload may have lowered the limit
    if (u.queue.empty() || !has_slot) {
      --u.busy;
      return;
    }
    next = std::move(u.queue.front().second); // the next to be admitted
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
  if (router_.upstream_count() >= max_upstreams && !by_name_.contains(at.name.text())) return false;
  take_in(at, weight);
  return true;
}

routing::upstream_id balancer::find_known(http::host_port const& name) const {
  auto const found = by_name_.find(name.text());
  return found != by_name_.end() ? found->second : routing::no_upstream;
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
  upstream const& u = upstreams_[routing::index_of(id)];
  ban(u.face->text);
  if (std::string const address = text_of(u.address); address != u.face->text) ban(address);
  retire(id);
  return true;
}

void balancer::set_healthy(upstream_face const& which, bool healthy) {
  std::lock_guard const lock(mutex_);
  auto const found = by_name_.find(which.text);
  if (found != by_name_.end() && upstreams_[routing::index_of(found->second)].face.get() == &which)
    router_.upstream(found->second).healthy = healthy;
}

std::vector<balancer::check_target> balancer::to_be_checked() const {
  std::lock_guard const lock(mutex_);
  std::vector<check_target> out;
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    routing::upstream_state const& state = router_.upstream(routing::upstream_id{i});
    if (state.known && state.in_rotation) out.push_back({upstreams_[i].face, upstreams_[i].address, state.healthy});
  }
  return out;
}

balancer::destination balancer::destination_of_hop(routing::upstream_id id) {
  std::lock_guard const lock(mutex_);
  upstream& u = upstreams_[routing::index_of(id)];
  ++u.counters.hops;
  return {u.address, u.face};
}

bool balancer::is_upstream(http::host_port const& authority) const {
  std::lock_guard const lock(mutex_);
  return by_name_.contains(authority.text()) || allowed_address(authority);
}

journal::balancer_event* balancer::record_request(journal::request_id request) {
  if (!journal_) return nullptr;
  journal::balancer_event event{};
  event.at_ns = monotonic_ns();
  event.request = request;
  event.kind = journal::balancer_event_kind::request;
  return append_to_journal(event);
}

journal::balancer_event* balancer::record_hop(journal::request_id request, endpoint const& to, journal::hop_kind hop,
                                              bool from_map) {
  if (!journal_) return nullptr;
  journal::balancer_event event{};
  event.at_ns = monotonic_ns();
  event.request = request;
  if (to.address().is_v4()) event.upstream_address = to.address().to_v4().to_uint();
  event.upstream_port = to.port();
  event.kind = journal::balancer_event_kind::hop;
  event.hop = hop;
  event.hit = from_map ? 1 : 0;
  return append_to_journal(event);
}

journal::balancer_event* balancer::append_to_journal(journal::balancer_event const& event) {
  std::string trouble;
  journal::balancer_event* record = nullptr;
  std::lock_guard const lock(journal_mutex_);
  try {
    record = &journal_->append(event);
  } catch (std::system_error const& no_room) {
    trouble = no_room.what();
    shell_.journal_records_lost.fetch_add(1, std::memory_order_relaxed);
  }
  if (!record && !std::exchange(journal_in_trouble_, true))
    note("journal " + trouble + ": its records are lost until it can be written, and counted in journal_records_lost");
  if (record && std::exchange(journal_in_trouble_, false)) note("journal: it is written again");
  return record;
}

balancer::status balancer::snapshot() const {
  std::lock_guard const lock(mutex_);
  status out;
  out.router = router_.counters();
  out.settings = router_.settings();
  out.guess = router_.policy();
  out.accel = accel_path_;
  out.odd = odd_names_;
  out.has_map = router_.has_map();
  out.has_shared_map = router_.settings().shared_ttl > 0;
  std::int64_t const now_ns = monotonic_ns();
  out.map_entries = router_.map_entries();
  out.map_unproven = router_.unproven_entries();
  out.map_capacity = router_.map_capacity();
  out.map_bytes = router_.map_bytes();
  out.map_file = map_file_;
  for (std::uint32_t i = 0; i < upstreams_.size(); ++i) {
    routing::upstream_state const& state = router_.upstream(routing::upstream_id{i});
    routing::upstream_details const& details = router_.details_of(routing::upstream_id{i});
    if (!state.known) continue;
    out.upstreams.push_back({.name = upstreams_[i].face->text,
                             .in_rotation = state.in_rotation,
                             .healthy = state.healthy,
                             .avoided = details.avoid_until > now_ns || state.on_trial,
                             .weight = details.weight,
                             .in_flight = state.in_flight,
                             .waiting = upstreams_[i].queue.size(),
                             .counters = upstreams_[i].counters});
  }
  return out;
}

}
