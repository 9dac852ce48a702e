// One address in many spellings, wherever addresses are compared, and what proxies say that is not understood.
#include "tests/gateway/net/conversation.hpp"

#include <boost/asio/ip/address.hpp>
#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;
using tests::live::serves_as;

namespace {

unsigned ask_admin(configured_gateway& gateway, std::string const& method, std::string const& address) {
  return client(gateway->admin_port())
      .exchange(method + " /upstreams/" + address + " HTTP/1.1\r\nHost: [::1]:9\r\nContent-Length: 0\r\n\r\n")
      .status;
}

std::size_t lines_with(configured_gateway& gateway, std::string const& text) {
  std::string const errors = gateway->process().errors();
  std::size_t n = 0;
  for (std::size_t at = errors.find(text); at != std::string::npos; at = errors.find(text, at + 1)) ++n;
  return n;
}

}

TEST_CASE("a proxy that spells an address in its own way is understood: in X-Accel, X-Backend and Location") {
  char const* const host = GENERATE("127.0.0.1", "[::ffff:127.0.0.1]", "[::FFFF:7F00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
                                    "[0000::ffff:7f00:0001]");
  INFO(host);
  scripted_upstream owner{serves_as()}, other{serves_as()};
  std::string const spelt = std::string(host) + ":0" + std::to_string(owner.port());
  owner.set_script([&](upstream_request const& r) {
    return r.target == "/moved" ? script_answer{answer("Location: http://" + spelt + "/new\r\n", "", "302 Found")}
                                : served_by(spelt);
  });
  other.set_script([&](upstream_request const& r) { return redirect_to(spelt, r); });
  bool const by_range = GENERATE(false, true);
  nlohmann::json configuration = {{"guess", "round_robin"}};
  if (by_range) configuration["allow_redirects_to"] = {"127.0.0.0/8:1-65535"};
  configured_gateway gateway(by_range ? std::vector{other.address()} : std::vector{other.address(), owner.address()},
                             configuration);
  client c(gateway.port());
  for (int i = 0; i < 3; ++i) CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.count("redirects") == 1);
  CHECK(gateway.count("map_hits") == 2);
  CHECK(gateway.count("backends_refused") == 0);
  CHECK(c.exchange(request("GET", "/moved", "t")).field("Location") == "/new");
  CHECK(gateway.status()["upstreams"].size() == 2);
}

TEST_CASE("a proxy in an allowed range that nobody met yet is named to no client") {
  struct row {
    char const* fields;
    char const* name;
    char const* outward;
  };
  auto const r =
      GENERATE(row{"Location: http://127.9.9.9:81/a\r\n", "Location", "/a"},
               row{"Location: https://127.9.9.9:443//evil.test/x\r\n", "Location", "/.//evil.test/x"},
               row{"Location: //127.9.9.9/a\r\n", "Location", "/a"},
               row{"Location: http://[::ffff:127.9.9.9]:99/a\r\n", "Location", "/a"},
               row{"Location: http://[fd00:0::1]:8000/a\r\n", "Location", "/a"},
               row{"Location: 127.9.9.9:82/a\r\n", "Location", "/a"},
               row{"Content-Location: http://127.0.0.1:80//evil.test/x\r\n", "Content-Location", "/.//evil.test/x"},
               row{"Link: <http://127.9.9.9:80/a>; rel=next\r\n", "Link", "</a>; rel=next"},
               row{"Refresh: 0; url=http://127.9.9.9:80/a\r\n", "Refresh", "0; url=/a"},
               row{"Alt-Svc: h2=\"127.9.9.9:443\"\r\n", "Alt-Svc", ""},
               row{"Location: http://127.9.9.9:79/a\r\n", "Location", "http://127.9.9.9:79/a"},
               row{"Location: http://128.9.9.9/a\r\n", "Location", "http://128.9.9.9/a"},
               row{"Location: http://[fd00::1]:8001/a\r\n", "Location", "http://[fd00::1]:8001/a"},
               row{"Location: http://other.test:80/a\r\n", "Location", "http://other.test:80/a"});
  INFO(r.fields);
  scripted_upstream upstream{[&](upstream_request const&) { return script_answer{answer(r.fields)}; }};
  configured_gateway gateway({upstream.address()},
                             {{"allow_redirects_to", {"127.0.0.0/8:80-99", "127.0.0.0/8:443", "[fd00::/8]:8000"}}});
  CHECK(client(gateway.port()).exchange(request("GET", "/x", "")).field(r.name) == r.outward);
  CHECK(gateway.status()["upstreams"].size() == 1);
}

TEST_CASE("admin takes an upstream by any spelling of its address, and it stays one") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"admin_writes", true}});
  auto const count = [&] { return gateway.status()["upstreams"].size(); };
  CHECK(ask_admin(gateway, "PUT", "[0:0:0:0:0:0:0:1]:8000") == 204);
  CHECK(ask_admin(gateway, "PUT", "[::1]:08000") == 204);
  CHECK(ask_admin(gateway, "PUT", "%5B0::1%5D:8000") == 204);
  CHECK(count() == 2);
  CHECK(gateway.status()["upstreams"][1]["name"] == "[::1]:8000");
  CHECK(ask_admin(gateway, "DELETE", "[::0001]:8000") == 204);
  CHECK(count() == 1);
  CHECK(ask_admin(gateway, "PUT", "[::ffff:127.0.0.1]:" + std::to_string(upstream.port())) == 204); // known already
  CHECK(count() == 1);
  for (char const* none : {"127.1:8000", "[fe80::1%25lo]:8000", "[::1]", "1:80", "::1:8000"}) {
    INFO(none);
    CHECK(ask_admin(gateway, "PUT", none) == 400);
  }
}

