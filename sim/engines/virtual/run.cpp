#include "sim/engines/virtual/run.hpp"

#include "base/config/document.hpp"
#include "base/memory/zeroed_array.hpp"
#include "gateway/routing/default_limits.hpp"
#include "sim/actors/run_script.hpp"
#include "sim/engines/virtual/world.hpp"
#include "sim/judge/analyse.hpp"
#include "sim/judge/findings.hpp"
#include "sim/judge/invariants.hpp"
#include "sim/load/arrivals.hpp"
#include "sim/load/logged_in.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <utility>

namespace sim::virtual_time {

namespace {

constexpr actors::run_script script;
constexpr std::int64_t progress_every = 1 << 16; // events

/// The number of requests of the load, as far as it is known in advance.
double expected_requests(scenario::scenario const& s, load::plan const& p) {
  if (auto const total = p.total_requests()) return static_cast<double>(*total);
  if (s.load.kind == scenario::load_kind::closed)
    return static_cast<double>(s.population.characters) * s.load.requests_per_character;
  if (s.load.kind == scenario::load_kind::trace) return static_cast<double>(p.trace.size());
  return load::expected_arrivals(s.load);
}

std::string seconds_text(std::int64_t ns) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g s", static_cast<double>(ns) / 1e9);
  return text;
}

bool keeps_records(scenario::scenario const& s, load::plan const& p, run_options const& options) {
  if (options.keep != run_options::detail::automatic) return options.keep == run_options::detail::full;
  return expected_requests(s, p) <= static_cast<double>(run_options::most_recorded);
}

bool may_abort(scenario::scenario const& s, load::plan const& p, run_options const& options) {
  auto const aborts = [](scenario::threshold const& t) { return t.abort_on_fail; };
  return keeps_records(s, p, options) && std::any_of(s.thresholds.begin(), s.thresholds.end(), aborts);
}

bool breaks_links(scenario::scenario const& s) {
  return std::any_of(s.partitions.begin(), s.partitions.end(), [](scenario::partition const& p) { return p.breaks; });
}

/// Whether a run of the scenario is a plain one, if it is counted, settles requests early and needs no exchanges.
bool is_plain(scenario::scenario const& s) {
  bool const own_tokens = s.population.token_rotation_rps <= 0 && s.population.junk_share <= 0 &&
                          s.population.no_token_share <= 0 && s.load.kind != scenario::load_kind::trace;
  bool const alone = std::none_of(s.topology.balancers.begin(), s.topology.balancers.end(),
                                  [](scenario::balancer_group const& group) { return group.shared_map.has_value(); });
  bool const undisturbed =
      s.partitions.empty() && s.simulated.loss <= 0 && randomness::time_sampler(s.simulated.balancer_time).nothing();
  return own_tokens && alone && undisturbed && s.load.kind != scenario::load_kind::closed && s.phases.size() <= 1;
}

/// Their state, some 2 kB each, is more than the processor has next to it.
constexpr std::size_t many_proxies = 128;

class runner {
public:
  runner(scenario::scenario const& s, load::plan const& p, run_options const& options)
    : options_(options)
    , w_(s, p, options.decisions ? options.decisions() : std::make_unique<dense_routers>(),
         keeps_records(s, p, options),
         s.events.empty() && !breaks_links(s) && !may_abort(s, p, options) && !options.step_by_step)
    , may_abort_(may_abort(s, p, options))
    , looks_ahead_(w_.proxies.count() >= many_proxies)
    , plain_(!options.decisions && !w_.full_detail && w_.settles_early && !w_.exchanges.needed() && is_plain(s)) {}

  records::result run() {
    w_.time.now_ns = 1'000'000'000; // 0 stands for "never" in records
    start_cluster();
    log_in();
    load();
    settle();
    return result();
  }

private:
  void start_cluster() {
    for (std::size_t i = 0; i < w_.sols.count(); ++i) w_.sols.start(i);
    for (std::size_t i = 0; i < w_.proxies.count(); ++i) w_.proxies.start(i);
    w_.time.in(fakeproxy::proxy::tick_time, event_kind::tick, 0);
    go_on_until([this] { return w_.proxies.ready(); }, script.start, "the proxies did not become ready");
    for (scenario::balancer_identity const& identity : scenario::balancers_of(w_.scenario)) {
      std::size_t const index = next_balancer_++;
      if (identity.event) continue;
      w_.balancers.start(index);
      w_.clients.add_balancer(index);
    }
    go_on_until([this] { return w_.shared_maps.ready(); }, script.start,
                "Redis does not answer in time: virtual.network.redis");
  }

