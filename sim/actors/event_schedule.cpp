#include "sim/actors/event_schedule.hpp"

#include "base/config/joined.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/cases.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <variant>

namespace sim::actors {

using records::event_kind;
using scenario::cases;

event_schedule::event_schedule(std::vector<scenario::event> const& events, std::uint64_t total_requests)
  : events_(events)
  , slots_(events.size()) {
  for (std::size_t i = 0; i != events.size(); ++i) {
    if (!events[i].at_share) continue;
    slots_[i].now = state::waits_for_share;
    slots_[i].share = std::numeric_limits<std::uint64_t>::max();
    if (total_requests != 0)
      slots_[i].share = std::max<std::uint64_t>(
          1, static_cast<std::uint64_t>(std::ceil(*events[i].at_share * static_cast<double>(total_requests))));
  }
}

void event_schedule::begin(std::int64_t now_ns) {
  begun_ = true;
  for (std::size_t i = 0; i != events_.size(); ++i)
    if (slots_[i].now == state::due) slots_[i].due_ns = now_ns + events_[i].at.count();
  reach_shares(0, now_ns);
}

bool event_schedule::reach_shares(std::uint64_t started, std::int64_t now_ns) {
  bool any = false;
  next_share_ = std::numeric_limits<std::uint64_t>::max();
  for (slot& s : slots_) {
    if (s.now != state::waits_for_share) continue;
    if (s.share > started) {
      next_share_ = std::min(next_share_, s.share);
      continue;
    }
    any = true;
    s.now = state::due;
    s.due_ns = now_ns;
  }
  return any;
}

event_schedule::index event_schedule::add(std::int64_t now_ns) {
  slots_.push_back({.due_ns = now_ns});
  return static_cast<index>(slots_.size() - 1);
}

event_schedule::slot const* event_schedule::next() const {
  slot const* first = nullptr;
  for (slot const& s : slots_)
    if (s.now == state::due && (!first || s.due_ns < first->due_ns)) first = &s;
  return begun_ && !under_way_ ? first : nullptr;
}

std::optional<event_schedule::index> event_schedule::take(std::int64_t now_ns) {
  slot const* const first = next();
  if (!first || first->due_ns > now_ns) return std::nullopt;
  auto const event = static_cast<index>(first - slots_.data());
  slots_[event].now = state::taken;
  under_way_ = true;
  return event;
}

void event_schedule::on_done() {
  if (!under_way_) throw std::logic_error("no event is under way that could be done");
  under_way_ = false;
}

std::vector<event_schedule::index> event_schedule::left() const {
  std::vector<index> all;
  for (std::size_t i = 0; i != slots_.size(); ++i)
    if (slots_[i].now != state::taken) all.push_back(static_cast<index>(i));
  return all;
}

std::optional<std::int64_t> event_schedule::next_deadline() const {
  slot const* const first = next();
  return first ? std::optional(first->due_ns) : std::nullopt;
}

event_kind kind_of(scenario::action const& action) {
  return std::visit(cases{[](scenario::add_balancer const&) { return event_kind::add_balancer; },
                          [](scenario::kill_node const&) { return event_kind::kill; },
                          [](scenario::restart_node const&) { return event_kind::restart; },
                          [](scenario::reload_node const&) { return event_kind::reload; },
                          [](scenario::move_sessions const&) { return event_kind::move_sessions; }},
                    action);
}

std::string node_of(scenario::action const& action, std::vector<std::string> const& added) {
  return std::visit(cases{[&](scenario::add_balancer const&) { return config::joined(added, " "); },
                          [](scenario::kill_node const& kill) { return kill.node; },
                          [](scenario::restart_node const& restart) { return restart.node; },
                          [](scenario::reload_node const& reload) { return reload.node; },
                          [](scenario::move_sessions const& move) { return move.from; }},
                    action);
}

std::string sentence_of(scenario::action const& action, std::string const& node, action_result const& what) {
  return std::visit(cases{[&](scenario::add_balancer const&) { return "added " + node; },
                          [&](scenario::kill_node const&) { return "killed " + node; },
                          [&](scenario::restart_node const& restart) {
                            char const* const done = !what.ran_before   ? "started "
                                                     : restart.graceful ? "stopped and started "
                                                                        : "killed and started ";
                            std::string const text = done + node;
                            return what.restored ? text + ", which knows " + std::to_string(*what.restored) +
                                                       " tokens from before"
                                                 : text;
                          },
                          [&](scenario::reload_node const&) { return "let " + node + " read its configuration again"; },
                          [&](scenario::move_sessions const&) {
                            std::string text = "moved " + std::to_string(what.moved) + " of " +
                                               std::to_string(what.to_move) + " sessions";
                            if (!what.not_running.empty()) text += "; not running: " + config::joined(what.not_running);
                            return text;
                          }},
                    action);
}

records::event_record left_record(scenario::event const& what, std::vector<std::string> const& added,
                                  std::optional<records::event_record> began, std::int64_t due_ns,
                                  std::int64_t end_ns) {
  records::event_record record = began.value_or(records::event_record{});
  record.name = what.name;
  record.kind = kind_of(what.action);
  record.node = node_of(what.action, added);
  if (!began) record.planned_ns = due_ns != 0 ? std::min(due_ns, end_ns) : end_ns;
  record.detail = began ? "under way when the load ended" : "not carried out: the load had ended";
  record.left = true;
  return record;
}

std::vector<std::uint32_t> sessions_to_move(std::vector<std::uint32_t> candidates, scenario::move_sessions const& move,
                                            std::uint64_t seed, event_schedule::index event) {
  std::sort(candidates.begin(), candidates.end());
  auto draws = load::stream(seed, "move " + std::to_string(event));
  auto const wanted = static_cast<std::size_t>(std::llround(move.share * static_cast<double>(candidates.size())));
  load::draw_to_front(candidates, wanted, draws);
  candidates.resize(wanted);
  return candidates;
}

}
