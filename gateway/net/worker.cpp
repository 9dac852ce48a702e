#include "gateway/net/worker.hpp"

#include "gateway/cache/date.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/net/client/client_connection.hpp"
#include "gateway/net/redis/shared_map.hpp"
#include "gateway/net/upstream/refresh.hpp"
#include "gateway/net/upstream/upstream_connection.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::size_t stream_buffer_bytes = 32 * 1024; // of a body at a time

/// A time within the next milliseconds: the kernel's coarse clock costs a fifth of the exact one, and several deadlines
/// are set in each request. A tick is added, so that no deadline is early.
steady_time soon() {
  static nanoseconds const tick = [] {
    timespec resolution{};
    ::clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
    return std::chrono::seconds(resolution.tv_sec) + nanoseconds(resolution.tv_nsec);
  }();
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return steady_time(std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec) + tick);
}

bool is_gone(std::weak_ptr<exchange> const& who) { return who.expired(); }

}

worker::worker(balancer& shared, cache::shared_cache* cache, access_log& log, std::shared_ptr<settings const> s,
               std::uint64_t seed)
  : work_(context_.get_executor())
  , shared_(shared)
  , cache_(cache)
  , log_(log)
  , settings_(std::move(s))
  , random_(seed)
  , timer_(context_.get_executor())
  , is_upstream_([&shared](http::host_port const& who) { return shared.is_upstream(who); }) {
  if (settings_->shared_map)
    shared_map_ = std::make_unique<shared_map>(context_, *settings_->shared_map, shared_, random_);
  apply_settings();
}

// Posted handlers may hold connections: they are closed here, while everything they need still exists.
worker::~worker() {
  stop();
  join();
  wake = [](auto const&) {}; // the other workers may be gone already
  announce_fetch = [](auto const&, auto) {};
  while (!clients_.empty()) std::shared_ptr(*clients_.begin())->close();
  while (!refreshes_.empty()) std::shared_ptr(*refreshes_.begin())->close();
  retire_idle();
}

std::vector<endpoint> worker::listen(std::vector<endpoint> const& at, bool share_ports) {
  std::vector<endpoint> bound;
  for (endpoint const& where : at) {
    listeners_.push_back(std::make_unique<listener>(context_.get_executor(), where,
                                                    listener::options{.share_port = share_ports, .backlog = 4096},
                                                    shared_.shell().accept_pauses));
    bound.push_back(listeners_.back()->at());
  }
  return bound;
}

void worker::listen_with(worker& other) {
  for (auto const& l : other.listeners_) listeners_.push_back(std::make_unique<listener>(context_.get_executor(), *l));
}

void worker::start() {
  listener_settings_ = settings_->listen;
  for (std::size_t i = 0; i != listeners_.size(); ++i)
    listeners_[i]->start([this, i](int fd, endpoint const& from) {
      std::make_shared<client_connection>(*this, listener_settings_[i], from)->start(fd);
    });
  if (shared_map_) shared_map_->start();
  thread_ = std::thread([this] { context_.run(); });
}

void worker::reload(std::shared_ptr<settings const> s) {
  boost::asio::post(context_, [this, s = std::move(s)]() mutable {
    settings_ = std::move(s);
    apply_settings();
    retire_idle();
  });
}

void worker::leave_removed_upstreams() {
  boost::asio::post(context_, [this] {
    for (auto const& connection : idle_.remove_if([](auto const& kept) { return kept->is_gone(); }))
      connection->retire();
  });
}

void worker::drain(std::function<void()> drained) {
  boost::asio::post(context_, [this, drained = std::move(drained)]() mutable {
    drained_ = std::move(drained);
    for (auto const& l : listeners_) l->close();
    std::vector<std::shared_ptr<client_connection>> const present(clients_.begin(), clients_.end());
    for (auto const& client : present) client->drain();
    check_drained();
  });
}

void worker::stop() { context_.stop(); }

void worker::join() {
  if (thread_.joinable()) thread_.join();
}

std::string_view worker::date() {
  std::time_t const now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  if (now == date_of_) return date_;
  date_of_ = now;
  date_ = cache::http_date(now);
  return date_;
}

