#include "sim/live/load_worker.hpp"

#include "sim/live/clock.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <ctime>

namespace sim::live {

namespace asio = boost::asio;

namespace {

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

client_settings settings_of(scenario::load const& load) {
  client_settings settings;
  settings.connections_per_balancer = std::max(1u, load.connections_per_balancer / std::max(1u, load.threads));
  settings.timeout = load.timeout;
  settings.requests_per_connection = load.requests_per_connection;
  settings.tls = load.tls;
  settings.tls_resume = load.tls_resume;
  return settings;
}

constexpr int probes_of_each_kind = 2; // a balancer

}

load_run::worker::worker(load_run& run, load::slice part)
  : run_(run)
  , part_(part)
  , client_(context_, run.words_, settings_of(run.scenario_.load), run.ids_)
  , chooser_(run.scenario_.load.balancer_choice, part.index)
  , phases_(run.scenario_.phases, run.total_) {
  client_.set_source(*this);
}

void load_run::worker::launch() {
  work_.emplace(context_.get_executor());
  thread_ = std::thread([this] {
    if (part_.index == 0)
      for (std::size_t i = 0; i < client_.balancers(); ++i) probe(static_cast<std::uint16_t>(i));
    begin();
    context_.run();
    cpu_seconds_ = thread_cpu_seconds();
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

void load_run::worker::probe(std::uint16_t balancer) {
  order what;
  what.kind = measure::token_kind::none; // so that no session is made, and nothing learnt
  what.balancer = balancer;
  what.intended_ns = now_ns();
  what.phase = phase_at(what.intended_ns - start_ns());
  vocabulary const& words = run_.words_;
  what.method = static_cast<std::uint16_t>(words.methods.size() - 1);
  for (int i = 0; i < probes_of_each_kind; ++i) {
    what.probe = measure::probe_kind::internal_location;
    what.target = static_cast<std::uint32_t>(words.targets.size() - 2);
    client_.send(what);
    what.probe = measure::probe_kind::forged_fields;
    what.target = static_cast<std::uint32_t>(words.targets.size() - 1);
    client_.send(what);
  }
}

std::uint8_t load_run::worker::phase_at(std::int64_t since_start_ns) {
  return phases_.at(since_start_ns, run_.started_.load(std::memory_order_relaxed));
}

void load_run::worker::issue(load::planned_request const& request, std::int64_t intended_ns, std::uint32_t origin) {
  order what;
  what.intended_ns = intended_ns;
  what.character = request.character;
  what.token = request.rotation;
  what.target = request.target;
  what.origin = origin;
  what.method = request.method;
  what.kind = static_cast<measure::token_kind>(request.kind);
  what.phase = phase_at(intended_ns - start_ns());
  what.balancer = chooser_.choose(request, static_cast<std::uint16_t>(client_.balancers()));
  run_.count_started();
  client_.send(what);
}

void load_run::worker::issued_all(bool complete) {
  exhausted_ = true;
  issued_all_ = complete;
  asio::post(context_, [this] { finish_if_done(); }); // not in the middle of a completion
}

void load_run::worker::done(order const& what, measure::client_record const&) {
  if (what.probe == measure::probe_kind::none) on_done(what.origin);
  finish_if_done();
}

void load_run::worker::finish_if_done() {
  if (!exhausted_ || reported_ || client_.in_flight() > 0) return;
  reported_ = true;
  asio::post(run_.control_, [alive = run_.alive_, &run = run_] {
    if (*alive) run.worker_finished();
  });
}

load_run::closed_worker::closed_worker(load_run& run, load::slice part)
  : worker(run, part)
  , timer_(context_) {
  scenario::load const& load = run.scenario_.load;
  if (load.kind == scenario::load_kind::closed) {
    plan_.emplace(run.plan_, part);
  } else {
    trace_.emplace(run.plan_, part);
  }
  std::uint32_t const share = load.concurrency / part.of + (part.index < load.concurrency % part.of ? 1 : 0);
  first_place_ = part.index * (load.concurrency / part.of) + std::min(part.index, load.concurrency % part.of);
  places_.resize(std::max(1u, share));
}

void load_run::closed_worker::begin() {
  active_ = places_.size();
  for (std::uint32_t place = 0; place < places_.size(); ++place) advance(place);
}

void load_run::closed_worker::on_done(std::uint32_t place) {
  std::int64_t const think = run_.scenario_.load.think_time.count();
  if (think == 0) return advance(place);
  resting_.push_back({now_ns() + think, place});
  if (resting_.size() == 1) arm();
}

void load_run::closed_worker::arm() {
  timer_.expires_at(time_at(resting_.front().until_ns));
  timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    std::int64_t const now = now_ns();
    while (!resting_.empty() && resting_.front().until_ns <= now) {
      std::uint32_t const place = resting_.front().place;
      resting_.pop_front();
      advance(place);
    }
    if (!resting_.empty()) arm();
  });
}

std::optional<load::planned_request> load_run::closed_worker::next_of(std::uint32_t place, std::int64_t now) {
  if (stopped()) return std::nullopt;
  if (trace_) return trace_->next();
  auto& who = places_[place];
  for (;;) {
    if (!who) who = plan_->start_next_character(first_place_ + place, now);
    if (!who) return std::nullopt;
    if (auto request = plan_->next(*who, now)) return request;
    who.reset();
  }
}

void load_run::closed_worker::advance(std::uint32_t place) {
  std::int64_t const now = now_ns();
  if (auto const request = next_of(place, now - start_ns())) {
    issue(*request, now, place);
  } else if (--active_ == 0) {
    issued_all(!stopped());
  }
}

load_run::open_worker::open_worker(load_run& run, load::slice part)
  : worker(run, part)
  , source_(run.plan_, part)
  , timer_(context_) {}

void load_run::open_worker::begin() {
  next_ = source_.next();
  issue_due();
}

void load_run::open_worker::issue_due() {
  while (next_ && !stopped()) {
    std::int64_t const due = start_ns() + next_->at_ns;
    if (due > now_ns()) {
      timer_.expires_at(time_at(due));
      timer_.async_wait([this](boost::system::error_code error) {
        if (!error) issue_due();
      });
      return;
    }
    issue(*next_, due, no_origin);
    next_ = source_.next();
  }
  issued_all(!next_);
}

}
