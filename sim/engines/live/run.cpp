#include "sim/engines/live/run.hpp"

#include "base/config/document.hpp"
#include "base/os/machine.hpp"
#include "base/os/open_files.hpp"
#include "sim/actors/run_script.hpp"
#include "sim/engines/live/admin.hpp"
#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/collect.hpp"
#include "sim/engines/live/counters.hpp"
#include "sim/engines/live/eve.hpp"
#include "sim/engines/live/load_run.hpp"
#include "sim/engines/live/metrics_server.hpp"
#include "sim/engines/live/progress.hpp"
#include "sim/engines/live/run_metrics.hpp"
#include "sim/engines/live/timeline.hpp"
#include "sim/engines/live/topology.hpp"
#include "sim/judge/analyse.hpp"
#include "sim/load/logged_in.hpp"
#include "sim/load/stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <functional>
#include <optional>
#include <unistd.h>

namespace sim::live {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using nlohmann::json;

namespace {

constexpr actors::run_script script;
constexpr auto progress_every = std::chrono::milliseconds(250);
constexpr std::size_t logins_a_call = 5000;

fakeproxy::cluster::token_key key_of(std::uint64_t seed) {
  auto draws = load::stream(seed, "token key");
  fakeproxy::cluster::token_key key{};
  for (std::uint8_t& byte : key) byte = static_cast<std::uint8_t>(draws() >> 56);
  return key;
}

/// When it began, or was due.
std::int64_t begin_of(records::event_record const& e) { return e.began_ns != 0 ? e.began_ns : e.planned_ns; }

/// One run from start to end. All members are used on the io_context's one thread.
class runner {
public:
  runner(scenario::scenario const& s, run_options const& options, interruption const& signals);
  records::result run();

private:
  void await_signal();
  void on_signal();
  void fail(std::string what);
  void step(std::string const& what) {
    if (options_.at_step) options_.at_step(what);
  }
  void cancel() { cancel_.emit(asio::cancellation_type::terminal); }

  asio::awaitable<void> conduct();
  asio::awaitable<void> log_in();
  asio::awaitable<void> notifications(double rate_rps);
  asio::awaitable<std::map<std::uint32_t, std::uint64_t>> notifications_sent();
  asio::awaitable<void> watch();
  asio::awaitable<void> wait_for_load();
  asio::awaitable<void> finish();
  asio::awaitable<void> finish_eve();
  void serve_metrics();
  records::run_records records_of(load_records load);
  records::run_records records_so_far();
  std::optional<std::string> broken_threshold();
  void meet_onlooker();
  void show_onlooker(run_stage stage);

  scenario::scenario const& scenario_;
  run_options const& options_;
  load::plan plan_;
  asio::io_context context_{1};
  interruption const& signals_;
  asio::posix::stream_descriptor signalled_;
  asio::cancellation_signal cancel_, cancel_timeline_, cancel_partitions_, cancel_watch_;
  topology nodes_;
  load_meter meter_;
  load_run load_;
  redirect_tail redirects_;
  std::optional<metrics_server> metrics_;
  std::optional<eve_clients> eve_;
  asio::steady_timer load_over_;
  std::vector<std::size_t> balancer_order_;
  std::vector<std::uint32_t> logged_in_;
  std::vector<records::event_record> events_;
  event_progress event_progress_;
  std::map<std::uint32_t, std::uint64_t> notifications_sent_;
  std::map<std::string, gateway_counters> counters_;
  std::vector<std::string> notes_;
  std::optional<std::string> failure_, aborted_by_;
  int seen_ = 0; // signals
  bool interrupted_ = false;
  bool conducting_ = true;
  bool load_finished_ = false;
  std::int64_t end_ns_ = 0;
  std::optional<os::processor_time> cpu_before_, cpu_after_; // the load
  std::uint32_t looks_ = 0;                                  // at thresholds while the load runs
  int watchers_ = 0;                                         // coroutines beside the main one
};

runner::runner(scenario::scenario const& s, run_options const& options, interruption const& signals)
  : scenario_(s)
  , options_(options)
  , plan_(load::make_plan(s))
  , signals_(signals)
  , signalled_(context_, ::dup(signals.descriptor()))
  , nodes_(context_.get_executor(), s, {options.directory}, key_of(s.seed),
           [this](process& dead) { fail(dead.obituary()); })
  , load_(context_.get_executor(), s, plan_, key_of(s.seed))
  , load_over_(context_, asio::steady_timer::time_point::max())
  , logged_in_(load::logged_in(s)) {
  if (options.at_step) nodes_.at_step = options.at_step;
}

// The first may have come before the run began.
void runner::await_signal() {
  if (signals_.count() > seen_) on_signal();
  signalled_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    std::uint64_t ignored = 0;
    boost::system::error_code none;
    signalled_.read_some(asio::buffer(&ignored, sizeof ignored), none);
    await_signal();
  });
}