void worker::set_deadline(deadline_owner& owner, deadline which) {
  steady_time const due = deadlines_.set(owner, static_cast<std::size_t>(which), soon());
  if (due < timer_due_) arm_timer();
}

// The timer is set to the earliest deadline. It moves to an earlier one, but stays when that deadline is cleared: it
// then fires in vain, at most once for each deadline that it was set to.
void worker::arm_timer() {
  auto const next = deadlines_.next();
  timer_due_ = next.value_or(steady_time::max());
  if (!next) return;
  timer_.expires_at(timer_due_);
  timer_.async_wait([this](boost::system::error_code ec) {
    if (ec) return;
    deadlines_.expire(std::chrono::steady_clock::now());
    arm_timer();
  });
}

// Deadlines already set keep the duration they were set with.
void worker::apply_settings() {
  buffers_.set_size(std::max<std::size_t>(settings_->max_head, stream_buffer_bytes));
  timeouts const& t = settings_->timeouts;
  auto const set = [this](deadline which, nanoseconds duration) {
    deadlines_.set_duration(static_cast<std::size_t>(which), duration);
  };
  set(deadline::client_head, t.client_head);
  set(deadline::client_idle, t.client_idle);
  set(deadline::client_body, t.client_body);
  set(deadline::client_total, t.client_total);
  set(deadline::client_send, t.client_send);
  set(deadline::guess_wait, t.guess_wait);
  if (settings_->cache) set(deadline::fetch_wait, settings_->cache->wait);
  set(deadline::connect, t.connect);
  set(deadline::answer, t.answer);
  set(deadline::request, t.request);
  set(deadline::upstream_idle, t.upstream_idle);
  set(deadline::linger, t.linger);
  set(deadline::linger_idle, t.linger_idle);
  set(deadline::tunnel_idle, t.tunnel_idle);
  set(deadline::tunnel_drain, t.tunnel_drain);
}

std::shared_ptr<upstream_connection> worker::take_idle(routing::action const& next, balancer::destination const& to) {
  while (auto connection = idle_.take(next.upstream, next.hop)) {
    if ((*connection)->leads_to(to)) return *std::move(connection);
    (*connection)->retire();
  }
  return nullptr;
}

bool worker::keep_idle(routing::upstream_id id, std::shared_ptr<upstream_connection> connection) {
  if (draining() || !connection->is_current()) return false;
  return idle_.keep(id, std::move(connection), settings_->idle_per_upstream);
}

void worker::retire_idle() {
  for (auto const& connection : idle_.remove_if([](auto const&) { return true; })) connection->retire();
}

void worker::forget_idle(routing::upstream_id id, upstream_connection const* connection) {
  idle_.forget_if(id, [connection](auto const& kept) { return kept.get() == connection; });
}

void worker::wait_for_guess(http::token_digest const& key, std::weak_ptr<exchange> who) {
  awaiting_guess_.add(key, std::move(who), is_gone);
}

void worker::wake_here(http::token_digest const& key) {
  for (auto const& sleeper : awaiting_guess_.take(key))
    if (auto const there = sleeper.lock()) there->on_wake();
}

void worker::wait_for_fetch(http::token_digest const& variant, std::weak_ptr<exchange> who) {
  awaiting_fetch_.add(variant, std::move(who), is_gone);
}

void worker::on_fetch_complete(http::token_digest const& variant, cache::fetch_outcome how) {
  for (auto const& sleeper : awaiting_fetch_.take(variant))
    if (auto const there = sleeper.lock()) there->on_fetch_complete(how);
}

void worker::opened(std::shared_ptr<client_connection> connection) {
  clients_.insert(std::move(connection));
  shared_.shell().connections.fetch_add(1, std::memory_order_relaxed);
  shared_.shell().open_connections.fetch_add(1, std::memory_order_relaxed);
}

void worker::closed(std::shared_ptr<client_connection> const& connection) {
  if (clients_.erase(connection) == 0) return;
  shared_.shell().open_connections.fetch_sub(1, std::memory_order_relaxed);
  check_drained();
}

void worker::check_drained() {
  if (!drained_ || !clients_.empty()) return;
  retire_idle();
  std::exchange(drained_, [] {})();
}

}
