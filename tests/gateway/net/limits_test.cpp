// What one client may have.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

nlohmann::json limits(nlohmann::json const& what) { return {{"limits", what}}; }
// So slow that nothing comes back while a test runs.
nlohmann::json const two_in_an_hour{{"per_second", 0.001}, {"burst", 2}};

unsigned status(std::uint16_t port, std::string const& token) {
  return client(port).exchange(request("GET", "/x", token)).status;
}

}

TEST_CASE("an address that sends too many requests gets 429, and is told when to try again") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, limits({{"requests_per_address", two_in_an_hour}}));
  CHECK(status(gateway.port(), "a") == 200);
  CHECK(status(gateway.port(), "b") == 200);
  client c(gateway.port());
  auto const refused = c.exchange(request("GET", "/x", "c"));
  CHECK(refused.status == 429);
  CHECK(std::stoi(refused.field("Retry-After")) > 900);
  CHECK(std::stoi(refused.field("Retry-After")) <= 1000);
  CHECK(c.exchange(request("GET", "/x", "c")).status == 429); // on the same connection
  CHECK(upstream.requests().size() == 2);
  CHECK(gateway.count("rate_limited") == 2);
}

TEST_CASE("a token that sends too many requests gets 429, and no other does") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, limits({{"requests_per_token", two_in_an_hour}}));
  for (int i = 0; i < 2; ++i) CHECK(status(gateway.port(), "a") == 200);
  CHECK(status(gateway.port(), "a") == 429);
  CHECK(status(gateway.port(), "b") == 200);
  for (int i = 0; i < 5; ++i) CHECK(status(gateway.port(), "") == 200); // without a token there is none to limit
}

TEST_CASE("a request that is refused for its rate closes the connection where its body is not read") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()},
                             limits({{"requests_per_token", {{"per_second", 0.001}, {"burst", 1}}}}));
  CHECK(status(gateway.port(), "a") == 200);
  client c(gateway.port());
  CHECK(c.exchange(request("POST", "/x", "a", "", std::string(100'000, 'x'))).status == 429);
  CHECK(c.closed());
  CHECK(upstream.requests().size() == 1);
}

TEST_CASE("an address has no more connections than it may") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, limits({{"connections_per_address", 3}}));
  std::vector<std::unique_ptr<client>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<client>(gateway.port()));
    CHECK(open.back()->exchange(request("GET", "/x", "t")).status == 200);
  }
  CHECK(client(gateway.port()).closed());
  CHECK(gateway.count("connections_refused") == 1);
  CHECK(open.front()->exchange(request("GET", "/x", "t")).status == 200); // those that it has go on
  open.pop_back();
  CHECK(eventually([&] { return status(gateway.port(), "t") == 200; }));
}

TEST_CASE("limits change with a reload, and what is known of clients stays where they do not") {
  scripted_upstream upstream(serves_as());
  nlohmann::json configuration = limits({{"requests_per_token", two_in_an_hour}});
  configured_gateway gateway({upstream.address()}, configuration);
  for (int i = 0; i < 2; ++i) CHECK(status(gateway.port(), "a") == 200);
  auto reload = [&, times = 0]() mutable {
    ++times;
    gateway.rewrite(configuration.dump());
    gateway->process().signal(SIGHUP);
    return eventually([&] {
      std::string const errors = gateway->process().errors();
      int seen = 0;
      for (std::size_t at = 0; (at = errors.find("reloaded", at)) != std::string::npos; ++at) ++seen;
      return seen == times;
    });
  };
  configuration["limits"]["connections_per_address"] = 100;
  REQUIRE(reload());
  CHECK(status(gateway.port(), "a") == 429);
  configuration["limits"]["requests_per_token"]["burst"] = 5;
  REQUIRE(reload());
  CHECK(status(gateway.port(), "a") == 200);
  configuration.erase("limits");
  REQUIRE(reload());
  for (int i = 0; i < 10; ++i) CHECK(status(gateway.port(), "a") == 200);
}

TEST_CASE("limits that are none get one line") {
  for (auto const& [text, complaint] : std::vector<std::pair<std::string, std::string>>{
           {R"({"limits": {"requests_per_token": {"per_second": 0}}})", "limits.requests_per_token.per_second"},
           {R"({"limits": {"requests_per_token": {"burst": 3}}})", "per_second"},
           {R"({"limits": {"connections_per_address": 0}})", "limits.connections_per_address"},
           {R"({"limits": {"request_per_token": 3}})", "did you mean 'requests_per_token'"}}) {
    scratch_directory scratch;
    std::string const file = (scratch.path() / "gateway.json").string();
    std::ofstream(file) << text;
    auto const done =
        run_gateway({"--check", "--config", file, "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1"});
    INFO(done.errors);
    CHECK(done.exit_code == 2);
    CHECK(done.errors.find(complaint) != std::string::npos);
  }
}