void runner::on_signal() {
  seen_ = signals_.count();
  if (interrupted_ || seen_ > 1) context_.stop(); // the second time: no patience left; destructors kill what runs
  interrupted_ = true;
  if (conducting_) cancel();
}

void runner::fail(std::string what) {
  if (!failure_) failure_ = std::move(what);
  if (conducting_) cancel();
}

asio::awaitable<void> runner::log_in() {
  auto const by_proxy = load::logins_by_proxy(scenario_, logged_in_);
  for (std::size_t i = 0; i < by_proxy.size(); ++i) {
    std::string const name = nodes_.proxies()[i].name;
    for (std::size_t at = 0; at < by_proxy[i].size(); at += logins_a_call) {
      auto const begin = by_proxy[i].begin() + static_cast<std::ptrdiff_t>(at);
      auto const end =
          by_proxy[i].begin() + static_cast<std::ptrdiff_t>(std::min(at + logins_a_call, by_proxy[i].size()));
      json body{{"characters", std::vector<std::uint32_t>(begin, end)}};
      std::string admin = nodes_.admin_of(name);
      std::string target = "/nodes/" + name + "/logins";
      json const answer = co_await admin_call(std::move(admin), http::verb::post, std::move(target), std::move(body),
                                              script.admin_call);
      auto const granted = answer.value("granted", std::ptrdiff_t{0});
      if (granted != end - begin)
        throw could_not_run(name + " granted " + std::to_string(granted) + " of " + std::to_string(end - begin) +
                            " logins");
    }
  }
  if (scenario_.population.eve_clients == 0) co_return;
  eve_settings settings;
  for (proxy_node const& proxy : nodes_.proxies()) settings.proxies.push_back(proxy.eve);
  settings.characters.assign(logged_in_.begin(), logged_in_.begin() + scenario_.population.eve_clients);
  settings.key = key_of(scenario_.seed);
  settings.token_bytes = scenario_.population.token_bytes;
  settings.request_rate_rps = scenario_.population.eve_request_rate_rps;
  settings.seed = scenario_.seed;
  eve_.emplace(context_.get_executor(), std::move(settings));
  co_await eve_->log_in(script.log_in);
}

asio::awaitable<void> runner::notifications(double rate_rps) {
  for (sol_node const& sol : nodes_.sols()) {
    std::string admin = nodes_.admin_of(sol.name);
    if (admin.empty()) continue; // killed
    std::string target = "/nodes/" + sol.name + "/notifications";
    json body{{"rate_rps", rate_rps}};
    co_await admin_call(std::move(admin), http::verb::post, std::move(target), std::move(body), script.admin_call);
  }
}

asio::awaitable<std::map<std::uint32_t, std::uint64_t>> runner::notifications_sent() {
  std::map<std::uint32_t, std::uint64_t> sent;
  for (sol_node const& sol : nodes_.sols()) {
    std::string admin = nodes_.admin_of(sol.name);
    if (admin.empty()) continue;
    std::string target = "/nodes/" + sol.name + "/notifications";
    json body;
    json const answer =
        co_await admin_call(std::move(admin), http::verb::get, std::move(target), std::move(body), script.admin_call);
    for (json const& entry : answer.at("characters"))
      sent[entry.at("character").get<std::uint32_t>()] = entry.at("sent").get<std::uint64_t>();
  }
  co_return sent;
}

