// A gateway gets the settings that its scenario gives it.
#include "gateway/net/settings.hpp"
#include "sim/engines/live/node_configs.hpp"

#include <catch2/catch.hpp>

namespace {

gateway::net::settings as_read_by_a_gateway(sim::scenario::balancer_group const& group) {
  nlohmann::json config = sim::live::gateway_config(sim::actors::settings_of(group));
  config["listen"] = "127.0.0.1:0";
  config["upstreams"] = {"127.0.0.1:1"};
  CHECK_FALSE(config.contains("token_map_file")); // where it is, the run's directory says
  if (group.shared_map) {
    config["shared_map"]["redis"] = "127.0.0.1:2";
    config["shared_map"]["key"] = std::string(64, 'a');
  }
  auto const document = config::document::parse(config.dump(), "test");
  document.validate(nlohmann::json::parse(gateway::net::config_schema));
  return gateway::net::read_settings(document);
}

}

TEST_CASE("a gateway of a live run reads the settings that one in simulated time has") {
  sim::scenario::balancer_group plain, all;
  plain.token_map_bytes.reset();
  all.guess = sim::scenario::guess_policy::token_hash;
  all.token_map_bytes = 4096;
  all.threads = 3;
  all.max_redirects = 7;
  all.cache = {1u << 22, 1u << 16, {"X-Session-Corporation"}, std::chrono::seconds(3), std::chrono::seconds(9)};
  all.shared_map = {std::chrono::seconds(77), std::chrono::microseconds(1500)};
  sim::scenario::balancer_group two = plain;
  two.guess = sim::scenario::guess_policy::two_choices;
  for (sim::scenario::balancer_group const& group : {plain, two, all}) {
    sim::actors::gateway_settings const meant = sim::actors::settings_of(group);
    gateway::net::settings const read = as_read_by_a_gateway(group);
    CHECK(read.routing.max_redirects == meant.routing.max_redirects);
    CHECK(read.routing.max_retries == meant.routing.max_retries);
    CHECK(read.routing.single_guess == meant.routing.single_guess);
    CHECK(read.routing.max_failures == meant.routing.max_failures);
    CHECK(read.routing.avoid_for == meant.routing.avoid_for);
    CHECK(read.routing.retries_per_request == meant.routing.retries_per_request);
    CHECK(read.routing.retry_burst == meant.routing.retry_burst);
    CHECK(read.routing.shared_ttl == meant.routing.shared_ttl);
    CHECK(read.guess == meant.guess);
    CHECK(read.token_map_bytes == meant.token_map_bytes);
    CHECK(read.threads == meant.threads);
    CHECK(read.timeouts.answer == gateway::routing::default_limits.answer);
    CHECK(read.timeouts.drain == gateway::routing::default_limits.drain);
    REQUIRE(read.cache.has_value() == meant.cache.has_value());
    REQUIRE(read.shared_map.has_value() == meant.shared_map.has_value());
    if (!meant.cache) continue;
    CHECK(read.cache->rules.bytes == meant.cache->rules.bytes);
    CHECK(read.cache->rules.max_answer == meant.cache->rules.max_answer);
    CHECK(read.cache->rules.stale_if_unreachable_s == meant.cache->rules.stale_if_unreachable_s);
    CHECK(read.cache->session_facts == meant.cache->session_facts);
    CHECK(read.cache->facts_max_age == meant.cache->facts_max_age);
    CHECK(read.cache->wait == meant.cache->wait);
    CHECK(read.shared_map->ttl == meant.shared_map->ttl);
    CHECK(read.shared_map->timeout == meant.shared_map->timeout);
  }
}
