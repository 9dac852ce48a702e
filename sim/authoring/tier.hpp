#pragma once

#include "gateway/routing/guess_policy.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Files that crest-sim writes for people to go on with: scenarios to begin with, templates made of their own
/// configurations, configurations of what was planned. Text only; who writes it where is not known here.
namespace sim::authoring {

/// Programs whose configuration can be written of a scenario.
enum class target : std::uint8_t { nginx, haproxy };

constexpr std::string_view name_of(target value) {
  switch (value) {
  case target::nginx:
    return "nginx";
  case target::haproxy:
    return "haproxy";
  }
  return {};
}

/// A group of balancers in front of its proxies, as far as another program can do its work.
struct tier {
  std::string scenario; // its name
  std::uint32_t balancers = 1, proxies = 1;
  gateway::routing::guess_policy guess = gateway::routing::guess_policy::random;
  std::optional<std::uint64_t> map_bytes; // nullopt: nothing is remembered
  std::uint64_t map_entries = 0;          // that it holds
  std::uint32_t threads = 1, max_redirects = 3;
  bool tls = false;        // clients speak TLS
  bool shared_map = false; // balancers share what they learn
  bool cache = false;
};

/// The group `group` of `s`: of gateways, or of nginx in one of the article's arrangements. Throws `config::bad_input`
/// for one whose rules the scenario does not say, or that does not exist.
tier tier_of(scenario::scenario const& s, std::size_t group);

/// Where a configuration is used: by the lab, whose template it is then, or by whoever runs it for good. Both have
/// placeholders for addresses; the lab's keeps its files in {{prefix}}.
enum class use : std::uint8_t { lab, production };

/// A configuration of `target`, with {{listen}}, {{proxy_address}} and, of nginx, {{modules}} in it. Its first lines
/// say what it is, and what `limits_of` says.
std::string configuration_of(target program, tier const& t, use where);

/// What `program` cannot do as the gateways of the scenario do, a sentence each.
std::vector<std::string> limits_of(target program, tier const& t);

/// The parts of `configuration_of` behind its first lines.
std::string nginx_text(tier const& t, use where);
std::string haproxy_text(tier const& t);

}