asio::awaitable<void> runner::conduct() {
  co_await nodes_.start();
  step("all are ready");
  co_await log_in();
  step("logged in");
  for (std::size_t i = 0; i < nodes_.balancers().size(); ++i) {
    if (nodes_.balancers()[i].identity.event) continue;
    balancer_order_.push_back(i);
    load_.add_balancer(nodes_.balancers()[i].where, probe_target(nodes_, i));
  }
  if (eve_) {
    co_await notifications(scenario_.population.eve_notification_rate_rps);
    eve_->start_requests();
    step("notifications");
  }
  cpu_before_ = os::processor_time_now();
  load_.start([this] {
    load_finished_ = true;
    cpu_after_ = os::processor_time_now();
    load_over_.cancel();
  });
  auto const ended = [this](std::exception_ptr error) {
    --watchers_;
    try {
      if (error) std::rethrow_exception(error);
    } catch (boost::system::system_error const& e) {
      if (e.code() != asio::error::operation_aborted) fail(e.what());
    } catch (std::exception const& e) {
      fail(e.what());
    }
    load_over_.cancel();
  };
  step("load started");
  watchers_ = 2;
  event_context const context{scenario_, nodes_, load_, balancer_order_};
  asio::co_spawn(context_,
                 perform_events(context, plan_.total_requests().value_or(0), options_.onlooker != nullptr,
                                event_progress_, events_),
                 asio::bind_cancellation_slot(cancel_timeline_.slot(), ended));
  asio::co_spawn(context_, watch(), asio::bind_cancellation_slot(cancel_watch_.slot(), ended));
  if (!scenario_.partitions.empty()) {
    ++watchers_;
    asio::co_spawn(context_, perform_partitions(context, events_),
                   asio::bind_cancellation_slot(cancel_partitions_.slot(), ended));
  }
  co_await wait_for_load();
  step("load over");
}

asio::awaitable<void> runner::wait_for_load() {
  actors::stall_watch watch(scenario_.load, load_.start_ns());
  while (!load_finished_) {
    load_over_.expires_after(std::chrono::seconds(1));
    co_await load_over_.async_wait(asio::as_tuple(asio::use_awaitable));
    load_progress const now = load_.progress();
    if (!watch.look(now.sent, now.done, now_ns())) continue;
    notes_.push_back("the load stalled: requests were given up");
    co_return;
  }
}

records::run_records runner::records_so_far() {
  records::run_records records = records_of(load_.snapshot());
  records.interrupted = true; // unfinished
  records.end_ns = now_ns();
  return records;
}

std::optional<std::string> runner::broken_threshold() {
  records::run_records records = records_so_far();
  records.looks = ++looks_;
  return judge::broken_threshold(scenario_, judge::analyse(scenario_, records), records.end_ns - load_.start_ns());
}

asio::awaitable<void> runner::watch() {
  bool const judge = std::any_of(scenario_.thresholds.begin(), scenario_.thresholds.end(),
                                 [](scenario::threshold const& t) { return t.abort_on_fail; });
  progress_line line(scenario_, plan_.total_requests());
  asio::steady_timer tick(context_);
  for (int ticks = 1; !load_finished_; ++ticks) {
    tick.expires_after(progress_every);
    co_await tick.async_wait(asio::use_awaitable);
    if (options_.progress) line.show(load_.progress(), redirects_.count(nodes_), now_ns() - load_.start_ns());
    show_onlooker(run_stage::under_load);
    if (options_.onlooker && options_.onlooker->wants_records()) options_.onlooker->on_records(records_so_far());
    if (!judge || ticks % (script.look / progress_every) != 0 || aborted_by_) continue;
    aborted_by_ = broken_threshold();
    if (aborted_by_) load_.stop_issuing();
  }
}

