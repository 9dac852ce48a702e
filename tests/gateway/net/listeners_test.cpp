// Listening and accepting, and what happens when that is not possible.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <sys/resource.h>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

/// From now on the gateway can open descriptors up to that number only; without one, up to its own maximum.
void limit_descriptors(configured_gateway& gateway, std::optional<rlim_t> number) {
  rlimit limit{};
  REQUIRE(::prlimit(gateway->process().pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  limit.rlim_cur = number.value_or(limit.rlim_max);
  REQUIRE(::prlimit(gateway->process().pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
}

}

TEST_CASE("out of descriptors, listeners pause, say so once, and go on when there are some again") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  client first(gateway.port());
  CHECK(first.exchange(request("GET", "/internal_redirect/x", "")).status == 404);
  auto const before = std::chrono::steady_clock::now();
  limit_descriptors(gateway, 3); // which are in use already
  raw_connection late(gateway.port());
  late.send(request("GET", "/internal_redirect/x", ""));
  raw_connection admin(gateway->admin_port());
  admin.send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
  auto const complaints = [&] {
    std::string const errors = gateway->process().errors();
    return std::count(errors.begin(), errors.end(), '\n');
  };
  CHECK(eventually([&] { return complaints() == 2; })); // one per listener
  for (int i = 0; i < 200; ++i) // existing clients are served on, for long enough to see spinning
    CHECK(first.exchange(request("GET", "/internal_redirect/x", "")).status == 404);
  limit_descriptors(gateway, std::nullopt);
  CHECK(late.read_until("\r\n\r\n").starts_with("HTTP/1.1 404"));
  CHECK(admin.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  CHECK(complaints() == 2);
  auto const pauses = gateway.count("accept_pauses");
  auto const halves = (std::chrono::steady_clock::now() - before) / std::chrono::milliseconds(500);
  CHECK(pauses >= 2);
  CHECK(pauses <= 2 * (static_cast<std::uint64_t>(halves) + 1)); // one per 500 ms and listener, however long it took
}

TEST_CASE("a request for which there is no descriptor is 503, and neither its upstream nor its token's entry suffers") {
  scripted_upstream upstream{serves_as()};
  upstream.set_script([&](upstream_request const&) { return served_by(upstream.address()); });
  configured_gateway gateway({upstream.address()}, {{"idle_per_upstream", 0}});
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/x", "t")).status == 200);
  limit_descriptors(gateway, 3);
  client_answer const got = c.exchange(request("POST", "/x", "t", "", "b"));
  CHECK(got.status == 503);
  CHECK(got.field("Proxy-Status").find("proxy_internal_error") != std::string::npos);
  limit_descriptors(gateway, std::nullopt);
  CHECK(c.exchange(request("POST", "/x", "t", "", "b")).status == 200);
  CHECK(gateway.count("forgotten") == 0);
  CHECK(gateway.count("map_hits") == 2);
  CHECK(gateway.status()["upstreams"][0]["failures"] == 0);
}

TEST_CASE("host names are resolved when the configuration is read; one that is unknown is one line and exit 2") {
  struct row {
    char const* name;
    std::vector<std::string> arguments;
    std::vector<std::string> mentions;
  };
  // Two dots: no resolver needs to ask another machine about it.
  auto const r = GENERATE(
      row{"upstream",
          {"--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--upstream", "no..host:1"},
          {"upstreams[1]", "no..host:1", "--upstream"}},
      row{"listen", {"--listen", "no..host:0", "--upstream", "127.0.0.1:1"}, {"listen[0]", "no..host:0", "--listen"}},
      row{"admin",
          {"--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--admin", "no..host:0"},
          {"admin", "no..host:0", "--admin"}});
  bool const check = GENERATE(true, false);
  INFO(r.name << (check ? " with --check" : " at start"));
  std::vector<std::string> arguments = r.arguments;
  if (check) arguments.emplace_back("--check");
  finished const got = run_gateway(arguments);
  INFO(got.errors);
  CHECK(got.exit_code == 2);
  CHECK(got.out.empty());
  CHECK(std::count(got.errors.begin(), got.errors.end(), '\n') == 1);
  for (std::string const& mention : r.mentions) CHECK(got.errors.find(mention) != std::string::npos);
}

TEST_CASE("an upstream and a listening address may be host names") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({"localhost:" + std::to_string(upstream.port())}, {}, {"--listen", "localhost:0"});
  CHECK(client(gateway.port()).exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.status()["upstreams"][0]["name"] == "localhost:" + std::to_string(upstream.port()));
}

TEST_CASE("an address that is taken is named") {
  raw_upstream taken;
  finished const got =
      run_gateway({"--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--admin", taken.address()});
  CHECK(got.exit_code == 1);
  CHECK(got.errors.find(taken.address()) != std::string::npos);
}
