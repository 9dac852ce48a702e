#include "base/config/joined.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/load.hpp"
#include "sim/scenario/node_names.hpp"
#include "sim/scenario/reading.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>

namespace sim::scenario {
namespace {

/// An event with the place in the file that describes it.
struct placed_event {
  event what;
  cursor at;
};

add_balancer read_action(cursor const& at, std::filesystem::path const& directory, std::type_identity<add_balancer>) {
  return {read_balancer_group(at, directory)};
}

kill_node read_action(cursor const& at, std::filesystem::path const&, std::type_identity<kill_node>) {
  return {at.value().get<std::string>()};
}

restart_node read_action(cursor const& at, std::filesystem::path const&, std::type_identity<restart_node>) {
  if (at.value().is_string()) return {at.value().get<std::string>()};
  return {at.text("node", ""), at.flag("graceful", true)};
}

reload_node read_action(cursor const& at, std::filesystem::path const&, std::type_identity<reload_node>) {
  return {at.value().get<std::string>()};
}

move_sessions read_action(cursor const& at, std::filesystem::path const&, std::type_identity<move_sessions>) {
  return {at.number("share", 0), at.text("from", ""), at.text("to", "random")};
}

/// The one action of the variant that the event has.
template<class... Actions>
action read_one_of(cursor const& at, std::filesystem::path const& directory,
                   std::type_identity<std::variant<Actions...>>) {
  std::vector<std::string> there;
  for (char const* key : {Actions::key...})
    if (at.has(key)) there.emplace_back(key);
  if (there.empty())
    at.fail("found no action; allowed: one of " + config::joined(std::initializer_list<char const*>{Actions::key...}));
  if (there.size() > 1) at[there[1]].fail("found a second action beside " + there[0] + "; allowed: one in an event");
  action found;
  auto const read_it = [&]<class Action>(std::type_identity<Action> which) {
    if (at.has(Action::key)) found = read_action(at[Action::key], directory, which);
  };
  (read_it(std::type_identity<Actions>()), ...);
  return found;
}

event read_event(cursor const& at, scenario const& s, std::filesystem::path const& directory) {
  event result;
  if (at.has("at_share") == at.has_duration("at")) {
    at.fail(at.has("at_share") ? "found both 'at' and 'at_share'; allowed: one of them"
                               : "found no time; allowed: at or at_share");
  }
  if (at.has("at_share")) {
    if (s.load.kind != load_kind::closed) {
      at["at_share"].fail("found a share of all requests, which only a closed load knows before; allowed: at");
    }
    result.at_share = at.number("at_share", 0);
  }
  result.at = at.duration("at", result.at);
  if (s.load.duration > nanoseconds(0) && result.at >= s.load.duration) {
    std::string const key = at.has("at") ? "at" : "at_ms";
    at[key].fail("found " + at[key].value().dump() + "; allowed: before the load ends, at " +
                 std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(s.load.duration).count()) +
                 " ms");
  }
  result.name = at.text("name", "");
  result.action = read_one_of(at, directory, std::type_identity<action>());
  return result;
}

std::string default_name(event const& e, std::vector<balancer_identity> const& balancers, std::size_t index) {
  return std::visit(cases{[&](add_balancer const&) {
                            auto const added = std::find_if(balancers.begin(), balancers.end(),
                                                            [&](auto const& b) { return b.event == index; });
                            return "add " + added->name;
                          },
                          [](kill_node const& kill) { return "kill " + kill.node; },
                          [](restart_node const& restart) { return "restart " + restart.node; },
                          [](reload_node const& reload) { return "reload " + reload.node; },
                          [](move_sessions const&) { return std::string("move sessions"); }},
                    e.action);
}

/// Gives names to events without one, and makes sure that each is the name of one event.
void name_events(scenario& s, std::vector<placed_event> const& placed) {
  auto const balancers = balancers_of(s);
  std::set<std::string> taken;
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    if (!s.events[i].name.empty() && !taken.insert(s.events[i].name).second) {
      placed[i].at["name"].fail("found \"" + s.events[i].name + "\" a second time; allowed: a name for each event");
    }
  }
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    if (!s.events[i].name.empty()) continue;
    std::string const base = default_name(s.events[i], balancers, i);
    s.events[i].name = free_name(taken, base, " #");
  }
}

