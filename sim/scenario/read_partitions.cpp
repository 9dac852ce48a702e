#include "sim/scenario/node_names.hpp"
#include "sim/scenario/reading.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace sim::scenario {
namespace {

using side = partition::side;

/// Every name that an end of a partition may have.
std::vector<std::pair<std::string, partition::end>> ends_of(scenario const& s) {
  std::vector<std::pair<std::string, partition::end>> ends{{"clients", {side::clients, {}}},
                                                           {"balancers", {side::balancer, {}}},
                                                           {"proxies", {side::proxy, {}}},
                                                           {"sols", {side::sol, {}}}};
  std::uint32_t index = 0;
  for (balancer_identity const& b : balancers_of(s)) ends.push_back({b.name, {side::balancer, index++}});
  for (std::uint32_t i = 0; i != s.topology.proxies.count; ++i) ends.push_back({proxy_name(i), {side::proxy, i}});
  for (std::uint32_t i = 0; i != s.topology.sols.count; ++i) ends.push_back({sol_name(i), {side::sol, i}});
  return ends;
}

partition::end read_end(cursor const& at, std::vector<std::pair<std::string, partition::end>> const& ends) {
  std::string const name = at.value().get<std::string>();
  std::vector<std::string> names;
  for (auto const& [known, end] : ends) names.push_back(known);
  check_known(at, name, names);
  return ends[static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin())].second;
}

partition read_partition(cursor const& at, std::vector<std::pair<std::string, partition::end>> const& ends) {
  cursor const between = at["between"];
  partition p;
  p.from = read_end(between[std::size_t{0}], ends);
  p.to = read_end(between[std::size_t{1}], ends);
  p.from_name = between[std::size_t{0}].value().get<std::string>();
  p.to_name = between[std::size_t{1}].value().get<std::string>();
  if (p.to.kind < p.from.kind) {
    std::swap(p.from, p.to);
    std::swap(p.from_name, p.to_name);
  }
  if (static_cast<int>(p.to.kind) != static_cast<int>(p.from.kind) + 1)
    between.fail("found two nodes that do not talk to each other; allowed: clients and a balancer, a balancer and a "
                 "proxy, a proxy and a sol");
  for (char const* key : {"at", "for"})
    if (!at.has_duration(key)) at.fail(std::string("found no '") + key + "'; allowed: " + key + " or " + key + "_ms");
  p.begin = at.duration("at", {});
  p.over = p.begin + at.duration("for", {});
  p.breaks = at.has("connections") && at["connections"].value() == "broken";
  if (p.breaks && p.from.kind != side::proxy)
    at["connections"].fail("found \"broken\" between " + p.from_name + " and " + p.to_name +
                           "; allowed: between proxies and sols only");
  return p;
}

}

std::vector<partition> read_partitions(cursor const& root, scenario const& s) {
  std::vector<partition> all;
  auto const ends = ends_of(s);
  auto const read = [&](cursor const& parent) {
    if (!parent.has("partitions")) return;
    cursor const list = parent["partitions"];
    for (std::size_t i = 0; i != list.size(); ++i) all.push_back(read_partition(list[i], ends));
  };
  read(root);
  if (root.has("virtual")) read(root["virtual"]);
  return all;
}

}
