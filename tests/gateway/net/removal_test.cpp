// Upstreams that were removed, by admin or by a reload: nothing is left of them.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;
using tests::live::serves_as;

namespace {

unsigned ask_admin(client& admin, std::string const& method, std::string const& address) {
  return admin.exchange(method + " /upstreams/" + address + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
      .status;
}

std::set<std::string> names(configured_gateway const& gateway) {
  std::set<std::string> out;
  nlohmann::json const status = gateway.status();
  for (auto const& u : status["upstreams"]) out.insert(u["name"].get<std::string>());
  return out;
}

/// What /status says about it.
nlohmann::json of(configured_gateway const& gateway, std::string const& name) {
  nlohmann::json const status = gateway.status();
  for (auto const& u : status["upstreams"])
    if (u["name"] == name) return u;
  return nullptr;
}

}

TEST_CASE("thousands of upstreams come and go while requests are under way, which all go where they belong") {
  scripted_upstream stays{serves_as()};
  raw_upstream slow;
  stays.set_script([&](upstream_request const&) { return served_by(stays.address()); });
  // Enough retries for a request that meets an upstream that comes and goes again and again.
  configured_gateway gateway({stays.address()},
                             {{"admin_writes", true}, {"threads", 2}, {"token_map", "64k"}, {"max_retries", 4}});
  client admin(gateway->admin_port());

  // One request is in progress at an upstream when that is removed; its id must not be given to another before it ends.
  REQUIRE(ask_admin(admin, "PUT", slow.address()) == 204);
  client waiting(gateway.port());
  std::vector<std::unique_ptr<client>> tries;
  while (!slow.has_connection()) {
    tries.push_back(std::make_unique<client>(gateway.port()));
    tries.back()->send(request("POST", "/slow", "slow" + std::to_string(tries.size()), "", "b"));
    eventually([&] { return slow.has_connection() || stays.requests().size() == tries.size(); });
  }
  raw_connection there = slow.accept();
  there.read_until("\r\n\r\nb");
  REQUIRE(ask_admin(admin, "DELETE", slow.address()) == 204);

  std::atomic<bool> done{false};
  std::atomic<int> served{0}, failed{0};
  std::vector<std::thread> crowd;
  for (int t = 0; t < 2; ++t)
    crowd.emplace_back([&, t] {
      client c(gateway.port());
      for (int i = 0; !done; ++i) {
        // A guess may meet an upstream at which nobody listens: it then goes elsewhere, since the kernel took nothing.
        bool const ok =
            c.exchange(request("POST", "/x", "t" + std::to_string(t * 1000 + i % 50), "", "b")).body == "served";
        ++(ok ? served : failed);
      }
    });
  std::size_t const before = gateway.resident_bytes();
  std::set<unsigned> statuses;
  for (int i = 0; i < 3'000; ++i) {
    std::string const address = "127." + std::to_string(1 + i / 250) + "." + std::to_string(i % 250) + ".1:1";
    statuses.insert(ask_admin(admin, "PUT", address));
    statuses.insert(ask_admin(admin, "DELETE", address));
  }
  done = true;
  for (std::thread& one : crowd) one.join();
  CHECK(statuses == std::set<unsigned>{204});
  CHECK(served > 0);
  CHECK(failed == 0);
  CHECK(names(gateway) == std::set{stays.address()});
  std::string const metrics = gateway->admin("/metrics");
  CHECK(metrics.find("127.1.0.1") == std::string::npos);
  CHECK(metrics.find(slow.address()) == std::string::npos);
  if (configured_gateway::counts_memory) CHECK(gateway.resident_bytes() < before + (1u << 20));

  there.send(answer("X-Backend: http://" + slow.address() + "\r\nConnection: close\r\n", "from the slow one"));
  CHECK(tries.back()->receive().body == "from the slow one");
  std::string const its_token = "slow" + std::to_string(tries.size());
  CHECK(client(gateway.port()).exchange(request("GET", "/x", its_token)).body == "served");
}

TEST_CASE("connections that are idle at an upstream are closed when it is removed, also by a reload") {
  raw_upstream goes;
  scripted_upstream stays{serves_as()};
  bool const by_reload = GENERATE(false, true);
  std::string const both = nlohmann::json{
      {"admin_writes", true},
      {"upstreams", {goes.address(), stays.address()}},
      {"guess", "round_robin"}}.dump();
  configured_gateway gateway({}, nlohmann::json::parse(both));
  client c(gateway.port());
  c.send(request("GET", "/x", ""));
  raw_connection kept = goes.accept();
  kept.read_until("\r\n\r\n");
  kept.send(answer());
  CHECK(c.receive().status == 200);
  if (by_reload) {
    gateway.rewrite(nlohmann::json{{"admin_writes", true}, {"upstreams", {stays.address()}}}.dump());
    gateway->process().signal(SIGHUP);
  } else {
    client admin(gateway->admin_port());
    CHECK(ask_admin(admin, "DELETE", goes.address()) == 204);
  }
  CHECK(kept.closed());
  CHECK(eventually([&] { return names(gateway) == std::set{stays.address()}; }));
  for (int i = 0; i < 4; ++i) CHECK(c.exchange(request("GET", "/x", "")).body == "served");
}

TEST_CASE("a connection that was busy when its upstream was removed is not kept when it becomes idle") {
  raw_upstream goes;
  scripted_upstream stays{serves_as()};
  configured_gateway gateway({goes.address(), stays.address()}, {{"admin_writes", true}, {"guess", "round_robin"}});
  client c(gateway.port()), admin(gateway->admin_port());
  c.send(request("GET", "/x", ""));
  raw_connection busy = goes.accept();
  busy.read_until("\r\n\r\n");
  busy.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
  CHECK(ask_admin(admin, "DELETE", goes.address()) == 204);
  busy.send("lf");
  CHECK(c.receive().body == "half");
  CHECK(busy.closed());
}

TEST_CASE("an upstream that comes back under its name has its sessions, and its counts begin anew") {
  scripted_upstream first{serves_as()}, second{serves_as()};
  for (scripted_upstream* u : {&first, &second})
    u->set_script([u](upstream_request const&) { return served_by(u->address()); });
  configured_gateway gateway({first.address(), second.address()}, {{"admin_writes", true}, {"guess", "round_robin"}});
  client c(gateway.port()), admin(gateway->admin_port());
  for (int i = 0; i < 8; ++i) c.exchange(request("GET", "/x", "t" + std::to_string(i)));
  CHECK(second.requests().size() == 4);
  CHECK(ask_admin(admin, "DELETE", second.address()) == 204);
  CHECK(ask_admin(admin, "PUT", second.address()) == 204);
  CHECK(of(gateway, second.address())["hops"] == 0);
  for (int i = 0; i < 8; ++i) c.exchange(request("GET", "/x", "t" + std::to_string(i)));
  CHECK(second.requests().size() == 8);
  CHECK(gateway.count("map_hits") == 8);
}

TEST_CASE("health checks of an upstream that was removed end, and say nothing of who comes after it") {
  raw_upstream sick;
  scripted_upstream well{serves_as()};
  configured_gateway gateway(
      {well.address(), sick.address()},
      {{"admin_writes", true}, {"health_checks", {{"interval", "5ms"}, {"timeout", "50ms"}, {"failures", 1}}}});
  sick.close();
  CHECK(eventually(
      [&] { return gateway->process().errors().find("does not answer its health checks") != std::string::npos; }));
  client admin(gateway->admin_port());
  CHECK(ask_admin(admin, "DELETE", sick.address()) == 204);
  std::string const last = gateway->process().errors();
  scripted_upstream next{serves_as()};
  for (int i = 0; i < 300; ++i) { // one of them gets its id
    std::string const address = i > 250 ? next.address() : "127.3." + std::to_string(i) + ".1:1";
    CHECK(ask_admin(admin, "PUT", address) == 204);
    if (i > 250) CHECK(of(gateway, address)["healthy"] == true);
    CHECK(ask_admin(admin, "DELETE", address) == 204);
  }
  CHECK(names(gateway) == std::set{well.address()});
  CHECK(gateway->process().errors().find(next.address()) == std::string::npos);
}
