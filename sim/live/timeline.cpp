#include "sim/live/timeline.hpp"

#include "sim/actors/event_schedule.hpp"
#include "sim/live/admin.hpp"
#include "sim/live/clock.hpp"
#include "sim/live/collect.hpp"
#include "sim/measure/partition_record.hpp"
#include "sim/scenario/cases.hpp"

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

constexpr auto move_patience = std::chrono::seconds(30);
constexpr std::size_t moves_a_call = 1000;
constexpr auto part_patience = std::chrono::seconds(5);
constexpr auto notify_patience = std::chrono::seconds(30);

asio::awaitable<void> add_balancers(stage_hands hands, std::size_t event) {
  for (std::size_t i = 0; i < hands.nodes.balancers().size(); ++i) {
    if (hands.nodes.balancers()[i].identity.event != event) continue;
    co_await hands.nodes.start_balancer(i);
    hands.balancer_order.push_back(i);
    hands.load.add_balancer(hands.nodes.balancers()[i].where, probe_target(hands.nodes, i));
  }
}

asio::awaitable<void> move_sessions(stage_hands hands, scenario::move_sessions const& move, std::uint32_t event,
                                    actors::action_result& result) {
  std::vector<std::uint32_t> candidates;
  for (session_place const& session : sessions_now(hands.nodes))
    if (move.from.empty() || "proxy[" + std::to_string(session.proxy) + "]" == move.from)
      candidates.push_back(session.character);
  candidates = actors::sessions_to_move(std::move(candidates), move, hands.what.seed, event);
  result.to_move = candidates.size();

  std::size_t const sols = hands.nodes.sols().size();
  for (std::size_t shard = 0; shard < sols; ++shard) {
    std::vector<std::uint32_t> of_shard;
    for (std::uint32_t const character : candidates)
      if (character % sols == shard) of_shard.push_back(character);
    std::string const& sol = hands.nodes.sols()[shard].name;
    if (!hands.nodes.running(sol)) { // killed: nobody can move its characters
      if (!of_shard.empty()) result.not_running.push_back(sol);
      continue;
    }
    for (std::size_t at = 0; at < of_shard.size(); at += moves_a_call) {
      auto const begin = of_shard.begin() + static_cast<std::ptrdiff_t>(at);
      auto const end = of_shard.begin() + static_cast<std::ptrdiff_t>(std::min(at + moves_a_call, of_shard.size()));
      json body{{"characters", std::vector<std::uint32_t>(begin, end)}, {"to", move.to}};
      std::string admin = hands.nodes.admin_of(sol);
      std::string target = "/nodes/" + sol + "/moves";
      json const answer = co_await admin_call(std::move(admin), boost::beast::http::verb::post, std::move(target),
                                              std::move(body), move_patience);
      result.moved += answer.value("moved", std::uint64_t{0});
    }
  }
}

asio::awaitable<void> restart(stage_hands hands, scenario::restart_node const& what, actors::action_result& result) {
  result.ran_before = hands.nodes.running(what.node);
  co_await hands.nodes.restart(what.node, what.graceful);
  // A sol notifies at the rate that it was told, and its next life was told nothing.
  if (!what.node.starts_with("sol[") || hands.what.population.eve_clients == 0) co_return;
  std::string admin = hands.nodes.admin_of(what.node);
  std::string target = "/nodes/" + what.node + "/notifications";
  json body{{"rate_rps", hands.what.population.eve_notification_rate_rps}};
  co_await admin_call(std::move(admin), boost::beast::http::verb::post, std::move(target), std::move(body),
                      notify_patience);
}

asio::awaitable<void> perform(stage_hands hands, std::uint32_t index, measure::event_record& record) {
  scenario::action const& action = hands.what.events[index].action;
  std::vector<std::string> added;
  for (auto const& balancer : hands.nodes.balancers())
    if (balancer.identity.event == index) added.push_back(balancer.identity.name);
  record.kind = actors::kind_of(action);
  record.node = actors::node_of(action, added);
  actors::action_result result;
  scenario::cases const how{
      [&](scenario::add_balancer const&) { return add_balancers(hands, index); },
      [&](scenario::kill_node const& kill) { return hands.nodes.kill(kill.node); },
      [&](scenario::restart_node const& again) { return restart(hands, again, result); },
      [&](scenario::move_sessions const& move) { return move_sessions(hands, move, index, result); }};
  asio::awaitable<void> performance = std::visit(how, action);
  co_await std::move(performance);
  record.detail = actors::sentence_of(action, record.node, result);
}

}

std::string probe_target(topology const& nodes, std::size_t index) {
  return nodes.proxies()[index % nodes.proxies().size()].http;
}

asio::awaitable<void> perform_events(stage_hands hands, std::uint64_t total_requests,
                                     std::vector<measure::event_record>& done) {
  // Shared with the load, which may call back when a cancelled run has ended this coroutine.
  auto const timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor);
  auto const schedule = std::make_shared<actors::event_schedule>(hands.what.events, total_requests);
  schedule->begin(hands.load.start_ns());
  for (;;) {
    while (auto const event = schedule->take(now_ns())) {
      measure::event_record record;
      record.name = hands.what.events[*event].name;
      record.planned_ns = schedule->due_ns(*event);
      record.began_ns = now_ns();
      co_await perform(hands, *event, record);
      record.done_ns = now_ns();
      done.push_back(std::move(record));
      schedule->on_done();
    }
    auto const deadline = schedule->next_deadline();
    std::uint64_t const share = schedule->next_share();
    bool const waits_for_share = share != std::numeric_limits<std::uint64_t>::max();
    if (!deadline && !waits_for_share) co_return;
    timer->expires_at(deadline ? time_at(*deadline) : asio::steady_timer::time_point::max());
    if (waits_for_share)
      hands.load.when_started(share, [schedule, timer, share] {
        schedule->on_started(share, now_ns());
        timer->cancel();
      });
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<void> perform_partitions(stage_hands hands, std::vector<measure::event_record>& done) {
  std::vector<scenario::partition> due = hands.what.partitions;
  std::stable_sort(due.begin(), due.end(), [](auto const& a, auto const& b) { return a.begin < b.begin; });
  asio::steady_timer timer(co_await asio::this_coro::executor);
  for (scenario::partition const& p : due) {
    std::int64_t const at_ns = hands.load.start_ns() + p.begin.count();
    timer.expires_at(time_at(at_ns));
    co_await timer.async_wait(asio::use_awaitable);
    std::vector<std::uint32_t> sols;
    for (std::uint32_t i = 0; i < hands.nodes.sols().size(); ++i)
      if (!p.to.index || *p.to.index == i) sols.push_back(i);
    std::int64_t const began_ns = now_ns();
    for (std::uint32_t i = 0; i < hands.nodes.proxies().size(); ++i) {
      std::string const& proxy = hands.nodes.proxies()[i].name;
      if ((p.from.index && *p.from.index != i) || !hands.nodes.running(proxy)) continue;
      std::string admin = hands.nodes.admin_of(proxy);
      std::string target = "/nodes/" + proxy + "/partitions";
      json body{{"sols", sols},
                {"for_ms", static_cast<double>((p.over - p.begin).count()) / 1e6},
                {"connections", p.breaks ? "broken" : "kept"}};
      co_await admin_call(std::move(admin), boost::beast::http::verb::post, std::move(target), std::move(body),
                          part_patience);
    }
    done.push_back(measure::partition_record(p, hands.load.start_ns(), began_ns));
  }
}

}
