#include "sim/records/run_view.hpp"

#include "sim/scenario/node_names.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace sim::records {
namespace {

/// Counting sort of `count` items by slot: begin[i]..begin[i+1] are slot i's items, in the order given. Items without a
/// slot go to `stray`.
template<class Slot, class Item, class T>
void bucket(std::size_t slots, std::size_t count, Slot slot_of, Item item_of, std::vector<std::uint32_t>& begin,
            std::vector<T>& order, std::vector<T>& stray) {
  std::vector<std::uint32_t> slot(count);
  begin.assign(slots + 1, 0);
  for (std::size_t i = 0; i != count; ++i) {
    slot[i] = slot_of(i);
    if (slot[i] == no_index)
      stray.push_back(item_of(i));
    else
      ++begin[slot[i] + 1];
  }
  for (std::size_t i = 0; i != slots; ++i) begin[i + 1] += begin[i];
  std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
  order.resize(begin[slots]);
  for (std::size_t i = 0; i != count; ++i)
    if (slot[i] != no_index) order[next[slot[i]]++] = item_of(i);
}

}

std::vector<fault> faults_of(run_records const& r) {
  std::vector<fault> all;
  for (event_record const& e : r.events) {
    if (!traits_of(e.kind).stops_node) continue;
    if (e.began_ns == 0 || e.node.empty()) continue;
    std::int64_t const done = e.done_ns ? e.done_ns : std::numeric_limits<std::int64_t>::max();
    all.push_back({e.node, e.began_ns, done, traits_of(e.kind).node_returns, e.map_kept});
  }
  std::stable_sort(all.begin(), all.end(), [](fault const& a, fault const& b) { return a.began_ns < b.began_ns; });
  return all;
}

run_view::run_view(scenario::scenario const& s, run_records const& r)
  : scenario_(s)
  , records_(r)
  , balancers_(know_balancers(s, r.balancers))
  , faults_(faults_of(r)) {
  join_hops();
  join_events();
}

std::vector<balancer_facts> know_balancers(scenario::scenario const& s, std::vector<balancer_records> const& records) {
  std::vector<balancer_facts> all;
  auto const identities = scenario::balancers_of(s);
  for (balancer_records const& b : records) {
    balancer_facts facts;
    facts.name = b.name;
    facts.journal = b.has_journal;
    facts.log = b.log;
    facts.retries_on = b.retries_on;
    facts.group_key = std::numeric_limits<std::size_t>::max();
    for (auto const& identity : identities) {
      if (identity.name != b.name) continue;
      scenario::balancer_group const& g = *identity.settings;
      bool const of_nginx = scenario::traits_of(g.kind).rules == scenario::routing_rules::nginx_config;
      facts.group = &g;
      facts.group_key = identity.event ? s.topology.balancers.size() + *identity.event : identity.group;
      facts.group_name = g.name;
      facts.kind = name_of(g.kind);
      facts.map = g.has_map();
      facts.map_known = g.rules_known();
      facts.forgets_on_silence = of_nginx && g.nginx_config == scenario::nginx_rules::lua_map;
    }
    all.push_back(std::move(facts));
  }
  return all;
}

std::uint32_t run_view::slot(journal::request_id id) const {
  if (id == 0 || id > records_.clients.size() || records_.clients[id - 1].request != id) return no_index;
  return static_cast<std::uint32_t>(id - 1);
}

void run_view::join_hops() {
  auto const& all = records_.hops;
  bucket(
      size(), all.size(), [&](std::size_t i) { return slot(all[i].hop.request); },
      [](std::size_t i) { return static_cast<std::uint32_t>(i); }, hop_begin_, hop_order_, stray_hops_);
  for (std::size_t i = 0; i != size(); ++i)
    if (hop_begin_[i + 1] - hop_begin_[i] > 1)
      std::stable_sort(
          hop_order_.begin() + hop_begin_[i], hop_order_.begin() + hop_begin_[i + 1],
          [&](std::uint32_t a, std::uint32_t b) { return all[a].hop.received_ns < all[b].hop.received_ns; });
}

void run_view::join_events() {
  std::vector<event_reference> all;
  for (std::size_t b = 0; b != records_.balancers.size(); ++b)
    for (std::size_t e = 0; e != records_.balancers[b].events.size(); ++e)
      all.push_back({static_cast<std::uint16_t>(b), static_cast<std::uint32_t>(e)});
  bucket(
      size(), all.size(), [&](std::size_t i) { return slot(event(all[i]).request); },
      [&](std::size_t i) { return all[i]; }, event_begin_, event_order_, stray_events_);
  for (std::size_t i = 0; i != size(); ++i)
    std::stable_sort(event_order_.begin() + event_begin_[i], event_order_.begin() + event_begin_[i + 1],
                     [&](event_reference a, event_reference b) { return event(a).at_ns < event(b).at_ns; });
}

std::string const& run_view::balancer_name(std::uint16_t index) const {
  static std::string const unknown = "?";
  return index < balancers_.size() ? balancers_[index].name : unknown;
}

std::uint16_t run_view::proxy_at(std::uint32_t address, std::uint16_t port) const {
  for (std::size_t i = 0; i != records_.proxies.size(); ++i)
    if (records_.proxies[i].port == port && records_.proxies[i].address == address)
      return static_cast<std::uint16_t>(i);
  return no_proxy;
}

bool run_view::had_fault(std::string const& node) const {
  return std::any_of(faults_.begin(), faults_.end(), [&](fault const& f) { return f.node == node; });
}

bool run_view::link_lost(std::uint16_t sol, std::int64_t at_ns) const {
  std::string const name = scenario::sol_name(sol);
  bool const died = std::any_of(faults_.begin(), faults_.end(),
                                [&](fault const& f) { return f.node == name && f.began_ns <= at_ns; });
  return died || std::any_of(records_.events.begin(), records_.events.end(), [&](event_record const& e) {
           return traits_of(e.kind).parts_links && e.began_ns != 0 && e.began_ns <= at_ns &&
                  (e.peer == name || e.peer == "sols");
         });
}

bool run_view::proxy_had_fault(std::uint16_t proxy) const {
  if (proxy != no_proxy) return had_fault(scenario::proxy_name(proxy));
  return std::any_of(faults_.begin(), faults_.end(), [](fault const& f) { return scenario::names_proxy(f.node); });
}

std::string request_line(run_view const& v, client_record const& c) {
  auto const verb = boost::beast::http::to_string(static_cast<boost::beast::http::verb>(c.method));
  std::string line(verb.data(), verb.size());
  if (c.target < v.records().targets.size()) line += " " + v.records().targets[c.target];
  return line;
}

std::string describe(run_view const& v, std::size_t i) {
  client_record const& c = v.client(i);
  return "request " + std::to_string(c.request) + " at " + v.balancer_name(c.balancer) + ", " + request_line(v, c);
}

}