asio::awaitable<void> runner::finish_eve() {
  std::function<bool(std::uint32_t)> const served = [this](std::uint32_t character) {
    return nodes_.running(nodes_.sols()[character % nodes_.sols().size()].name);
  };
  eve_->stop_requests();
  try {
    co_await notifications(0);
    notifications_sent_ = co_await notifications_sent();
    co_await eve_->settle(notifications_sent_, served, script.settle);
  } catch (could_not_run const& error) {
    notes_.push_back(std::string("EVE clients: ") + error.what());
  }
  co_await eve_->log_out(served, script.log_out);
}

asio::awaitable<void> runner::finish() {
  show_onlooker(run_stage::ending);
  cancel_timeline_.emit(asio::cancellation_type::terminal);
  cancel_partitions_.emit(asio::cancellation_type::terminal);
  if (load_.start_ns() != 0) {
    load_.stop_issuing();
    // After an interruption what is in flight may still end.
    auto const deadline = std::chrono::steady_clock::now() + script.interrupted;
    asio::steady_timer pause(context_);
    while (interrupted_ && !load_finished_ && std::chrono::steady_clock::now() < deadline) {
      pause.expires_after(std::chrono::milliseconds(5));
      co_await pause.async_wait(asio::use_awaitable);
    }
    end_ns_ = now_ns();
    cancel_watch_.emit(asio::cancellation_type::terminal);
    auto const broken_off = std::chrono::steady_clock::now() + script.break_off;
    while (watchers_ > 0 && std::chrono::steady_clock::now() < broken_off) {
      pause.expires_after(std::chrono::milliseconds(1));
      co_await pause.async_wait(asio::use_awaitable);
    }
    if (watchers_ > 0 && !failure_) failure_ = "an event could not be broken off at the end of the load";
    load_.abandon();
  }
  step("load finished");
  if (eve_ && !failure_ && load_.start_ns() != 0) co_await finish_eve();
  if (load_.start_ns() != 0 && !failure_ && !interrupted_) counters_ = co_await read_counters(nodes_, script.counters);
  step("settled");
  std::vector<std::string> const complaints = co_await nodes_.stop(script.stop);
  if (!complaints.empty() && !failure_) failure_ = complaints.front();
  step("all have stopped");
}

void runner::meet_onlooker() {
  if (!options_.onlooker) return;
  options_.onlooker->on_begin([this](scenario::event e) {
    asio::post(context_, [this, e = std::move(e)]() mutable { event_progress_.ask(std::move(e)); });
  });
  show_onlooker(run_stage::starting);
}

void runner::show_onlooker(run_stage stage) {
  if (!options_.onlooker) return;
  bool const began = load_.start_ns() != 0;
  options_.onlooker->on_glance({.stage = stage,
                                .start_ns = load_.start_ns(),
                                .since_start_ns = began ? now_ns() - load_.start_ns() : 0,
                                .load = began ? load_.progress() : load_progress{},
                                .redirects = began ? redirects_.count(nodes_) : 0,
                                .running = nodes_.running(),
                                .events = events_});
}

void runner::serve_metrics() {
  if (options_.metrics.empty()) return;
  load_.count_in(meter_);
  metrics_.emplace(context_.get_executor(), options_.metrics, [this](metrics::format format) {
    run_state const now{.scenario = scenario_,
                        .nodes = nodes_,
                        .balancers = balancer_order_,
                        .meter = meter_,
                        .load = load_.progress(),
                        .since_start_ns = load_.start_ns() == 0 ? 0 : now_ns() - load_.start_ns(),
                        .redirects = load_.start_ns() == 0 ? 0 : redirects_.count(nodes_),
                        .events = events_};
    return metrics_text(now, format);
  });
  if (options_.metrics_at) options_.metrics_at(metrics_->url());
}

