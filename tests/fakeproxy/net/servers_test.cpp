// How a proxy's servers share the work.
#include "base/journal/journal.hpp"
#include "cluster_process.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace fakeproxy;
using namespace fakeproxy::net::testing;
using nlohmann::json;

namespace {

/// Proxies that take a second to serve a request and a millisecond to redirect one; character 7 has its session at
/// proxy[0], 8 at proxy[1].
struct slow_cluster {
  scratch files;
  child process;
  explicit slow_cluster(json proxy)
    : process(config(std::move(proxy)), files.path()) {
    for (int i = 0; i < 2; ++i)
      REQUIRE(post(process.admin(), "/nodes/proxy[" + std::to_string(i) + "]/logins", "",
                   json{{"characters", {7 + i}}}.dump())
                  .body == R"({"granted":1})");
  }

  json config(json proxy) const {
    proxy["service_time"] = {{"constant", {{"mean_ms", 1000}}}};
    proxy["redirect_time_ms"] = 1;
    json nodes = {{{"role", "sol"}, {"index", 0}, {"listen", "127.0.0.1:0"}}};
    for (int i = 0; i < 2; ++i) nodes.push_back({{"role", "proxy"}, {"index", i}, {"listen", "127.0.0.1:0"}});
    return {{"token_key", key_text},
            {"admin", "127.0.0.1:0"},
            {"journal_directory", (files.path() / "journals").string()},
            {"sols", {"127.0.0.1:0"}},
            {"nodes", nodes},
            {"proxy", proxy}};
  }

  json counters() const {
    json const all = json::parse(get(process.admin(), "/counters").body).at("nodes");
    return *std::find_if(all.begin(), all.end(), [](json const& node) { return node.at("name") == "proxy[0]"; });
  }

  /// When two requests were answered: one that proxy[0] serves, and one that it redirects, which arrives while it works
  /// on the first.
  std::pair<std::int64_t, std::int64_t> answered() const {
    std::string const address = process.address("proxy[0]", "http");
    client served(address);
    served.send("GET /types/ HTTP/1.1\r\nHost: x\r\n" + bearer(7) + "\r\n");
    while (counters().at("in_service") == 0) {
    }
    REQUIRE_FALSE(redirect_of(get(address, "/types/", bearer(8))).first.empty());
    REQUIRE(served.receive().status == 200);
    auto const hops = journal::read<journal::proxy_hop>(files.path() / "journals" / "proxy[0].journal", "proxy_hop");
    REQUIRE(hops.size() == 2);
    return {hops[0].answered_ns, hops[1].answered_ns};
  }
};

}

TEST_CASE("a request waits for a server whatever it will cost, in the order of arrival") {
  auto const [long_one, short_one] = slow_cluster(json{{"servers", 1}}).answered();
  CHECK(long_one <= short_one);
}

TEST_CASE("where requests share a server a short one is over before a long one that came first") {
  auto const [long_one, short_one] = slow_cluster(json{{"servers", 1}, {"discipline", "processor_sharing"}}).answered();
  CHECK(short_one < long_one);
}
