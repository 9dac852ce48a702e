#include "sim/live/client.hpp"

#include "sim/live/clock.hpp"
#include "sim/live/connection.hpp"

#include <algorithm>
#include <utility>

namespace sim::live {

using boost::system::error_code;
using measure::client_outcome;
using measure::client_record;

namespace {
constexpr std::size_t max_observed = 50; // of each combination of findings
}

client::client(boost::asio::io_context& context, vocabulary const& words, client_settings settings,
               std::atomic<journal::request_id>& ids)
  : context_(context)
  , words_(words)
  , settings_(settings)
  , ids_(ids)
  , ready_(
        context,
        [this](std::uint64_t key, std::uint32_t events) {
          reading_ = true;
          connections_[key >> 32]->on_ready(static_cast<std::uint32_t>(key), events);
        },
        [this] { transmit_all(); })
  , timer_(context) {
  if (settings_.tls) tls_.emplace(settings_.tls_resume);
}

client::~client() = default;

std::uint16_t client::add_balancer(boost::asio::ip::tcp::endpoint where, std::string forged) {
  balancers_.push_back({});
  balancers_.back().where = std::move(where);
  balancers_.back().forged = std::move(forged);
  return static_cast<std::uint16_t>(balancers_.size() - 1);
}

client_record client::record_of(order const& what) const {
  client_record record;
  record.intended_ns = what.intended_ns;
  record.character = what.character;
  record.token = what.token;
  record.target = what.target;
  record.balancer = what.balancer;
  record.kind = what.kind;
  record.method = static_cast<std::uint8_t>(words_.methods[what.method].verb);
  record.phase = what.phase;
  record.probe = what.probe;
  return record;
}

void client::send(order const& what) {
  if (abandoned_) return;
  ++given_;
  dispatch(balancers_[what.balancer], what);
}

void client::dispatch(balancer& at, order const& what) {
  connection* c = nullptr;
  if (!at.idle.empty()) {
    c = at.idle.back();
    at.idle.pop_back();
  } else if (!at.closed.empty()) {
    c = at.closed.back();
    at.closed.pop_back();
  } else if (at.connections.size() < settings_.connections_per_balancer) {
    connections_.push_back(
        std::make_unique<connection>(*this, what.balancer, static_cast<std::uint32_t>(connections_.size())));
    c = connections_.back().get();
    at.connections.push_back(c);
  } else {
    at.queue.push_back(what);
    return;
  }
  c->send(what);
}

void client::retry(connection& c) {
  delist(c);
  balancer& at = balancers_[c.balancer_];
  std::erase(at.closed, &c);
  c.send(c.order_, c.record_);
}

void client::complete(connection& c, client_outcome outcome) {
  delist(c);
  client_record& record = c.record_;
  record.outcome = outcome;
  if (outcome != client_outcome::answered) record.done_ns = now_ns();
  // A connection that could not be made carried no request, but the client's request counts all the same.
  if (record.request == 0) record.request = ids_.fetch_add(1, std::memory_order_relaxed);
  if (settings_.keep_records) {
    records_.push_back(record);
    if (record.findings != 0 && ++observed_of_[record.findings] <= max_observed)
      observed_.emplace(record.request, c.exchange_.observed());
  } else {
    latencies_.record(record.done_ns - record.intended_ns);
  }
  ++finished_;
  counts_.done.fetch_add(1, std::memory_order_relaxed);
  if (outcome != client_outcome::answered || record.status >= 500)
    counts_.failed.fetch_add(1, std::memory_order_relaxed);

  balancer& at = balancers_[c.balancer_];
  if (c.stage_ == connection::stage::idle) at.idle.push_back(&c);
  order const what = c.order_;
  client_record const done = record;
  serve_queue(at);
  if (source_) source_->done(what, done);
}

void client::transmit_all() {
  reading_ = false;
  for (connection* const c : to_transmit_)
    if (!c->unsent_.empty()) c->write_rest();
  to_transmit_.clear();
}

void client::serve_queue(balancer& at) {
  if (abandoned_ || at.queue.empty() || (at.idle.empty() && at.closed.empty())) return;
  order const next = at.queue.front();
  at.queue.pop_front();
  dispatch(at, next);
}

void client::abandon() {
  abandoned_ = true;
  timer_.cancel();
  ready_.stop();
  for (balancer& at : balancers_) {
    for (connection* const c : at.connections) {
      bool const busy = c->stage_ == connection::stage::busy || c->stage_ == connection::stage::connecting;
      c->close();
      if (!busy) continue;
      if (c->record_.request == 0) c->record_.request = ids_.fetch_add(1, std::memory_order_relaxed);
      if (settings_.keep_records) records_.push_back(c->record_);
      ++finished_;
    }
    finished_ += at.queue.size(); // never sent: no records
    at.queue.clear();
  }
  oldest_ = newest_ = nullptr;
}

std::vector<client_record> client::records() const {
  std::vector<client_record> all(records_.begin(), records_.end());
  for (connection const* c = oldest_; c; c = c->newer_)
    if (c->record_.request != 0) all.push_back(c->record_);
  return all;
}

void client::enlist(connection& c) {
  c.older_ = newest_;
  c.newer_ = nullptr;
  (newest_ ? newest_->newer_ : oldest_) = &c;
  newest_ = &c;
  if (!timer_armed_) arm_timeout();
}

void client::delist(connection& c) {
  if (!c.older_ && oldest_ != &c) return;
  (c.older_ ? c.older_->newer_ : oldest_) = c.newer_;
  (c.newer_ ? c.newer_->older_ : newest_) = c.older_;
  c.older_ = c.newer_ = nullptr;
}

void client::arm_timeout() {
  timer_armed_ = true;
  timer_.expires_at(time_at(oldest_->deadline_ns_));
  timer_.async_wait([this](error_code error) {
    timer_armed_ = false;
    if (!error && !abandoned_) on_timeout();
  });
}

void client::on_timeout() {
  std::int64_t const now = now_ns();
  while (oldest_ && oldest_->deadline_ns_ <= now) oldest_->fail(client_outcome::timeout);
  if (oldest_ && !timer_armed_) arm_timeout();
}

}
