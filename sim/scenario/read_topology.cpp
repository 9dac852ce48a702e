#include "base/config/units.hpp"
#include "sim/scenario/node_names.hpp"
#include "sim/scenario/reading.hpp"
#include "sim/scenario/threshold.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

namespace sim::scenario {
namespace {

constexpr std::size_t max_balancers = 256;
/// A map that holds not even one entry would be "off" under another name.
constexpr std::uint64_t min_map_bytes = 1024, max_map_bytes = std::uint64_t{64} << 30;

std::vector<violation_expectation> read_expectations(cursor const& at) {
  std::vector<violation_expectation> expectations;
  for (auto const& [invariant, bound] : at.value().items()) {
    try {
      auto const [compare, number] = parse_comparison(bound.get<std::string>());
      expectations.push_back({invariant, compare, number});
    } catch (std::invalid_argument const& e) {
      at[invariant].fail(e.what());
    }
  }
  return expectations;
}

/// HOST:PORT in a form that the schema allows: a name, or four numbers.
void check_address(cursor const& at) {
  std::string const text = at.value().get<std::string>();
  std::size_t const colon = text.rfind(':');
  std::string_view host = std::string_view(text).substr(0, colon);
  unsigned port = 0;
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
  bool good = port >= 1 && port <= 65535;
  bool const numbers = host.find_first_not_of("0123456789.") == std::string_view::npos;
  for (int part = 0; numbers && part < 4; ++part) {
    unsigned value = 256;
    char const* const end = std::from_chars(host.data(), host.data() + host.size(), value).ptr;
    host.remove_prefix(static_cast<std::size_t>(end - host.data()));
    good = good && value <= 255 && (part == 3 ? host.empty() : host.starts_with('.'));
    if (!host.empty()) host.remove_prefix(1);
  }
  if (!good) at.fail("found \"" + text + "\"; allowed: an address such as \"127.0.0.1:8080\", or \"NAME:PORT\"");
}

void read_token_map(cursor const& at, balancer_group& group) {
  if (!at.has("token_map")) return;
  std::string const text = at.text("token_map", "");
  if (text == "off") {
    group.token_map_bytes.reset();
    return;
  }
  auto const bytes = config::parse_size(text);
  if (!bytes || *bytes < min_map_bytes || *bytes > max_map_bytes) {
    at["token_map"].fail("found \"" + text + "\"; allowed: a size from \"1k\" to \"64g\", or \"off\"");
  }
  group.token_map_bytes = bytes;
}

proxy_settings read_proxies(cursor const& at, std::filesystem::path const& directory) {
  proxy_settings proxies;
  proxies.count = at.count("count", proxies.count);
  proxies.process = at.choice("process", proxies.process);
  proxies.servers = at.count("servers", proxies.servers);
  proxies.discipline = at.choice("discipline", proxies.discipline);
  if (at.has("service_time")) proxies.service_time = read_law(at["service_time"], directory);
  proxies.redirect_time = at.duration("redirect_time", proxies.redirect_time);
  proxies.answer_bytes = at.count("answer_bytes", proxies.answer_bytes);
  read_resources(at, proxies);
  proxies.first_port = static_cast<std::uint16_t>(at.count("first_port", 0));
  if (proxies.first_port + proxies.count > 65536) {
    at["first_port"].fail("found " + std::to_string(proxies.first_port) + " for " + std::to_string(proxies.count) +
                          " proxies; allowed: so that the last one's port is at most 65535");
  }
  proxies.lease = at.duration("lease", proxies.lease);
  if (proxies.lease < std::chrono::milliseconds(10)) {
    at[at.has("lease") ? "lease" : "lease_ms"].fail("found a lease below 10 ms; allowed: 10 ms or more");
  }
  return proxies;
}

sol_settings read_sols(cursor const& at) {
  sol_settings sols;
  sols.count = at.count("count", sols.count);
  sols.process = at.choice("process", sols.process);
  sols.rpc_delay = at.duration("rpc_delay", sols.rpc_delay);
  return sols;
}

/// Whether the word stands there that the schema allows in place of settings.
bool is_off(cursor const& at) { return at.value().is_string(); }

/// Gives names to the groups without one: their kind, or what their nodes are called, with a number behind it where
/// that is taken.
void name_groups(std::vector<balancer_group>& groups, cursor const& at) {
  std::set<std::string> taken;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (!groups[i].name.empty() && !taken.insert(groups[i].name).second)
      at[i]["name"].fail("found \"" + groups[i].name + "\" a second time; allowed: a name for each group");
  for (balancer_group& group : groups)
    if (group.name.empty()) group.name = free_name(taken, std::string(group.node_name()), "-");
}

}

std::filesystem::path existing_file(cursor const& at, std::filesystem::path const& directory) {
  std::string const text = at.value().get<std::string>();
  std::filesystem::path const path = std::filesystem::absolute(directory / text).lexically_normal();
  std::error_code error;
  if (std::filesystem::is_regular_file(path, error)) return path;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(path.parent_path(), error), end;
       !error && it != end && names.size() < 1000; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  at.fail("found \"" + text + "\", which is no file; allowed: an existing file, relative to the scenario" +
          config::did_you_mean(path.filename().string(), names));
}

balancer_group read_balancer_group(cursor const& at, std::filesystem::path const& directory) {
  balancer_group group;
  group.name = at.text("name", {});
  group.kind = at.choice("kind", group.kind);
  group.count = at.count("count", group.count);
  group.guess = at.choice("guess", group.guess);
  read_token_map(at, group);
  group.keeps_map = at.flag("token_map_file", group.keeps_map);
  if (group.keeps_map && !group.has_map())
    at["token_map_file"].fail(
        "found token_map_file without a token_map; allowed: with one, which is what is kept there");
  group.threads = at.count("threads", group.threads);
  group.max_redirects = at.count("max_redirects", group.max_redirects);
  if (at.has("shared_map") && !is_off(at["shared_map"])) {
    cursor const shared = at["shared_map"];
    shared_map_settings map;
    map.ttl = shared.duration("ttl", map.ttl);
    map.timeout = shared.duration("timeout", map.timeout);
    group.shared_map = map;
    if (!group.has_map()) shared.fail("found a shared map without a token_map; allowed: behind one");
  }
  if (at.has("cache") && !is_off(at["cache"])) group.cache = read_cache(at["cache"]);
  if (traits_of(group.kind).started_by == launcher::nginx) group.nginx_config = at.choice("config", group.nginx_config);
  if (at.has("template")) {
    if (at.has("config")) at["template"].fail("found both 'config' and 'template'; allowed: one of them");
    group.nginx_config = nginx_rules::own_template;
    group.nginx_template = existing_file(at["template"], directory);
  }
  if (at.has("routes_as")) {
    cursor const as = at["routes_as"];
    declared_routing declared;
    declared.guess = as.choice("guess", declared.guess);
    declared.map_entries = as.count("map_entries", declared.map_entries);
    group.routes_as = declared;
  }
  if (traits_of(group.kind).started_by == launcher::command) group.program = read_command(at, directory);
  if (traits_of(group.kind).started_by == launcher::nobody) {
    cursor const addresses = at["addresses"];
    for (std::size_t i = 0; i < addresses.size(); ++i) {
      check_address(addresses[i]);
      group.addresses.push_back(addresses[i].value().get<std::string>());
    }
    group.count = static_cast<std::uint32_t>(group.addresses.size());
  }
  if (at.has("expect_violations")) group.expect_violations = read_expectations(at["expect_violations"]);
  return group;
}

topology read_topology(cursor const& at, std::filesystem::path const& directory) {
  topology result;
  cursor const balancers = at["balancers"];
  if (balancers.value().is_array()) {
    for (std::size_t i = 0; i < balancers.size(); ++i)
      result.balancers.push_back(read_balancer_group(balancers[i], directory));
  } else {
    result.balancers.push_back(read_balancer_group(balancers, directory));
  }
  name_groups(result.balancers, balancers);
  std::size_t total = 0;
  for (balancer_group const& group : result.balancers) total += group.count;
  if (total > max_balancers) {
    balancers.fail("found " + std::to_string(total) + " balancers; allowed: at most " + std::to_string(max_balancers));
  }
  result.proxies = read_proxies(at["proxies"], directory);
  if (at.has("sols")) result.sols = read_sols(at["sols"]);
  return result;
}

}
