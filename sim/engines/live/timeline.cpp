#include "sim/engines/live/timeline.hpp"

#include "sim/actors/event_schedule.hpp"
#include "sim/actors/run_script.hpp"
#include "sim/engines/live/admin.hpp"
#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/collect.hpp"
#include "sim/records/partition_record.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/node_names.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace sim::live {

namespace asio = boost::asio;
using nlohmann::json;

namespace {

constexpr actors::run_script script;
constexpr std::size_t moves_a_call = 1000;

asio::awaitable<void> add_balancers(event_context context, std::size_t event) {
  for (std::size_t i = 0; i < context.nodes.balancers().size(); ++i) {
    if (context.nodes.balancers()[i].identity.event != event) continue;
    co_await context.nodes.start_balancer(i);
    context.balancer_order.push_back(i);
    context.load.add_balancer(context.nodes.balancers()[i].where, probe_target(context.nodes, i));
  }
}

asio::awaitable<void> move_sessions(event_context context, scenario::move_sessions const& move, std::uint32_t event,
                                    actors::action_result& result) {
  std::vector<std::uint32_t> candidates;
  for (session_place const& session : sessions_now(context.nodes))
    if (move.from.empty() || scenario::proxy_name(session.proxy) == move.from) candidates.push_back(session.character);
  candidates = actors::sessions_to_move(std::move(candidates), move, context.what.seed, event);
  result.to_move = candidates.size();

  std::size_t const sols = context.nodes.sols().size();
  for (std::size_t shard = 0; shard < sols; ++shard) {
    std::vector<std::uint32_t> of_shard;
    for (std::uint32_t const character : candidates)
      if (character % sols == shard) of_shard.push_back(character);
    std::string const& sol = context.nodes.sols()[shard].name;
    if (!context.nodes.running(sol)) { // killed: nobody can move its characters
      if (!of_shard.empty()) result.not_running.push_back(sol);
      continue;
    }
    for (std::size_t at = 0; at < of_shard.size(); at += moves_a_call) {
      auto const begin = of_shard.begin() + static_cast<std::ptrdiff_t>(at);
      auto const end = of_shard.begin() + static_cast<std::ptrdiff_t>(std::min(at + moves_a_call, of_shard.size()));
      json body{{"characters", std::vector<std::uint32_t>(begin, end)}, {"to", move.to}};
      std::string admin = context.nodes.admin_of(sol);
      std::string target = "/nodes/" + sol + "/moves";
      json const answer = co_await admin_call(std::move(admin), boost::beast::http::verb::post, std::move(target),
                                              std::move(body), script.admin_call);
      result.moved += answer.value("moved", std::uint64_t{0});
    }
  }
}

asio::awaitable<void> restart(event_context context, scenario::restart_node const& what,
                              actors::action_result& result) {
  result.ran_before = context.nodes.running(what.node);
  result.restored = co_await context.nodes.restart(what.node, what.graceful);
  // A sol notifies at the rate that it was told, and its next life was told nothing.
  if (!scenario::names_sol(what.node) || context.what.population.eve_clients == 0) co_return;
  std::string admin = context.nodes.admin_of(what.node);
  std::string target = "/nodes/" + what.node + "/notifications";
  json body{{"rate_rps", context.what.population.eve_notification_rate_rps}};
  co_await admin_call(std::move(admin), boost::beast::http::verb::post, std::move(target), std::move(body),
                      script.admin_call);
}

std::vector<std::string> added_by(topology const& nodes, std::uint32_t event) {
  std::vector<std::string> added;
  for (auto const& balancer : nodes.balancers())
    if (balancer.identity.event == event) added.push_back(balancer.identity.name);
  return added;
}

/// What was asked for may not be possible any more.
void check_runs(topology const& nodes, scenario::action const& action) {
  auto const check = [&](std::string const& node) {
    if (!nodes.running(node)) throw could_not_run(node + " does not run");
  };
  std::visit(scenario::cases{
                 [](scenario::add_balancer const&) {}, [&](scenario::kill_node const& kill) { check(kill.node); },
                 [](scenario::restart_node const&) {}, [&](scenario::reload_node const& reload) { check(reload.node); },
                 [](scenario::move_sessions const&) {}},
             action);
}

asio::awaitable<void> perform(event_context context, scenario::action const& action, std::uint32_t index,
                              records::event_record& record) {
  record.kind = actors::kind_of(action);
  record.node = actors::node_of(action, added_by(context.nodes, index));
  actors::action_result result;
  scenario::cases const how{
      [&](scenario::add_balancer const&) { return add_balancers(context, index); },
      [&](scenario::kill_node const& kill) { return context.nodes.kill(kill.node); },
      [&](scenario::restart_node const& again) { return restart(context, again, result); },
      [&](scenario::reload_node const& reload) { return context.nodes.reload(reload.node); },
      [&](scenario::move_sessions const& move) { return move_sessions(context, move, index, result); }};
  try {
    if (record.by_hand) check_runs(context.nodes, action);
    asio::awaitable<void> performance = std::visit(how, action);
    co_await std::move(performance);
    record.detail = actors::sentence_of(action, record.node, result);
  } catch (could_not_run const& error) {
    if (!record.by_hand) throw;
    record.detail = std::string("failed: ") + error.what();
  }
  record.map_kept = result.restored.has_value();
}

/// The planned ones, then those by hand.
scenario::event const& event_at(std::vector<scenario::event> const& planned, event_progress const& progress,
                                actors::event_schedule::index event) {
  return event < planned.size() ? planned[event] : progress.by_hand[event - planned.size()];
}

}