/// Lets added balancers join the group that they name, or else the first one whose nodes are called as they are. Where
/// there is none, they are a group of their own.
void join_groups(scenario& s, std::vector<placed_event> const& placed) {
  std::vector<balancer_group const*> groups;
  std::set<std::string> taken;
  for (balancer_group const& group : s.topology.balancers) groups.push_back(&group), taken.insert(group.name);
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    auto* const added = std::get_if<add_balancer>(&s.events[i].action);
    if (added == nullptr) continue;
    balancer_group& group = added->group;
    bool const named = !group.name.empty();
    auto const same = std::find_if(groups.begin(), groups.end(), [&](balancer_group const* g) {
      return named ? g->name == group.name : g->node_name() == group.node_name();
    });
    if (named && same != groups.end() && (*same)->kind != group.kind)
      placed[i].at[add_balancer::key]["name"].fail("found \"" + group.name + "\", which is a group of kind " +
                                                   std::string(name_of((*same)->kind)) +
                                                   "; allowed: a balancer of that kind, or another name");
    if (!named && same != groups.end()) group.name = (*same)->name;
    if (group.name.empty()) group.name = free_name(taken, std::string(group.node_name()), "-");
    taken.insert(group.name);
    groups.push_back(&group);
  }
}

/// The nodes that an event may act on, followed over time.
class node_checker {
public:
  explicit node_checker(scenario const& s)
    : scenario_(s) {
    for (balancer_identity const& b : balancers_of(s)) {
      if (b.settings->can_reload()) can_reload_.push_back(b.name);
      if (traits_of(b.settings->kind).started_by == launcher::nobody) {
        foreign_.insert(b.name);
      } else if (b.event) {
        later_[*b.event].push_back(b.name);
      } else {
        add(b.name);
      }
    }
    for (std::string const& name : proxy_names(s.topology.proxies.count)) add(name);
    for (std::uint32_t i = 0; i < s.topology.sols.count; ++i) add(sol_name(i));
    if (has_redis(s)) add(redis_node);
  }

  void check(std::size_t index, placed_event const& e) {
    for (std::string const& name : later_[index]) add(name);
    std::visit([&](auto const& action) { check_action(e.at[action.key], action); }, e.what.action);
  }

  /// Whether the action may be done while these processes run, which take the place of those that ran before.
  void check_now(cursor const& root, action const& what, std::set<std::string> const& running) {
    for (std::string const& name : running)
      if (!alive_.contains(name) && !foreign_.contains(name)) names_.push_back(name);
    for (std::string const& name : names_) alive_[name] = running.contains(name);
    std::visit([&](auto const& one) { check_action(root[one.key], one); }, what);
  }

  /// Those that may be stopped, of those that there are from the start.
  std::vector<event_target> targets() const {
    std::vector<event_target> all;
    for (std::string const& name : names_)
      if (sharing_process(name) == 0)
        all.push_back({name, std::find(can_reload_.begin(), can_reload_.end(), name) != can_reload_.end()});
    return all;
  }

private:
  void add(std::string const& name) {
    alive_[name] = true;
    names_.push_back(name);
  }

  void check_action(cursor const&, add_balancer const&) {}

  void check_action(cursor const& at, kill_node const& kill) {
    check_running(at, kill.node);
    alive_[kill.node] = false;
  }

  void check_action(cursor const& at, reload_node const& reload) {
    check_running(at, reload.node);
    if (std::find(can_reload_.begin(), can_reload_.end(), reload.node) == can_reload_.end())
      at.fail(
          "found \"" + reload.node +
          "\", which cannot read its configuration again; allowed: balancers of kind gateway, and of kind command with "
          "\"reload\"");
  }

  void check_action(cursor const& at, restart_node const& restart) {
    check_node(at.value().is_string() ? at : at["node"], restart.node);
    alive_[restart.node] = true;
  }

  void check_running(cursor const& at, std::string const& node) {
    check_node(at, node);
    if (!alive_[node]) at.fail("found \"" + node + "\", which was killed before; allowed: a node that runs");
  }

  void check_node(cursor const& at, std::string const& node) {
    if (foreign_.contains(node))
      at.fail("found \"" + node + "\", which is not ours to stop; allowed: nodes that the run starts");
    check_known(at, node, names_);
    if (std::uint32_t const others = sharing_process(node))
      at.fail("found \"" + node + "\", which shares its process with " + std::to_string(others) +
              " others; allowed: a node of its own (\"process\": \"each\")");
  }

  /// How many other nodes are in the node's process.
  std::uint32_t sharing_process(std::string const& node) const {
    auto const others = [](auto const& nodes) {
      return nodes.process == process_layout::each || nodes.count == 0 ? 0 : nodes.count - 1;
    };
    return names_proxy(node) ? others(scenario_.topology.proxies)
           : names_sol(node) ? others(scenario_.topology.sols)
                             : 0;
  }

