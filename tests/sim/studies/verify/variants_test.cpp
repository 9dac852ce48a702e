#include "sim/studies/verify/variants.hpp"

#include <catch2/catch.hpp>

namespace sim::verify {
namespace {

using scenario::balancer_kind;

scenario::scenario with(scenario::balancer_group g) {
  scenario::scenario s;
  s.topology.balancers = {std::move(g)};
  s.thresholds.resize(1);
  return s;
}

}

TEST_CASE("nginx with the article's configurations has a gateway that behaves alike, and the other way round") {
  scenario::balancer_group lua, guess, off, map;
  lua.kind = guess.kind = balancer_kind::nginx;
  lua.count = 3;
  guess.nginx_config = scenario::nginx_rules::guess;
  off.token_map_bytes.reset();
  off.threads = 4;
  auto const gateways_of_lua = with_gateways(with(lua)).what;
  REQUIRE(gateways_of_lua);
  CHECK(gateways_of_lua->topology.balancers[0].kind == balancer_kind::gateway);
  CHECK(gateways_of_lua->topology.balancers[0].has_map());
  CHECK(gateways_of_lua->topology.balancers[0].count == 3);
  CHECK(gateways_of_lua->thresholds.empty());
  CHECK_FALSE(with_gateways(with(guess)).what->topology.balancers[0].has_map());
  CHECK(with_gateways(with(guess)).what->topology.balancers[0].guess == scenario::guess_policy::round_robin);
  CHECK(with_gateways(with(off)).what->topology.balancers[0].threads == 1);
  CHECK(with_nginx(with(off)).what->topology.balancers[0].nginx_config == scenario::nginx_rules::guess);
  CHECK(with_nginx(with(map)).what->topology.balancers[0].nginx_config == scenario::nginx_rules::lua_map);
}

TEST_CASE("what has no counterpart says why") {
  struct row {
    char const* why;
    bool gateways; // asked for; else nginx
    scenario::scenario s;
  };
  scenario::balancer_group external, custom, hashed, small, caching, sharing, keeping;
  external.kind = balancer_kind::external;
  custom.kind = balancer_kind::nginx;
  custom.nginx_config = scenario::nginx_rules::own_template;
  hashed.guess = scenario::guess_policy::token_hash;
  small.token_map_bytes = 4096;
  caching.cache.emplace();
  sharing.shared_map.emplace();
  keeping.keeps_map = true;
  auto upgrade = with({});
  upgrade.events.resize(1);
  upgrade.events[0].name = "upgrade";
  upgrade.events[0].action = scenario::restart_node{"gateway[0]", true};
  auto reread = upgrade;
  reread.events[0].name = "reread";
  reread.events[0].action = scenario::reload_node{"gateway[0]"};
  auto odd = with({});
  odd.load.targets = {"/plain/%33%34/", "/a%2Fb"};
  row const rows[] = {{"nginx decodes the target /a%2Fb", false, odd},
                      {"external", true, with(external)},
                      {"template", true, with(custom)},
                      {"external", false, with(external)},
                      {"guesses round robin", false, with(hashed)},
                      {"number of entries", false, with(small)},
                      {"caches nothing", false, with(caching)},
                      {"shares no map", false, with(sharing)},
                      {"keeps no map over a restart", false, with(keeping)},
                      {"'upgrade'", false, upgrade},
                      {"'reread'", false, reread}}; // an nginx that is one process cannot
  for (row const& x : rows) {
    INFO(x.why);
    variant const v = x.gateways ? with_gateways(x.s) : with_nginx(x.s);
    CHECK_FALSE(v.what);
    CHECK(v.why_not.find(x.why) != std::string::npos);
  }
  CHECK(with_gateways(upgrade).what); // gateways stay gateways
  odd.load.targets.pop_back();
  CHECK(with_nginx(odd).what); // 34, however it is written
}

}
