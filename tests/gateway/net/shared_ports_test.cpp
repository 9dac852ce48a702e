// One address, two processes.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <memory>
#include <set>

using namespace tests::gateway_net;
using tests::live::child;
using tests::live::serves_as;

namespace {

/// A gateway process that the test only starts; it ends with the test.
struct started {
  child process;
  std::string ready; // empty: it did not start

  explicit started(std::vector<std::string> const& arguments)
    : process(std::filesystem::path(CREST_BIN_DIR) / "crest-gateway", arguments)
    , ready(process.ready_line()) {}
  std::string address() const { return nlohmann::json::parse(ready)["listen"][0].get<std::string>(); }
};

std::vector<std::string> serving(std::string const& listen, std::string const& upstream,
                                 std::vector<std::string> const& more) {
  std::vector<std::string> all{"--listen", listen, "--upstream", upstream};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string port_of(std::string const& address) { return address.substr(address.rfind(':') + 1); }

using flags = std::vector<std::string>;

}

TEST_CASE("an address where a gateway listens is refused to a second one, which says so and exits 1") {
  struct row {
    char const* name;
    char const* first_host;
    flags first;
    char const* second_host;
    flags second;
  };
  auto const r =
      GENERATE(row{"one thread each", "127.0.0.1", {}, "127.0.0.1", {}},
               row{"the first has threads that share it", "127.0.0.1", {"--threads", "3"}, "127.0.0.1", {}},
               row{"the second has", "127.0.0.1", {}, "127.0.0.1", {"--threads", "3"}},
               row{"both have", "127.0.0.1", {"--threads", "2"}, "127.0.0.1", {"--threads", "2"}},
               row{"only the second would share", "127.0.0.1", {}, "127.0.0.1", {"--reuse-port"}},
               row{"only the second would, the first has threads",
                   "127.0.0.1",
                   {"--threads", "2"},
                   "127.0.0.1",
                   {"--reuse-port", "--threads", "2"}},
               row{"only the first would", "127.0.0.1", {"--reuse-port", "--threads", "2"}, "127.0.0.1", {}},
               row{"a wildcard over it", "127.0.0.1", {"--threads", "2"}, "0.0.0.0", {"--threads", "2"}},
               row{"it under a wildcard", "0.0.0.0", {"--threads", "2"}, "127.0.0.1", {}},
               row{"IPv6", "[::1]", {"--threads", "2"}, "[0:0:0:0:0:0:0:1]", {"--threads", "2"}},
               row{"IPv6's wildcard over it", "[::1]", {}, "[::]", {"--threads", "2"}},
               row{"a wildcard of both families over an IPv4 address", "127.0.0.1", {"--threads", "2"}, "[::]", {}});
  INFO(r.name);
  started first(serving(std::string(r.first_host) + ":0", "127.0.0.1:1", r.first));
  INFO(first.process.errors());
  REQUIRE_FALSE(first.ready.empty());
  std::string const wanted = std::string(r.second_host) + ":" + port_of(first.address());
  started second(serving(wanted, "127.0.0.1:1", r.second));
  REQUIRE(second.ready.empty());
  CHECK(second.process.wait() == 1);
  CHECK(second.process.errors().find("Address already in use") != std::string::npos);
  CHECK(second.process.errors().find("reuse_port") != std::string::npos);
}

TEST_CASE("of gateways that start at the same moment at one address at most one serves") {
  // The address of a gateway that has ended: nobody else listens there.
  std::string where;
  {
    started former(serving("127.0.0.1:0", "127.0.0.1:1", {}));
    where = former.address();
    former.process.signal(SIGTERM);
    REQUIRE(former.process.wait() == 0);
  }
  for (int round = 0; round < 5; ++round) {
    std::vector<std::unique_ptr<child>> all;
    for (int i = 0; i < 4; ++i)
      all.push_back(std::make_unique<child>(std::filesystem::path(CREST_BIN_DIR) / "crest-gateway",
                                            serving(where, "127.0.0.1:1", {"--threads", i % 2 == 0 ? "2" : "1"})));
    std::vector<child*> serving_there;
    for (auto const& one : all) { // nobody leaves before all have tried
      if (one->ready_line().empty())
        CHECK(one->wait() == 1);
      else
        serving_there.push_back(one.get());
    }
    CHECK(serving_there.size() <= 1);
  }
}

TEST_CASE("gateways that both say reuse_port serve one address, and one may end without the other") {
  scripted_upstream a{serves_as("a")}, b{serves_as("b")};
  bool const in_file = GENERATE(false, true);
  scratch_directory scratch;
  std::filesystem::path const file = scratch.path() / "second.json";
  started first(serving("127.0.0.1:0", a.address(), {"--reuse-port", "--threads", "2"}));
  REQUIRE_FALSE(first.ready.empty());
  std::ofstream(file) << nlohmann::json{
      {"listen", first.address()}, {"upstreams", {b.address()}}, {"reuse_port", true}};
  started second(in_file ? flags{"--config", file.string()} : serving(first.address(), b.address(), {"--reuse-port"}));
  INFO(second.process.errors());
  REQUIRE_FALSE(second.ready.empty());
  auto const port = static_cast<std::uint16_t>(std::stoi(port_of(first.address())));
  std::set<std::string> seen;
  CHECK(eventually([&] { // the kernel picks the process by a hash that includes the connection's own port
    seen.insert(client(port).exchange(request("GET", "/x", "")).body);
    return seen.size() == 2;
  }));
  first.process.signal(SIGTERM);
  CHECK(first.process.wait() == 0);
  CHECK(client(port).exchange(request("GET", "/x", "")).body == "b");
}

TEST_CASE("an address is free again as soon as its gateway has ended, though clients' connections linger") {
  scripted_upstream upstream{serves_as()};
  for (int life = 0; life < 2; ++life) {
    INFO(life);
    static std::string where = "127.0.0.1:0";
    started gateway(serving(where, upstream.address(), {"--threads", "2"}));
    INFO(gateway.process.errors());
    REQUIRE_FALSE(gateway.ready.empty());
    where = gateway.address();
    auto const port = static_cast<std::uint16_t>(std::stoi(port_of(where)));
    { // the gateway closes first: its end of the connection is in TIME_WAIT
      client c(port);
      CHECK(c.exchange(request("GET", "/x", "", "Connection: close\r\n")).status == 200);
      CHECK(c.closed());
    }
    gateway.process.signal(SIGTERM);
    CHECK(gateway.process.wait() == 0);
  }
}

TEST_CASE("threads of one gateway share its connections out, and a reload leaves its address to it") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"threads", 3}});
  for (int i = 0; i < 30; ++i) CHECK(client(gateway.port()).exchange(request("GET", "/x", "")).body == "served");
  gateway.rewrite(R"({"threads": 3, "reuse_port": true})");
  gateway->process().signal(SIGHUP);
  CHECK(eventually(
      [&] { return gateway->process().errors().find("stay as they are: reuse_port") != std::string::npos; }));
  std::string const where = "127.0.0.1:" + std::to_string(gateway.port());
  started second(serving(where, upstream.address(), {"--reuse-port"}));
  CHECK(second.ready.empty());
  CHECK(client(gateway.port()).exchange(request("GET", "/x", "")).body == "served");
}
