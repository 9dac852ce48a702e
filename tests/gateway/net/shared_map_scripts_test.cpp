// Our Lua in Redis decides what gateway/exchange decides in C++: both are told the same and must agree.
#include "gateway/exchange/shared_entry.hpp"
#include "gateway/http/shared_value.hpp"
#include "gateway/net/redis/shared_map_scripts.hpp"
#include "tests/gateway/net/redis_server.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace tests::gateway_net;
using gateway::exchange::told;

namespace {

using entry = gateway::exchange::shared_entry<std::string>;

/// An entry as balancers read it.
std::optional<entry> parse(std::string const& text) {
  auto const value = gateway::http::parse_shared_value(text);
  if (!value) return std::nullopt;
  return entry{value->backend.text(), value->epoch};
}

/// One entry, in Redis and by the C++ rule.
struct both {
  redis_server& redis;
  std::string key;
  std::optional<entry> rule{};
  long ttl_ms = 0;

  std::string run(std::string_view script, std::vector<std::string> const& arguments) const {
    std::vector<std::string> words{"EVAL", std::string(script), "1", key};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return redis.ask(words);
  }
  void put(std::string const& text, long ttl) {
    redis.ask({"SET", key, text, "PX", std::to_string(ttl)});
    rule = parse(text);
    ttl_ms = ttl;
  }
  void learn(entry const& fresh, long ttl) {
    run(gateway::net::learn_script,
        {gateway::http::shared_value_text(fresh.backend, fresh.epoch), fresh.epoch ? std::to_string(*fresh.epoch) : "",
         std::to_string(ttl), fresh.backend});
    told const what = gateway::exchange::tell(rule ? &*rule : nullptr, fresh);
    if (what == told::replace) rule = fresh;
    if (what != told::keep) ttl_ms = ttl;
  }
  void lose(std::string const& backend) {
    run(gateway::net::lose_script, {backend});
    if (gateway::exchange::is_lost(rule ? &*rule : nullptr, backend)) rule.reset();
  }
  void check() const {
    std::string const text = redis.ask({"GET", key});
    INFO("Redis has: " << text);
    CHECK(parse(text) == rule);
    if (!rule) return;
    long const left_ms = std::stol(redis.ask({"PTTL", key}));
    CHECK(left_ms <= ttl_ms);
    CHECK(left_ms > ttl_ms - 600'000); // TTLs are hours apart
  }
};

constexpr long hour_ms = 3'600'000;

std::vector<std::string> const backends{"10.0.0.1:1", "10.0.0.2:65535", "[::1]:80", "proxy.example:8080"};
std::vector<std::optional<std::uint64_t>> const epochs{std::nullopt,
                                                       0,
                                                       1,
                                                       9,
                                                       10,
                                                       2'147'483'648u,
                                                       9'007'199'254'740'992u, // 2^53, where doubles cease to be exact
                                                       9'007'199'254'740'993u,
                                                       1'764'307'000'000'000'000u,
                                                       1'764'307'000'000'000'001u,
                                                       9'999'999'999'999'999'999u,
                                                       10'000'000'000'000'000'000u,
                                                       18'446'744'073'709'551'614u,
                                                       18'446'744'073'709'551'615u};
std::vector<std::string> const junk{"",
                                    "junk",
                                    "what 9",
                                    "10.0.0.1:1 ",
                                    "10.0.0.1:1 x",
                                    "10.0.0.1:1 -1",
                                    "10.0.0.1:1 5 6",
                                    "10.0.0.1:1 009",
                                    "10.0.0.1:1 18446744073709551616",
                                    "10.0.0.1:1 99999999999999999999",
                                    "10.0.0.1:1 118446744073709551615"};

}

TEST_CASE("Redis decides of each two entries as the rule does") {
  redis_server redis;
  std::vector<std::string> before = junk;
  for (std::string const& backend : {backends[0], backends[1]})
    for (auto const& epoch : epochs) before.push_back(gateway::http::shared_value_text(backend, epoch));
  both b{redis, "k"};
  for (std::string const& old : before)
    for (auto const& epoch : epochs) {
      INFO("before: " << old << ", told: " << gateway::http::shared_value_text(backends[0], epoch));
      b.put(old, hour_ms);
      b.learn({backends[0], epoch}, 2 * hour_ms);
      b.check();
    }
  for (std::string const& old : before) {
    INFO("before: " << old);
    b.put(old, hour_ms);
    b.lose(backends[0]);
    b.check();
  }
}

TEST_CASE("Redis has the same after a history as the rule") {
  redis_server redis;
  auto const seed = GENERATE(1u, 2u, 3u);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  auto const any = [&](auto const& of) -> decltype(auto) { return of[random() % of.size()]; };
  std::map<std::uint64_t, both> entries;
  for (unsigned i = 0; i < 3; ++i) entries.emplace(i, both{redis, "k" + std::to_string(i)});
  for (long step = 1; step <= 300; ++step) {
    both& b = entries.at(random() % 3);
    std::uint64_t const what = random() % 10;
    INFO("step " << step << " of " << b.key);
    if (what == 0)
      b.put(any(junk), step * hour_ms);
    else if (what < 3)
      b.lose(any(backends));
    else
      b.learn({any(backends), any(epochs)}, step * hour_ms);
    b.check();
  }
}