  void check_action(cursor const& at, move_sessions const& move) {
    std::vector<std::string> const proxies = proxy_names(scenario_.topology.proxies.count);
    if (proxies.size() < 2) at.fail("found a move among 1 proxy; allowed: with topology.proxies.count of 2 or more");
    if (!move.from.empty()) check_known(at["from"], move.from, proxies);
    if (move.to != "random") check_known(at["to"], move.to, proxies);
    if (move.from == move.to)
      at["to"].fail("found \"" + move.to + "\", where they are; allowed: another proxy, or \"random\"");
  }

  scenario const& scenario_;
  std::map<std::string, bool> alive_;
  std::vector<std::string> names_;
  std::set<std::string> foreign_;
  std::vector<std::string> can_reload_;
  std::map<std::size_t, std::vector<std::string>> later_; // by event
};

}

void check_known(cursor const& at, std::string const& node, std::vector<std::string> const& names) {
  if (std::find(names.begin(), names.end(), node) != names.end()) return;
  std::vector<std::string> allowed = names;
  if (allowed.size() > 12) {
    allowed.resize(12);
    allowed.emplace_back("...");
  }
  at.fail("found the unknown node \"" + node + "\"; allowed: " + config::joined(allowed) +
          config::did_you_mean(node, names));
}

bool has_redis(scenario const& s) {
  std::vector<balancer_identity> const all = balancers_of(s);
  return std::any_of(all.begin(), all.end(),
                     [](balancer_identity const& b) { return b.settings->shared_map.has_value(); });
}

bool has_caches(scenario const& s) {
  auto const all = balancers_of(s);
  return !s.topology.proxies.resources.empty() &&
         std::any_of(all.begin(), all.end(), [](balancer_identity const& b) { return b.settings->cache.has_value(); });
}

std::vector<balancer_identity> balancers_of(scenario const& s) {
  std::vector<balancer_identity> result;
  std::map<std::string, std::uint32_t, std::less<>> next;
  auto const add = [&](balancer_group const& group, std::size_t index, std::optional<std::size_t> event) {
    for (std::uint32_t i = 0; i < group.count; ++i) {
      std::string const base(group.node_name());
      result.push_back({numbered(base, next[base]++), index, event, &group});
    }
  };
  for (std::size_t i = 0; i < s.topology.balancers.size(); ++i) add(s.topology.balancers[i], i, std::nullopt);
  for (std::size_t i = 0; i < s.events.size(); ++i) {
    if (auto const* added = std::get_if<add_balancer>(&s.events[i].action)) add(added->group, i, i);
  }
  return result;
}

void read_events(cursor const& root, scenario& s, std::filesystem::path const& directory) {
  if (!root.has("events")) return;
  std::vector<placed_event> placed;
  cursor const events = root["events"];
  for (std::size_t i = 0; i < events.size(); ++i) placed.push_back({read_event(events[i], s, directory), events[i]});
  std::stable_sort(placed.begin(), placed.end(), [](placed_event const& a, placed_event const& b) {
    return std::pair(a.what.at_share.value_or(-1), a.what.at) < std::pair(b.what.at_share.value_or(-1), b.what.at);
  });
  for (placed_event const& e : placed) s.events.push_back(e.what);
  join_groups(s, placed);
  name_events(s, placed);
  node_checker nodes(s);
  for (std::size_t i = 0; i < placed.size(); ++i) nodes.check(i, placed[i]);
}

namespace {

/// The schema of one event.
nlohmann::json event_schema() {
  nlohmann::json whole = schema().at("properties").at("events").at("items");
  whole["$defs"] = schema().at("$defs");
  return whole;
}

}

event event_by_hand(std::string_view text, scenario const& s, std::set<std::string> const& running,
                    std::set<std::string>& taken) {
  static nlohmann::json const one_event = event_schema();
  config::document const document = config::document::parse(text, "event by hand");
  document.validate(one_event);
  cursor const root(document, document.root(), nlohmann::json::json_pointer());
  for (char const* key : {"at", "at_ms", "at_share", "name"})
    if (root.has(key)) root[key].fail("found a value; allowed: none for what happens now");
  if (root.has(add_balancer::key))
    root[add_balancer::key].fail("found a balancer, which a run starts only if its scenario has it; allowed: kill, "
                                 "restart, reload or move_sessions");
  event e;
  e.action = read_one_of(root, {}, std::type_identity<action>());
  node_checker(s).check_now(root, e.action, running);
  e.name = free_name(taken, default_name(e, {}, 0) + ", by hand", " #");
  return e;
}

std::vector<event_target> event_targets(scenario const& s) { return node_checker(s).targets(); }

}
