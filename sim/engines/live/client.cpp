#include "sim/engines/live/client.hpp"

#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/connection.hpp"

#include <algorithm>
#include <utility>

namespace sim::live {

using boost::system::error_code;
using records::client_outcome;
using records::client_record;

namespace {
constexpr std::size_t max_observed = 50;         // of each combination of findings
constexpr std::size_t arrival_bytes = 32 * 1024; // at once; also the largest head
}

client::client(boost::asio::io_context& context, request_templates const& words, client_settings settings,
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
        [this] { transmit_all(); }, settings_.sends_on_time ? os::ready_set::turns::prompt : os::ready_set::turns::rare)
  , arrivals_(arrival_bytes)
  , pool_(settings_.pool)
  , timer_(context) {
  if (settings_.tls) tls_.emplace(settings_.tls_resume);
}

client::~client() = default;

std::uint16_t client::add_balancer(boost::asio::ip::tcp::endpoint where, std::string forged) {
  balancers_.push_back({});
  balancers_.back().where = std::move(where);
  balancers_.back().forged = std::move(forged);
  return pool_.add_balancer();
}

client_record client::record_of(request_spec const& what) const {
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

void client::send(request_spec const& what, std::int64_t now) {
  if (abandoned_) return;
  ++given_;
  if (pool_.has_room(what.balancer)) return dispatch(what, now);
  pool_.wait(what.balancer, what);
}

void client::dispatch(request_spec const& what, std::int64_t now) {
  auto const [number, is_open] = pool_.take(what.balancer, what, now);
  if (number == connections_.size()) connections_.push_back(std::make_unique<connection>(*this, what.balancer, number));
  connections_[number]->send(now);
  arm_timeout();
}

void client::complete(connection& c, client_outcome outcome) {
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
  count_one(counts_.done);
  if (looks_failed(record)) count_one(counts_.failed);

  request_spec const what = pool_.request_of(c.number_);
  client_record const done = record;
  pool_.release(c.number_);
  if (auto const next = abandoned_ ? std::nullopt : pool_.next_waiting(c.balancer_)) dispatch(*next, done.done_ns);
  if (source_) source_->done(what, done);
}

void client::transmit_all() {
  reading_ = false;
  for (connection* const c : to_transmit_)
    if (!c->unsent_.empty()) c->write_rest();
  to_transmit_.clear();
}

void client::abandon() {
  abandoned_ = true;
  timer_.cancel();
  ready_.stop();
  for (auto const& c : connections_) {
    bool const busy = c->busy();
    c->close();
    if (!busy) continue;
    if (c->record_.request == 0) c->record_.request = ids_.fetch_add(1, std::memory_order_relaxed);
    if (settings_.keep_records) records_.push_back(c->record_);
    ++finished_;
  }
  finished_ += pool_.drop_waiting(); // never sent: no records
}

std::vector<client_record> client::records() const {
  std::vector<client_record> all(records_.begin(), records_.end());
  for (auto const& c : connections_)
    if (c->busy() && c->record_.request != 0) all.push_back(c->record_);
  return all;
}

void client::arm_timeout() {
  std::int64_t const deadline = pool_.next_deadline();
  if (timer_armed_ || deadline == pool_.never) return;
  timer_armed_ = true;
  timer_.expires_at(time_at(deadline));
  timer_.async_wait([this](error_code error) {
    timer_armed_ = false;
    if (!error && !abandoned_) on_timeout();
  });
}

void client::on_timeout() {
  std::int64_t const now = now_ns();
  while (auto const late = pool_.overdue(now)) connections_[*late]->fail(client_outcome::timeout);
  arm_timeout();
}

}
