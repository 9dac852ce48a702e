// Limits on what one client may use.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

nlohmann::json limits(nlohmann::json const& what) { return {{"limits", what}}; }
// So slow that no allowance comes back while a test runs.
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
  for (int i = 0; i < 5; ++i) CHECK(status(gateway.port(), "") == 200); // no token, no limit per token
}

TEST_CASE("a token has its rate, and its session, however its credentials are spelt; they go on as they came") {
  scripted_upstream upstream(serves_as());
  upstream.set_script([&](upstream_request const&) { return served_by(upstream.address()); });
  nlohmann::json configuration = limits({{"requests_per_token", {{"per_second", 0.001}, {"burst", 9}}}});
  configuration["guess"] = "round_robin";
  configured_gateway gateway({upstream.address()}, configuration);
  std::vector<std::string> const spellings{"Bearer t",  "bearer t",     "BEARER t",   "bEARER   t", "Bearer\tt",
                                           "Bearer t ", "Bearer \t  t", "beareR t\t", "\tBearer t"};
  client c(gateway.port());
  for (std::string const& spelling : spellings) {
    INFO(spelling);
    CHECK(c.exchange("GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: " + spelling + "\r\n\r\n").status == 200);
    std::string const came = upstream.requests().back().field("Authorization");
    std::string const sent = spelling.substr(spelling.find_first_not_of(" \t"));
    CHECK(came == sent.substr(0, sent.find_last_not_of(" \t") + 1));
  }
  CHECK(gateway.count("map_hits") == spellings.size() - 1);
  for (std::string const& spelling : spellings)
    CHECK(c.exchange("GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: " + spelling + "\r\n\r\n").status == 429);
  CHECK(c.exchange(request("GET", "/x", "T")).status == 200); // this is another token
}

TEST_CASE("Basic credentials have one rate however their base64 is spelt; they go on as they came") {
  scripted_upstream upstream(serves_as());
  std::vector<std::string> const spellings{"YTpiYw==", "YTpiYw=", "YTpiYw",    "YTpiYx==",   "YT!piYw==",
                                           "YT-piYw=", "Y.TpiYw", "YTpiYw==x", "YTpiYw====", "\"YTpiYw==\""};
  configured_gateway gateway({upstream.address()},
                             limits({{"requests_per_token", {{"per_second", 0.001}, {"burst", spellings.size()}}}}));
  client c(gateway.port());
  auto const ask = [&](std::string const& base64) {
    return c.exchange("GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: Basic " + base64 + "\r\n\r\n").status;
  };
  for (std::string const& spelling : spellings) {
    INFO(spelling);
    CHECK(ask(spelling) == 200);
    CHECK(upstream.requests().back().field("Authorization") == "Basic " + spelling);
  }
  for (std::string const& spelling : spellings) CHECK(ask(spelling) == 429);
  CHECK(ask("YTpiZA==") == 200); // these are other credentials
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
  CHECK(open.front()->exchange(request("GET", "/x", "t")).status == 200); // its existing connections go on
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

TEST_CASE("only the methods and paths that are allowed are served") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, {{"methods", {"GET", "HEAD"}}, {"paths", {"/characters", "/x/"}}});
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/characters/1", "t")).status == 200);
  CHECK(c.exchange(request("GET", "/characters?a=/b", "t")).status == 200);
  CHECK(c.exchange(request("GET", "/x/y", "t")).status == 200);
  CHECK(c.exchange(request("GET", "/x", "t")).status == 404);
  CHECK(c.exchange(request("GET", "/charactersheet", "t")).status == 404);
  CHECK(c.exchange(request("GET", "/Characters", "t")).status == 404);
  CHECK(c.exchange(request("GET", "/%63haracters", "t")).status == 404);
  CHECK(c.exchange(request("GET", "//characters", "t")).status == 404);
  client_answer const refused = c.exchange(request("DELETE", "/x/y", "t"));
  CHECK(refused.status == 405);
  CHECK(refused.field("Allow") == "GET, HEAD");
  CHECK(upstream.requests().size() == 3);
}

