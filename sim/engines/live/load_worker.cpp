#include "sim/engines/live/load_worker.hpp"

#include "base/os/machine.hpp"
#include "sim/engines/live/clock.hpp"
#include "sim/judge/failures.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace sim::live {

namespace asio = boost::asio;

namespace {

client_settings settings_of(scenario::load const& load, bool is_paced) {
  client_settings settings;
  settings.pool.connections_per_balancer = std::max(1u, load.connections_per_balancer / std::max(1u, load.threads));
  settings.pool.timeout_ns = load.timeout.count();
  settings.pool.requests_per_connection = load.requests_per_connection;
  settings.tls = load.tls;
  settings.tls_resume = load.tls_resume;
  settings.sends_on_time = is_paced || load.think_time.count() != 0;
  return settings;
}

constexpr int probes_of_each_kind = 2; // a balancer

}

load_run::worker::worker(load_run& run, load::slice part)
  : run_(run)
  , part_(part)
  , driver_(run.plan_, part)
  , client_(context_, run.words_, settings_of(run.scenario_.load, driver_.paced()), run.ids_)
  , chooser_(run.scenario_.load.balancer_choice, part.index)
  , phases_(run.scenario_.phases, run.total_)
  , timer_(context_) {
  client_.set_source(*this);
}

void load_run::worker::launch() {
  work_.emplace(context_.get_executor());
  thread_ = std::thread([this] {
    if (part_.index == 0)
      for (std::size_t i = 0; i < client_.balancers(); ++i) probe(static_cast<std::uint16_t>(i));
    driver_.begin(run_.start_ns_);
    issue_due(now_ns());
    context_.run();
    cpu_seconds_ = os::thread_cpu_seconds();
  });
}

void load_run::worker::join() {
  if (thread_.joinable()) thread_.join();
}

void load_run::worker::abandon() {
  reported_ = true;
  client_.abandon();
  work_.reset();
  context_.stop();
}

void load_run::worker::add_balancer(asio::ip::tcp::endpoint const& where, std::string const& forged) {
  std::uint16_t const index = client_.add_balancer(where, forged);
  if (thread_.joinable() && part_.index == 0) probe(index);
}

void load_run::worker::stop_issuing() {
  driver_.stop();
  timer_.cancel();
  finish_if_done();
}

void load_run::worker::probe(std::uint16_t balancer) {
  request_spec what;
  what.kind = records::token_kind::none; // so that no session is made, and nothing learnt
  what.balancer = balancer;
  std::int64_t const now = now_ns();
  what.intended_ns = now;
  what.phase = phase_at(what.intended_ns - run_.start_ns_);
  request_templates const& words = run_.words_;
  what.method = static_cast<std::uint16_t>(words.methods.size() - 1);
  for (int i = 0; i < probes_of_each_kind; ++i) {
    what.probe = records::probe_kind::internal_location;
    what.target = static_cast<std::uint32_t>(words.targets.size() - 2);
    client_.send(what, now);
    what.probe = records::probe_kind::forged_fields;
    what.target = static_cast<std::uint32_t>(words.targets.size() - 1);
    client_.send(what, now);
  }
}

std::uint8_t load_run::worker::phase_at(std::int64_t since_start_ns) {
  return phases_.at(since_start_ns, run_.started_.load(std::memory_order_relaxed));
}

void load_run::worker::issue_due(std::int64_t now) {
  while (auto const due = driver_.next(now)) issue(due, now);
  if (driver_.exhausted()) return finish_if_done();
  if (timer_armed_ || driver_.next_deadline() == actors::load_driver::never) return;
  timer_armed_ = true;
  timer_.expires_at(time_at(driver_.next_deadline()));
  timer_.async_wait([this](boost::system::error_code error) {
    timer_armed_ = false;
    if (!error) issue_due(now_ns());
  });
}

void load_run::worker::issue(actors::load_driver::due_request const& due, std::int64_t now) {
  load::planned_request const& request = *due.what;
  request_spec what;
  what.intended_ns = due.at_ns;
  what.character = request.character;
  what.token = request.rotation;
  what.target = request.target;
  what.origin = due.from;
  what.method = request.method;
  what.kind = static_cast<records::token_kind>(request.kind);
  what.phase = phase_at(due.at_ns - run_.start_ns_);
  what.balancer = chooser_.choose(request, static_cast<std::uint16_t>(client_.balancers()));
  run_.count_started();
  client_.send(what, now);
}

void load_run::worker::done(request_spec const& what, records::client_record const& record) {
  if (run_.meter_ && what.probe == records::probe_kind::none)
    run_.meter_->count(record, judge::cause_of(record.outcome, record.status, record.kind));
  if (what.origin == no_origin) return finish_if_done();
  driver_.on_done(what.origin, record.done_ns);
  issue_due(record.done_ns);
}

void load_run::worker::finish_if_done() {
  if (!driver_.exhausted() || reported_ || client_.in_flight() > 0) return;
  reported_ = true;
  asio::post(run_.control_, [alive = run_.alive_, &run = run_] {
    if (*alive) run.worker_finished();
  });
}

}
