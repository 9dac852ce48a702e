#include "sim/authoring/tier.hpp"

#include "base/config/comment_lines.hpp"
#include "base/config/document.hpp"
#include "sim/theory/expect.hpp"

namespace sim::authoring {
namespace {

using scenario::balancer_group;

std::string at(scenario::scenario const& s, std::size_t group) {
  return s.file.string() + ": topology.balancers" +
         (s.topology.balancers.size() == 1 ? "" : "[" + std::to_string(group) + "]") + ": ";
}

void append_comment(std::string& out, std::string_view text) { config::append_comment(out, text, "# ", "# "); }

std::string count_of(std::uint32_t n, char const* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

std::string memory_of(tier const& t) {
  if (!t.map_bytes) return "no token map";
  return "a token map of " + std::to_string(*t.map_bytes / 1024) + " kB, which is " + std::to_string(t.map_entries) +
         " tokens";
}

std::vector<std::string> common_limits(tier const& t) {
  std::vector<std::string> all;
  if (t.cache) all.emplace_back("The scenario's cache is not written here: what a session may see decides it.");
  return all;
}

/// Tokens that a `lua_shared_dict` of so many bytes holds under keys of 20 bytes, as measured for one of 10 MB.
std::uint64_t entries_of_dict(std::uint64_t bytes) {
  balancer_group measured;
  measured.kind = scenario::balancer_kind::nginx;
  constexpr std::uint32_t token_bytes = 20 - 7; // theory counts "Bearer " in
  return theory::map_entries(measured, token_bytes) * (bytes / 1024) / 10'240;
}

std::vector<std::string> nginx_limits(tier const& t) {
  std::vector<std::string> all = common_limits(t);
  if (!t.map_bytes)
    all.emplace_back("Without a map, and so without Lua, nothing is learnt: every request is guessed anew.");
  if (t.max_redirects != 10)
    all.push_back("max_redirects (" + std::to_string(t.max_redirects) +
                  ") cannot be set: nginx follows 10 redirects of a request, then answers 500.");
  all.emplace_back("A redirected target with a \"..\" or an encoded line feed in its path is answered 404 or cut.");
  all.emplace_back("Fields that a client's Connection names go on to the proxies.");
  if (t.map_bytes) {
    all.push_back("Its map of that size holds about " + std::to_string(entries_of_dict(*t.map_bytes)) + " tokens.");
    all.emplace_back("An old answer that ends late, after its session has moved, overwrites what was learnt since.");
    all.emplace_back("Requests that come while a token's first one is under way are guessed as well.");
  } else {
    all.emplace_back("Connections to proxies are not kept on the redirected way.");
  }
  if (t.shared_map)
    all.emplace_back("shared_map: each nginx learns for itself, so a token costs a redirect at each of them.");
  return all;
}

std::vector<std::string> haproxy_limits(tier const& t) {
  std::vector<std::string> all = common_limits(t);
  all.emplace_back("A redirected request is sent again from HAProxy's buffer: one that does not fit (tune.bufsize, "
                   "16 kB) is answered 502.");
  all.emplace_back("A redirect to a proxy that is not listed here is answered 502.");
  if (!t.map_bytes)
    all.emplace_back("HAProxy cannot follow a redirect without remembering it: the table is there for that, and "
                     "what it knows is used by later requests, too.");
  all.emplace_back("When the table is full, the entries that were not used for longest go, in steps.");
  if (t.shared_map)
    all.emplace_back("shared_map: add a `peers` section and `peers NAME` to the table, and balancers tell each other "
                     "what they learn.");
  return all;
}

}

tier tier_of(scenario::scenario const& s, std::size_t group) {
  auto const& groups = s.topology.balancers;
  if (group >= groups.size())
    throw config::bad_input(s.file.string() + ": found " + std::to_string(groups.size()) +
                            " groups of balancers; allowed: --group from 0 to " + std::to_string(groups.size() - 1));
  balancer_group const& g = groups[group];
  if (!g.rules_known())
    throw config::bad_input(at(s, group) + "found a balancer of kind \"" + std::string(name_of(g.kind)) +
                            "\" whose rules are its own; allowed: gateway, or nginx with \"config\"");
  tier t;
  t.scenario = s.name;
  t.balancers = g.count, t.proxies = s.topology.proxies.count;
  t.threads = g.threads, t.max_redirects = g.max_redirects;
  t.tls = s.load.tls;
  t.shared_map = g.shared_map.has_value(), t.cache = g.cache.has_value();
  // The article's nginx takes its proxies in turn.
  t.guess = scenario::traits_of(g.kind).rules == scenario::routing_rules::guess_policy
                ? g.guess
                : gateway::routing::guess_policy::round_robin;
  if (g.has_map()) t.map_bytes = g.token_map_bytes, t.map_entries = theory::map_entries(g, s.population.token_bytes);
  return t;
}

std::vector<std::string> limits_of(target program, tier const& t) {
  switch (program) {
  case target::nginx:
    return nginx_limits(t);
  case target::haproxy:
    return haproxy_limits(t);
  }
  return {};
}

std::string configuration_of(target program, tier const& t, use where) {
  std::string text;
  append_comment(text, "The balancers of the scenario \"" + t.scenario + "\" for " + std::string(name_of(program)) +
                           ", written by `crest-sim export`.");
  text += "#\n";
  append_comment(text, "The scenario has " + count_of(t.balancers, "balancer") + " like this one, in front of " +
                           (t.proxies == 1 ? "1 proxy" : std::to_string(t.proxies) + " proxies") + ", with " +
                           memory_of(t) + " each, and guesses by " + std::string(name_of(t.guess)) + ".");
  text += "#\n";
  append_comment(text, "What it does otherwise than the scenario's own balancers:");
  for (std::string const& limit : limits_of(program, t)) config::append_comment(text, limit, "# - ", "#   ");
  if (where == use::lab) {
    text += "#\n";
    append_comment(text, "A template of the lab: words in double braces are filled in for each run. With --upstream, "
                         "`crest-sim export` writes the addresses in their places.");
  }
  text += "\n";
  switch (program) {
  case target::nginx:
    return text + nginx_text(t, where);
  case target::haproxy:
    return text + haproxy_text(t);
  }
  return text;
}

}