TEST_CASE("a trusted proxy says who its clients are, others do not") {
  scripted_upstream upstream(serves_as());
  nlohmann::json configuration = limits({{"requests_per_address", two_in_an_hour}, {"connections_per_address", 1}});
  bool const trusted = GENERATE(true, false);
  configuration["trusted_proxies"] = {trusted ? "127.0.0.0/8" : "10.0.0.0/8", "192.0.2.7"};
  configured_gateway gateway({upstream.address()}, configuration);
  client c(gateway.port());
  auto const ask = [&](std::string const& from) {
    return c.exchange(request("GET", "/x", "t", "X-Forwarded-For: " + from + "\r\n")).status;
  };
  CHECK(ask("198.51.100.1") == 200);
  CHECK(ask("6.6.6.6, 198.51.100.1, 192.0.2.7") == 200); // the same client, by way of a second proxy
  CHECK(ask("198.51.100.1") == 429);
  CHECK(ask("198.51.100.2") == (trusted ? 200 : 429));
  CHECK(ask("nonsense") == (trusted ? 200 : 429)); // counts as the proxy's own address
  std::string const went_on = upstream.requests()[1].field("X-Forwarded-For");
  CHECK(went_on == (trusted ? "6.6.6.6, 198.51.100.1, 192.0.2.7, 127.0.0.1" : "127.0.0.1"));
  client second(gateway.port()); // a proxy carries the connections of many
  if (trusted)
    CHECK(second.exchange(request("GET", "/internal_redirect/x", "")).status == 404);
  else
    CHECK(second.closed());
}

TEST_CASE("a request that drips takes no longer than it may in all") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, {{"timeouts", {{"client_total", "300ms"}}}});
  bool const in_head = GENERATE(true, false);
  raw_connection slow(gateway.port());
  slow.send(in_head ? "GET / HTTP/1.1\r\nX: " : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  while (slow.send_some("x") == 1 && gateway.count(in_head ? "refused" : "failed") + gateway.count("refused") == 0) {
  }
  CHECK(slow.read_all().starts_with("HTTP/1.1 408 "));
}

TEST_CASE("configurations of limits and upstreams that cannot be are one line and exit 2") {
  struct row {
    nlohmann::json configuration;
    char const* mentions;
  };
  auto const r =
      GENERATE(row{{{"trusted_proxies", {"10.0.0.0/33"}}}, "trusted_proxies[0]"},
               row{{{"trusted_proxies", {"here"}}}, "trusted_proxies[0]"}, row{{{"methods", {"get"}}}, "methods[0]"},
               row{{{"paths", {"x"}}}, "paths[0]"}, row{{{"paths", nlohmann::json::array()}}, "paths"},
               row{{{"outliers", {{"max_failures", 0}}}}, "outliers.max_failures"},
               row{{{"outliers", {{"avoid_for", "0s"}}}}, "outliers.avoid_for"},
               row{{{"retry_budget", {{"burst", 1}}}}, "per_request"},
               row{{{"health_checks", {{"path", "x"}}}}, "health_checks.path"},
               row{{{"limits", {{"requests_per_upstream", {{"waiting", 1}}}}}}, "at_once"},
               row{{{"upstreams", {{{"address", "127.0.0.1:1"}, {"weight", 0}}}}}, "upstreams[0]"},
               row{{{"upstreams", {{{"weight", 1}}}}}, "upstreams[0]"},
               row{{{"upstreams", {"127.0.0.1:1", {{"address", "127.0.0.1:1"}}}}}, "a second time"});
  scratch_directory scratch;
  nlohmann::json whole{{"listen", "127.0.0.1:0"}, {"upstreams", {"127.0.0.1:1"}}};
  whole.update(r.configuration);
  std::ofstream(scratch.path() / "g.json") << whole.dump();
  finished const f = run_gateway({"--config", (scratch.path() / "g.json").string(), "--check"});
  INFO(f.errors);
  CHECK(f.exit_code == 2);
  CHECK(std::count(f.errors.begin(), f.errors.end(), '\n') == 1);
  CHECK(f.errors.find(r.mentions) != std::string::npos);
}