TEST_CASE("a configuration in another spelling changes nothing when it is reloaded") {
  scripted_upstream upstream{serves_as()};
  upstream.set_script([&](upstream_request const&) { return served_by(upstream.address()); });
  configured_gateway gateway({}, {{"upstreams", {upstream.address()}}});
  client c(gateway.port());
  c.exchange(request("GET", "/x", "t"));
  gateway.rewrite(nlohmann::json{{"upstreams", {"[::ffff:127.0.0.1]:" + std::to_string(upstream.port())}}}.dump());
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return lines_with(gateway, "configuration reloaded") == 1; }));
  CHECK(lines_with(gateway, "until a restart") == 0);
  CHECK(gateway.status()["upstreams"][0]["hops"] == 1);
  c.exchange(request("GET", "/x", "t"));
  CHECK(gateway.count("map_hits") == 1);
}

TEST_CASE("a redirect may lead into an allowed range of IPv6") {
  scripted_upstream upstream{serves_as()};
  auto const status_of = [&](std::string const& target) {
    configured_gateway g({upstream.address()}, {{"allow_redirects_to", {"[::/127]:1", "[FD00::/8]:8000-8999"}},
                                                {"max_retries", 0},
                                                {"timeouts", {{"connect", "50ms"}}}});
    upstream.set_script([&](upstream_request const& r) { return redirect_to(target, r); });
    return client(g.port()).exchange(request("GET", "/x", "")).field("Proxy-Status");
  };
  CHECK(status_of("[::1]:1").find("destination_ip_prohibited") == std::string::npos); // it is tried
  CHECK(status_of("[::2]:1").find("destination_ip_prohibited") != std::string::npos);
  CHECK(status_of("[::1]:2").find("destination_ip_prohibited") != std::string::npos);
  CHECK(status_of("[fd00::1]:9000").find("destination_ip_prohibited") != std::string::npos);
}

TEST_CASE("what proxies say and nobody understands is said once for each of them, and counted each time") {
  struct row {
    char const* name;
    char const* fields; // of the answers
    char const* counter;
    char const* mentions;
    unsigned status;
  };
  auto const r =
      GENERATE(row{"X-Backend with a user", "X-Backend: http://u@h:1\r\n", "backends_malformed",
                   "says X-Backend: \"http://u@h:1\"", 200},
               row{"two of them", "X-Backend: http://a:1\r\nX-Backend: http://b:1\r\n", "backends_malformed",
                   "X-Backend: \"\"", 200},
               row{"a negative epoch", "X-Session-Epoch: -1\r\n", "epochs_malformed", "X-Session-Epoch: \"-1\"", 200},
               row{"an epoch of 65 bits", "X-Session-Epoch: 18446744073709551616\r\n", "epochs_malformed",
                   "\"18446744073709551616\"", 200},
               row{"a date for an epoch", "X-Session-Epoch: 2026-11-28\r\n", "epochs_malformed", "\"2026-11-28\"", 200},
               row{"a long one",
                   "X-Session-Epoch: "
                   "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111111\r\n",
                   "epochs_malformed", "…\"", 200},
               row{"X-Accel without a port", "X-Accel-Redirect: /internal_redirect/127.0.0.1/x\r\n",
                   "redirects_refused_malformed", "X-Accel-Redirect", 502},
               row{"X-Accel to an old form", "X-Accel-Redirect: /internal_redirect/127.1:80/x\r\n",
                   "redirects_refused_malformed", "127.1:80", 502});
  INFO(r.name);
  scripted_upstream a{[&](upstream_request const&) { return script_answer{answer(r.fields)}; }};
  scripted_upstream b{[&](upstream_request const&) { return script_answer{answer(r.fields)}; }};
  configured_gateway gateway({a.address(), b.address()}, {{"guess", "round_robin"}});
  client c(gateway.port());
  for (int i = 0; i < 10; ++i) CHECK(c.exchange(request("GET", "/x", "t")).status == r.status);
  CHECK(gateway.count(r.counter) == 10);
  CHECK(gateway->admin("/metrics").find("crest_gateway_" + std::string(r.counter) + "_total 10") != std::string::npos);
  CHECK(lines_with(gateway, r.mentions) == 2); // one per upstream
  CHECK(lines_with(gateway, a.address() + " says ") == 1);
}

TEST_CASE("what a trusted proxy writes of its clients is understood, or said once and counted") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()},
                             {{"trusted_proxies", {"::ffff:127.0.0.0/104"}},
                              {"limits", {{"requests_per_address", {{"per_second", 0.01}, {"burst", 1}}}}}});
  client c(gateway.port());
  auto const ask = [&](std::string const& from) {
    return c.exchange(request("GET", "/x", "", "X-Forwarded-For: " + from + "\r\n")).status;
  };
  for (char const* from : {"203.0.113.1:4711", "\"203.0.113.2\"", "[2001:db8:1::1]:443", "2001:db8:2::1%eth0",
                           "::ffff:203.0.113.3", "203.0.113.4, ,", "203.0.113.5, 127.0.0.9:80"}) {
    INFO(from);
    CHECK(ask(from) == 200);
    CHECK(ask(from) == 429);
  }
  CHECK(gateway.count("forwarded_for_malformed") == 0);
  CHECK(ask("unknown") == 200); // the proxy's own address
  CHECK(ask("_hidden") == 429);
  CHECK(gateway.count("forwarded_for_malformed") == 0);
  for (int i = 0; i < 3; ++i) CHECK(ask("client.example") == 429);
  CHECK(gateway.count("forwarded_for_malformed") == 3);
  CHECK(lines_with(gateway, "proxy 127.0.0.1 says X-Forwarded-For: \"client.example\"") == 1);
}