  void log_in() {
    std::vector<std::uint32_t> const characters = load::logged_in(w_.scenario);
    w_.record.records.logged_in = characters;
    auto const by_proxy = load::logins_by_proxy(w_.scenario, characters);
    for (std::size_t i = 0; i < by_proxy.size(); ++i) w_.proxies.pin(i, by_proxy[i]);
    std::uint32_t const eve = w_.scenario.population.eve_clients;
    w_.eve.log_in({characters.begin(), characters.begin() + eve});
    go_on_until([&] { return w_.proxies.pinned() == characters.size() - eve && w_.eve.all_in(); }, script.log_in,
                "not all characters could be logged in");
  }

  void load() {
    w_.start_ns = w_.record.records.start_ns = w_.now();
    w_.record.records.warm_up_ns = w_.scenario.simulated.warm_up.count();
    records::run_records const& r = w_.record.records;
    if (w_.full_detail)
      make_room();
    else
      w_.record.brief.emplace(w_.scenario, r.balancers.size(), w_.start_ns, r.logged_in);
    if (w_.eve.count() > 0) {
      w_.sols.notify(w_.scenario.population.eve_notification_rate_rps);
      w_.eve.start_requests();
    }
    w_.timeline.begin();
    w_.work.begin();
    if (may_abort_) w_.time.in(script.look.count(), event_kind::look_at_thresholds, 0);
    plain_ ? w_.clients.begin<plain_run>() : w_.clients.begin<any_run>();
    while (!w_.clients.finished() && !interrupted_) {
      w_.clients.tells_connections_apart() ? go_through_load<any_run>(progress_every)
                                           : go_through_load<plain_run>(progress_every);
      report();
    }
    // Events that happen while the last answers that were settled early are under way.
    for (calendar<event>::event next;
         !interrupted_ && !w_.time.queue.empty() && w_.time.queue.pop_before(w_.clients.last_arrival_ns(), next);)
      happen<any_run>(next);
    w_.time.now_ns = std::max(w_.now(), w_.clients.last_arrival_ns());
    w_.record.records.end_ns = w_.now();
    w_.timeline.end();
    w_.work.end();
    // The books are closed once requests for which nobody waits have ended, too.
    std::int64_t const until = w_.now() + gateway::routing::default_limits.answer.count();
    while (!interrupted_ && w_.requests.in_use() != 0 && w_.now() < until) step();
  }

  /// For the records of as many requests as are expected: growing would copy them time and again. Of the room only what
  /// is used takes memory.
  void make_room() {
    auto const most = static_cast<double>(run_options::most_recorded);
    auto const requests = static_cast<std::size_t>(std::min(expected_requests(w_.scenario, w_.plan), most));
    records::run_records& r = w_.record.records;
    r.clients.reserve(requests);
    r.hops.reserve(2 * requests);
    for (records::balancer_records& b : r.balancers) b.events.reserve(3 * requests / r.balancers.size());
  }

  void settle() {
    if (w_.eve.count() == 0 || interrupted_) return;
    w_.eve.stop_requests();
    w_.sols.notify(0);
    sent_ = w_.sols.notifications_sent();
    std::int64_t const until = w_.now() + script.settle.count();
    while (w_.now() < until && !w_.eve.settled(sent_)) step();
  }

  records::result result() {
    records::run_records& r = w_.record.records;
    r.targets = w_.plan.targets;
    r.bytes = false;
    if (w_.eve.count() > 0) {
      r.eve = w_.eve.books().records(sent_);
      r.eve_latency_ns = w_.eve.books().request_latency_ns();
      r.notification_latency_ns = w_.eve.books().notification_latency_ns();
    }
    r.events = w_.timeline.all(r.end_ns);
    r.work = w_.work.work();
    r.interrupted = interrupted_;
    r.complete = w_.clients.issued_all();
    r.waited_for_connection = w_.clients.waited_for_connection();
    r.aborted_by = aborted_by_;
    r.bad_log = w_.plan.bad_log;
    w_.balancers.read_counters();
    records::result out = w_.full_detail ? judge::analyse(w_.scenario, r, options_.observe) : counted();
    out.engine = "virtual";
    out.history_hash = w_.time.history;
    out.notes.insert(out.notes.end(), w_.plan.notes.begin(), w_.plan.notes.end());
    if (r.warm_up_ns > 0)
      out.notes.push_back("warm-up: requests of the first " + seconds_text(r.warm_up_ns) + " are in no metric");
    out.notes.push_back("simulated time: bodies cost no time; what a message costs is in the section 'virtual'");
    return out;
  }

