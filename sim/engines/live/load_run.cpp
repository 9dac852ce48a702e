#include "sim/engines/live/load_run.hpp"

#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/load_worker.hpp"
#include "sim/load/phase_clock.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <cmath>

namespace sim::live {

namespace asio = boost::asio;
using records::client_record;

namespace {

request_templates words_of(scenario::scenario const& s, load::plan const& p, fakeproxy::cluster::token_key key) {
  request_templates words;
  words.key = key;
  words.token_bytes = s.population.token_bytes;
  words.answer_bytes = s.topology.proxies.answer_bytes;
  for (scenario::mix_entry const& entry : p.methods) {
    method_entry method;
    method.name = entry.method;
    method.verb = boost::beast::http::string_to_verb(entry.method);
    method.body_bytes = entry.body_bytes;
    method.chunked = entry.chunked;
    words.methods.push_back(method);
  }
  words.targets = p.targets;
  words.resources = actors::catalogue_of(s);
  // The probes' own, behind all others.
  words.methods.push_back({"GET"});
  words.targets.push_back("/internal_redirect/127.0.0.1:9/lab/probe");
  words.targets.push_back("/lab/forged");
  return words;
}

}

load_run::load_run(asio::any_io_executor control, scenario::scenario const& s, load::plan const& p,
                   fakeproxy::cluster::token_key key)
  : control_(std::move(control))
  , scenario_(s)
  , plan_(p)
  , words_(words_of(s, p, key))
  , total_(p.total_requests().value_or(0)) {
  std::uint32_t const threads = std::max(1u, s.load.threads);
  for (std::uint32_t i = 0; i < threads; ++i) {
    load::slice const part{i, threads};
    workers_.push_back(std::make_unique<worker>(*this, part));
  }
}

load_run::~load_run() {
  *alive_ = false;
  abandon();
}

void load_run::add_balancer(asio::ip::tcp::endpoint where, std::string forged) {
  for (auto const& w : workers_) {
    if (start_ns_ == 0) {
      w->add_balancer(where, forged);
    } else {
      asio::post(w->context(), [raw = w.get(), where, forged] { raw->add_balancer(where, forged); });
    }
  }
}

void load_run::start(std::function<void()> finished) {
  on_finished_ = std::move(finished);
  start_ns_ = now_ns();
  for (auto const& w : workers_) w->launch();
}

void load_run::count_started() {
  std::uint64_t const started = started_.fetch_add(1) + 1;
  if (started >= start_trigger_.load()) pull_trigger();
}

void load_run::pull_trigger() {
  std::uint64_t trigger = start_trigger_.load();
  if (started_.load() < trigger || !start_trigger_.compare_exchange_strong(trigger, ~std::uint64_t{0})) return;
  asio::post(control_, [alive = alive_, this] {
    if (*alive && on_trigger_) std::exchange(on_trigger_, nullptr)();
  });
}

void load_run::when_started(std::uint64_t requests, std::function<void()> reached) {
  on_trigger_ = std::move(reached);
  start_trigger_.store(requests);
  pull_trigger(); // they may have been started already
}

void load_run::worker_finished() {
  if (++finished_workers_ == workers_.size() && on_finished_) std::exchange(on_finished_, nullptr)();
}

void load_run::stop_issuing() {
  for (auto const& w : workers_) asio::post(w->context(), [raw = w.get()] { raw->stop_issuing(); });
}

void load_run::abandon() {
  if (joined_) return;
  joined_ = true;
  on_finished_ = nullptr;
  for (auto const& w : workers_) asio::post(w->context(), [raw = w.get()] { raw->abandon(); });
  for (auto const& w : workers_) w->join();
}

load_progress load_run::progress() const {
  load_progress sum;
  for (auto const& w : workers_) {
    client_counts const& counts = w->client().counts();
    sum.sent += counts.sent.load(std::memory_order_relaxed);
    sum.done += counts.done.load(std::memory_order_relaxed);
    sum.failed += counts.failed.load(std::memory_order_relaxed);
  }
  std::int64_t const since = now_ns() - start_ns_;
  std::uint64_t const started = started_.load(std::memory_order_relaxed);
  sum.phase = load::phase_clock(scenario_.phases, total_).at(since, started);
  return sum;
}

load_records load_run::gather(std::vector<client_record> records) const {
  load_records all;
  std::uint64_t const ids = ids_.load() - 1;
  all.clients.resize(ids);
  // An id whose request is not recorded yet (snapshots only) stays a blank record, outcome pending.
  for (std::uint64_t i = 0; i < ids; ++i) all.clients[i].request = i + 1;
  for (client_record const& record : records) all.clients[record.request - 1] = record;
  all.targets = words_.targets;
  return all;
}

load_records load_run::snapshot() {
  std::vector<client_record> records;
  for (auto const& w : workers_) {
    auto const part =
        asio::post(w->context(), asio::use_future([raw = w.get()] { return raw->client().records(); })).get();
    records.insert(records.end(), part.begin(), part.end());
  }
  while (!records.empty() && records.back().request == 0) records.pop_back();
  return gather(std::move(records));
}

load_records load_run::take() {
  abandon();
  std::vector<client_record> records;
  for (auto const& w : workers_) {
    auto const part = w->client().records();
    records.insert(records.end(), part.begin(), part.end());
  }
  load_records all = gather(std::move(records));
  for (auto const& w : workers_) {
    all.observed.insert(w->client().observed().begin(), w->client().observed().end());
    all.complete = all.complete && w->issued_all();
    all.cpu_seconds += w->cpu_seconds();
    all.tls_handshakes += w->client().counts().handshakes.load();
    all.waited_for_connection += w->client().waited_for_connection();
    all.tls_resumed += w->client().counts().resumed.load();
  }
  return all;
}

}