records::run_records runner::records_of(load_records load) {
  records::run_records records;
  records.start_ns = load_.start_ns();
  records.end_ns = end_ns_;
  records.clients = std::move(load.clients);
  for (records::client_record& client : records.clients)
    if (client.balancer < balancer_order_.size())
      client.balancer = static_cast<std::uint16_t>(balancer_order_[client.balancer]);
  records.targets = std::move(load.targets);
  records.observed = std::move(load.observed);
  read_journals(nodes_, records, interrupted_);
  add_counters(counters_, records);
  if (eve_) {
    records.eve = eve_->books().records(notifications_sent_);
    records.eve_latency_ns = eve_->books().request_latency_ns();
    records.notification_latency_ns = eve_->books().notification_latency_ns();
  }
  records.events = events_;
  if (end_ns_ != 0) {
    auto const left = left_events(scenario_, nodes_, event_progress_, end_ns_);
    records.events.insert(records.events.end(), left.begin(), left.end());
  }
  std::stable_sort(records.events.begin(), records.events.end(),
                   [](auto const& a, auto const& b) { return begin_of(a) < begin_of(b); });
  records.logged_in = logged_in_;
  if (scenario_.load.tls) records.handshakes = {load.tls_handshakes, load.tls_resumed};
  records.interrupted = interrupted_;
  records.complete = load.complete;
  records.aborted_by = aborted_by_;
  records.bad_log = plan_.bad_log;
  records.client_cpu_seconds = load.cpu_seconds;
  records.waited_for_connection = load.waited_for_connection;
  if (cpu_before_ && cpu_after_) records.cpu_busy = os::busy_between(*cpu_before_, *cpu_after_);
  return records;
}

records::result runner::run() {
  struct farewell {
    onlooker* to;
    ~farewell() {
      if (to) to->on_end();
    }
  } const at_the_end{options_.onlooker};
  run_directory{options_.directory}.create();
  step("directory");
  serve_metrics();
  meet_onlooker();
  std::exception_ptr broken;
  bool finished = false;
  auto const ended = [this, &finished](std::exception_ptr error) {
    signalled_.cancel();
    finished = true;
    if (error) std::rethrow_exception(error);
    context_.stop();
  };
  asio::co_spawn(context_, conduct(),
                 asio::bind_cancellation_slot(cancel_.slot(), [this, &broken, ended](std::exception_ptr error) {
                   conducting_ = false;
                   if (!interrupted_ && !failure_) broken = error;
                   asio::co_spawn(context_, finish(), ended);
                 }));
  await_signal();
  try {
    context_.run();
  } catch (std::exception const&) { // after a signal, failures on the way out are not reported
    if (signals_.count() == 0) throw;
  }
  if (!finished && load_.start_ns() != 0) {
    end_ns_ = end_ns_ == 0 ? now_ns() : end_ns_;
    load_.abandon();
  }
  // A signal to all processes of a service ends nodes as well, and a node that is stopped before it was ready cannot
  // leave in good order: after a signal, no node's end is a failure of the run.
  interrupted_ = interrupted_ || signals_.happened();
  if (interrupted_) {
    if (failure_) notes_.push_back("while it was interrupted: " + *failure_);
  } else {
    if (broken) std::rethrow_exception(broken);
    if (failure_) throw could_not_run(*failure_);
  }
  records::run_records records = records_of(load_.take());
  read_logs(nodes_, records);
  if (options_.inspect) options_.inspect(records);
  records::result result = judge::analyse(scenario_, records, options_.observe);
  result.notes.insert(result.notes.end(), plan_.notes.begin(), plan_.notes.end());
  result.notes.insert(result.notes.end(), notes_.begin(), notes_.end());
  step("analysed");
  return result;
}

}

void refuse(scenario::scenario const& s) {
  for (scenario::partition const& p : s.partitions)
    if (p.from.kind != scenario::partition::side::proxy)
      throw config::bad_input(s.file.string() + ": partitions: found " + p.from_name + " parted from " + p.to_name +
                              ", which only --engine virtual can do; allowed in a live run: proxies from sols");
}

records::result run(scenario::scenario const& s, run_options const& options) {
  refuse(s);
  os::raise_open_files();
  std::signal(SIGPIPE, SIG_IGN);
  std::optional<interruption> own;
  if (options.signals == nullptr) own.emplace();
  return runner(s, options, own ? *own : *options.signals).run();
}

}