  /// The result of a run whose requests were only counted.
  records::result counted() {
    records::run_records const& r = w_.record.records;
    summary& brief = *w_.record.brief;
    brief.close(r.end_ns, r.interrupted || r.aborted_by);
    std::vector<std::string> names;
    for (records::balancer_records const& b : r.balancers) names.push_back(b.name);
    std::vector<records::invariant_result> invariants = brief.invariants();
    invariants.push_back(judge::check_notifications(w_.scenario, r));
    judge::findings const found{.what = w_.scenario,
                                .counts = brief.counts(),
                                .fit = brief.fit(),
                                .balancers = records::know_balancers(w_.scenario, r.balancers),
                                .invariants = std::move(invariants),
                                .events = brief.events(r.events),
                                .timeseries = brief.timeseries(names),
                                .eve = r.eve,
                                .eve_latency = judge::histogram_of(r.eve_latency_ns),
                                .notification_latency = judge::histogram_of(r.notification_latency_ns),
                                .interrupted = r.interrupted,
                                .complete = r.complete,
                                .aborted_by = r.aborted_by,
                                .bad_log = r.bad_log,
                                .work = r.work,
                                .waited_for_connection = r.waited_for_connection};
    if (options_.observe) options_.observe(found);
    return judge::conclude(found);
  }

  template<class Condition>
  void go_on_until(Condition reached, std::chrono::nanoseconds patience, char const* complaint) {
    std::int64_t const until = w_.now() + patience.count();
    while (!reached()) {
      if (w_.now() > until) throw std::runtime_error(std::string("simulated time: ") + complaint);
      step();
    }
  }

  /// Until so many events have happened, or so many requests of a load with a pace have begun, or the load is over, or
  /// the run is no longer of that kind.
  template<class Run>
  void go_through_load(std::int64_t events) {
    calendar<event>::event next;
    auto const on_turn = [this] {
      if (looks_ahead_) look_ahead();
    };
    while (events > 0 && !w_.clients.finished()) {
      --events;
      std::int64_t const due = w_.clients.next_due();
      if (due != actors::load_driver::never && (!Run::other_loads || w_.clients.paced())) {
        // The load is not over before its next request is due, and nothing makes that earlier.
        while (w_.time.queue.pop_before(due, next, on_turn))
          if (!happen<Run>(next)) return;
      } else if (!Run::connections) {
        return w_.clients.tell_connections_apart(); // what is left of a plain run is any run
      } else if (w_.time.queue.pop_before(due, next, on_turn)) {
        happen<Run>(next);
        continue;
      }
      w_.time.now_ns = due;
      w_.clients.issue_due<Run>();
      if (!Run::connections && w_.clients.tells_connections_apart()) [[unlikely]]
        return;
    }
  }

  void step() {
    happen<any_run>(w_.time.queue.pop());
    if (w_.time.queue.popped() % std::uint64_t{progress_every} == 0) report();
  }

  /// Returns whether the run is still of that kind.
  template<class Run>
  [[gnu::always_inline]] bool happen(calendar<event>::event next) {
    w_.time.now_ns = next.at_ns;
    return perform<Run>(next.what);
  }