std::string probe_target(topology const& nodes, std::size_t index) {
  return nodes.proxies()[index % nodes.proxies().size()].http;
}

void event_progress::ask(scenario::event e) {
  by_hand.push_back(std::move(e));
  if (schedule) schedule->add(now_ns());
  if (wake) wake();
}

asio::awaitable<void> perform_events(event_context context, std::uint64_t total_requests, bool may_be_asked,
                                     event_progress& progress, std::vector<records::event_record>& done) {
  // Shared with the load, which may call back when a cancelled run has ended this coroutine.
  auto const timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor);
  std::vector<scenario::event> const& planned = context.what.events;
  auto const schedule = std::make_shared<actors::event_schedule>(planned, total_requests);
  schedule->begin(context.load.start_ns());
  progress.schedule = schedule;
  for (std::size_t i = 0; i != progress.by_hand.size(); ++i) schedule->add(now_ns()); // asked for before the load began
  progress.wake = [timer] { timer->cancel(); };
  for (;;) {
    if (auto const event = schedule->take(now_ns())) {
      progress.under_way.emplace();
      progress.under_way_index = *event;
      records::event_record& record = *progress.under_way;
      scenario::event const& what = event_at(planned, progress, *event);
      record.name = what.name;
      record.by_hand = *event >= planned.size();
      record.planned_ns = schedule->due_ns(*event);
      record.began_ns = now_ns();
      co_await perform(context, what.action, *event, record);
      record.done_ns = now_ns();
      done.push_back(std::move(record));
      progress.under_way.reset();
      schedule->on_done();
      continue;
    }
    auto const deadline = schedule->next_deadline();
    std::uint64_t const share = schedule->next_share();
    bool const waits_for_share = share != std::numeric_limits<std::uint64_t>::max();
    if (!deadline && !waits_for_share && !may_be_asked) co_return;
    timer->expires_at(deadline ? time_at(*deadline) : asio::steady_timer::time_point::max());
    if (waits_for_share)
      context.load.when_started(share, [schedule, timer, share] {
        schedule->on_started(share, now_ns());
        timer->cancel();
      });
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

std::vector<records::event_record> left_events(scenario::scenario const& s, topology const& nodes,
                                               event_progress const& progress, std::int64_t end_ns) {
  std::vector<records::event_record> records;
  if (!progress.schedule) return records;
  auto const add = [&](actors::event_schedule::index event, std::optional<records::event_record> const& began) {
    records.push_back(actors::left_record(event_at(s.events, progress, event), added_by(nodes, event), began,
                                          progress.schedule->due_ns(event), end_ns));
    records.back().by_hand = event >= s.events.size();
  };
  if (progress.under_way) add(progress.under_way_index, progress.under_way);
  for (actors::event_schedule::index const event : progress.schedule->left()) add(event, std::nullopt);
  return records;
}

asio::awaitable<void> perform_partitions(event_context context, std::vector<records::event_record>& done) {
  std::vector<scenario::partition> due = context.what.partitions;
  std::stable_sort(due.begin(), due.end(), [](auto const& a, auto const& b) { return a.begin < b.begin; });
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (scenario::partition const& p : due) {
    std::int64_t const at_ns = context.load.start_ns() + p.begin.count();
    timer.expires_at(time_at(at_ns));
    co_await timer.async_wait(asio::use_awaitable);
    std::vector<std::uint32_t> sols;
    for (std::uint32_t i = 0; i < context.nodes.sols().size(); ++i)
      if (!p.to.index || *p.to.index == i) sols.push_back(i);
    std::int64_t const began_ns = now_ns();
    for (std::uint32_t i = 0; i < context.nodes.proxies().size(); ++i) {
      std::string const& proxy = context.nodes.proxies()[i].name;
      if ((p.from.index && *p.from.index != i) || !context.nodes.running(proxy)) continue;
      std::string admin = context.nodes.admin_of(proxy);
      std::string target = "/nodes/" + proxy + "/partitions";
      json body{{"sols", sols},
                {"for_ms", static_cast<double>((p.over - p.begin).count()) / 1e6},
                {"connections", p.breaks ? "broken" : "kept"}};
      co_await admin_call(std::move(admin), boost::beast::http::verb::post, std::move(target), std::move(body),
                          script.partition);
    }
    done.push_back(records::partition_record(p, context.load.start_ns(), began_ns));
  }
}

}