  /// Of large models the processor's caches hold too little: what events will touch is fetched while those before them
  /// happen. First the request or message that an event is about, then the places where it goes.
  [[gnu::noinline]] void look_ahead() {
    w_.time.queue.look_ahead([this](event const& e) { fetch_places(e); }, [this](event const& e) { fetch_subject(e); });
  }
  void fetch_subject(event const& e) const {
    switch (e.what()) {
    case event_kind::reaches_balancer:
    case event_kind::reaches_proxy:
    case event_kind::answer_returns:
    case event_kind::reaches_client:
      return w_.requests.prefetch(e.index());
    case event_kind::message_at_sol:
    case event_kind::message_at_proxy:
      return w_.sols.prefetch(e.index());
    default:
      return;
    }
  }
  void fetch_places(event const& e) const {
    switch (e.what()) {
    case event_kind::reaches_balancer:
    case event_kind::answer_returns:
      return w_.balancers.prefetch(w_.requests[e.index()]);
    case event_kind::reaches_proxy:
      return w_.proxies.prefetch(w_.requests[e.index()]);
    case event_kind::message_at_sol:
      return w_.sols.expect_at_sol(e.index());
    case event_kind::message_at_proxy:
      return w_.sols.expect_at_proxy(e.index());
    default:
      return;
    }
  }

  [[gnu::noinline]] void report() {
    if (!options_.progress || w_.start_ns == 0) return;
    run_progress p;
    p.simulated_s = static_cast<double>(w_.now() - w_.start_ns) * 1e-9;
    p.started = w_.clients.started();
    p.total = w_.plan.total_requests();
    p.duration_s = static_cast<double>(w_.scenario.load.duration.count()) * 1e-9;
    interrupted_ = !options_.progress(p);
  }

  void look_at_thresholds() {
    records::run_records& r = w_.record.records;
    ++r.looks;
    r.interrupted = true; // unfinished
    r.bytes = false;
    r.end_ns = w_.now();
    r.events = w_.timeline.done();
    r.targets = w_.plan.targets;
    aborted_by_ = judge::broken_threshold(w_.scenario, judge::analyse(w_.scenario, r), w_.now() - w_.start_ns);
    if (aborted_by_) return w_.clients.stop_issuing();
    w_.time.in(script.look.count(), event_kind::look_at_thresholds, 0);
  }

  /// The request that an event was meant for; nullptr if it is over. On the way of a request through a plain run each
  /// event is followed by the next, so none is left over.
  template<class Run = any_run>
  request_state* same(event o) {
    request_state& f = w_.requests[o.index()];
    return !Run::events || f.life == o.life() ? &f : nullptr;
  }

  template<class Run>
  [[gnu::always_inline]] bool perform(event o) {
    switch (o.what()) {
    case event_kind::reaches_balancer:
      if (request_state* const f = same<Run>(o)) w_.balancers.on_request<Run>(*f);
      break;
    case event_kind::leaves_balancer:
      if (request_state* const f = same(o)) w_.balancers.on_worked(*f);
      break;
    case event_kind::reaches_proxy:
      if (request_state* const f = same<Run>(o)) w_.proxies.on_request<Run>(*f);
      break;
    case event_kind::service_ends:
      if (request_state* const f = same(o)) w_.proxies.on_service_end(*f);
      break;
    case event_kind::answer_returns:
      if (request_state* const f = same<Run>(o)) w_.balancers.on_answer<Run>(*f);
      break;
    case event_kind::hop_fails:
      if (request_state* const f = same(o)) w_.balancers.on_hop_failed(*f);
      break;
    case event_kind::wait_is_over:
      if (request_state* const f = same(o)) w_.balancers.on_patience_end(*f);
      break;
    case event_kind::reaches_client:
      if (request_state* const f = same(o)) w_.clients.on_answer(*f);
      break;
    case event_kind::connection_frees:
      w_.clients.on_connection_free(o.index());
      break;
    case event_kind::connection_refused:
      if (request_state* const f = same(o)) w_.clients.on_refused(*f);
      break;
    case event_kind::connection_lost:
      if (request_state* const f = same(o)) w_.clients.on_failed(*f, records::client_outcome::reset);
      break;
    case event_kind::timeouts_due:
      w_.clients.on_timeouts_due();
      return Run::connections || !w_.clients.tells_connections_apart();
    case event_kind::proxy_due:
      w_.proxies.on_due(o.node(), o.index());
      break;
    case event_kind::message_at_sol:
      w_.sols.on_message_at_sol(o.index());
      break;
    case event_kind::message_at_proxy:
      w_.sols.on_message_at_proxy<Run>(o.index());
      break;
    default:
      perform_rare(o);
    }
    return true;
  }

  [[gnu::noinline]] void perform_rare(event o) {
    switch (o.what()) {
    case event_kind::connections_close:
      return w_.clients.on_connections_closed(o.node());
    case event_kind::probe_ends:
      return w_.proxies.on_probed(o.node(), o.index());
    case event_kind::link_retries:
      return w_.sols.connect(o.node(), o.index());
    case event_kind::link_opens:
      return w_.sols.on_link_opens(o.node(), o.index());
    case event_kind::tick:
      w_.sols.tick();
      w_.proxies.tick();
      return w_.time.in(fakeproxy::proxy::tick_time, event_kind::tick, 0);
    case event_kind::process_starts:
      return w_.timeline.on_process_starts(o.index());
    case event_kind::process_quiet:
      return w_.proxies.on_quiet_look(o.node(), o.index());
    case event_kind::command_at_redis:
      return w_.shared_maps.on_command(o.index());
    case event_kind::redis_replies:
      return w_.shared_maps.on_reply(o.index());
    case event_kind::redis_is_due:
      return w_.shared_maps.on_deadline(o.node(), o.index());
    case event_kind::eve_connects:
      return w_.eve.on_connected(o.index());
    case event_kind::eve_login_due:
      return w_.eve.on_login_due(o.index());
    case event_kind::eve_message_at_proxy:
      return w_.eve.on_message_at_proxy(o.index());
    case event_kind::eve_message_at_client:
      return w_.eve.on_message_at_client(o.index());
    case event_kind::eve_request_due:
      return w_.eve.on_request_due();
    case event_kind::notification_due:
      return w_.sols.on_notification_due(o.node());
    case event_kind::event_due:
      return w_.timeline.on_event_due();
    case event_kind::partition_begins:
      return w_.timeline.on_partition(o.index());
    case event_kind::look_at_event:
      return w_.timeline.on_look(o.index());
    case event_kind::look_at_thresholds:
      return look_at_thresholds();
    default:
      return;
    }
  }

  run_options const& options_;
  world w_;
  std::map<std::uint32_t, std::uint64_t> sent_; // notifications
  std::optional<std::string> aborted_by_;
  std::size_t next_balancer_ = 0;
  bool interrupted_ = false;
  bool may_abort_;
  bool looks_ahead_;
  bool plain_; // see plain_run
};

}

void refuse(scenario::scenario const& s, run_options const& options) {
  auto const fail = [&](std::string const& what) { throw config::bad_input(s.file.string() + ": " + what); };
  for (scenario::balancer_identity const& balancer : scenario::balancers_of(s)) {
    if (scenario::traits_of(balancer.settings->kind).simulated) continue;
    fail("topology.balancers: found " + balancer.name +
         ", whose code simulated time does not run; allowed with --engine virtual: kind \"gateway\"");
  }
  if (s.load.tls) fail("load.tls: found true, whose cost simulated time does not know; allowed: false");
  if (s.load.requests_per_connection != 0)
    fail("load.requests_per_connection: found " + std::to_string(s.load.requests_per_connection) +
         ", but simulated time does not know what a new connection costs; allowed: 0");
  for (scenario::threshold const& t : s.thresholds)
    if (t.abort_on_fail && options.keep == run_options::detail::summary)
      fail(t.path + ": found abort_on_fail, which needs records of single requests; allowed: with --detail full");
  if (s.load.duration.count() > 0 && s.simulated.warm_up >= s.load.duration)
    fail("virtual.warm_up: found " + seconds_text(s.simulated.warm_up.count()) +
         "; allowed: less than load.duration, " + seconds_text(s.load.duration.count()));
  std::int64_t const longest_ns = gateway::routing::default_limits.answer.count();
  if (std::string const longest = seconds_text(longest_ns); s.load.timeout.count() > longest_ns)
    fail("load.timeout: found more than " + longest +
         ", when a balancer gives up first; allowed with --engine virtual: " + longest);
}

records::result run(scenario::scenario const& s, run_options const& options) {
  refuse(s, options);
  memory::keep_heap_in_large_pages();
  load::plan const plan = load::make_plan(s);
  return std::make_unique<runner>(s, plan, options)->run();
}

judge::replication replicate(scenario::scenario const& s, run_options const& options) {
  std::optional<judge::replication> made;
  run_options watched = options;
  watched.observe = [&](judge::findings const& f) { made.emplace(judge::replication_of(f)); };
  records::result alone = run(s, watched);
  made->alone = std::move(alone);
  return std::move(*made);
}

}
