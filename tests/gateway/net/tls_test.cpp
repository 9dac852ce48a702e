// TLS between clients and the gateway, and between the gateway and upstreams.
#include "gateway/net/tls/tls.hpp"
#include "tests/gateway/net/conversation.hpp"
#include "tests/gateway/net/secure_client.hpp"

#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

using namespace tests::gateway_net;
using namespace std::chrono_literals;
using tests::live::answer;
using tests::live::serves_as;

namespace {

nlohmann::json tls_listener() { return {{"address", "127.0.0.1:0"}, {"tls", true}}; }

/// One TLS listener with certificates for these names.
nlohmann::json with_tls(test_ca const& ca, std::vector<std::string> const& names = {"localhost"}) {
  nlohmann::json certificates = nlohmann::json::array();
  for (std::string const& name : names)
    certificates.push_back({{"certificate", ca.file(name + ".pem")}, {"key", ca.file(name + ".key")}});
  return {{"listen", {tls_listener()}}, {"tls", {{"certificates", certificates}}}};
}

std::string const get = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Bytes that each differ from their neighbours.
std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i != size; ++i) bytes[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return bytes;
}

/// For checks of values that are too long to be printed.
bool is_true(bool value) { return value; }

std::string text_of(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}

TEST_CASE("requests and answers of any size pass through TLS 1.2 and 1.3") {
  test_ca const ca;
  std::string const large = pattern(3'000'001);
  std::string received;
  scripted_upstream upstream([&](upstream_request const& r) {
    received = r.body;
    return script_answer{answer("X-Backend: http://127.0.0.1:1\r\n", r.target == "/large" ? large : "small")};
  });
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    secure_client c(gateway.port(), {.ca_file = ca.file("ca.pem"), .lowest = version, .highest = version});
    REQUIRE(c.connected());
    CHECK(c.protocol() == (version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3"));
    CHECK(c.exchange(get).ends_with("\r\n\r\nsmall"));
    CHECK(upstream.requests().back().field("X-Forwarded-Proto") == "https");
    CHECK(is_true(c.exchange("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").ends_with("\r\n\r\n" + large)));
    c.exchange("POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(large.size()) + "\r\n\r\n" +
               large);
    CHECK(is_true(received == large));
    c.send(get + get); // pipelined
    CHECK(c.read_until("small").find("200 OK") != std::string::npos);
    CHECK(c.read_until("small").find("200 OK") != std::string::npos);
  }
  CHECK(eventually([&] { return gateway.count("tls_handshakes") == 2; }));
  CHECK(gateway.count("tls_failures") == 0);
}

TEST_CASE("a slow reader gets every byte of a large answer over TLS") {
  test_ca const ca;
  std::string const large = pattern(6'000'000);
  scripted_upstream upstream([&](upstream_request const&) { return script_answer{answer("", large)}; });
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  secure_client c(gateway.port(), {.receive_buffer = 4096});
  c.send(get);
  REQUIRE(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  CHECK(is_true(c.read(large.size()) == large));
}

TEST_CASE("the certificate is chosen by the name that the client asks for") {
  test_ca const ca({"localhost", "a.crest.test", "wildcard.b.crest.test"});
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()},
                             with_tls(ca, {"localhost", "a.crest.test", "wildcard.b.crest.test"}));
  auto const chosen = [&](std::string const& name) {
    return secure_client(gateway.port(), {.server_name = name}).certificate_name();
  };
  CHECK(chosen("a.crest.test") == "a.crest.test");
  CHECK(chosen("A.CREST.TEST") == "a.crest.test");
  CHECK(chosen("x.b.crest.test") == "*.b.crest.test");
  CHECK(chosen("x.y.b.crest.test") == "localhost"); // a wildcard covers one label
  CHECK(chosen("unknown.test") == "localhost");
  CHECK(chosen("") == "localhost");
  CHECK(secure_client(gateway.port(), {.server_name = "a.crest.test", .ca_file = ca.file("ca.pem")}).connected());
}

TEST_CASE("ALPN settles on HTTP/1.1, or ends the handshake") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  CHECK(secure_client(gateway.port(), {.alpn = {"h2", "http/1.1"}}).alpn() == "http/1.1");
  CHECK(secure_client(gateway.port()).alpn().empty());
  CHECK_FALSE(secure_client(gateway.port(), {.alpn = {"h2"}}).connected());
  CHECK(eventually([&] { return gateway.count("tls_failures") == 1; }));
}

TEST_CASE("old versions of TLS are refused, and TLS 1.2 where the configuration says so") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  CHECK_FALSE(secure_client(gateway.port(), {.lowest = TLS1_1_VERSION, .highest = TLS1_1_VERSION}).connected());
  auto modern = with_tls(ca);
  modern["tls"]["lowest_version"] = "1.3";
  configured_gateway strict({upstream.address()}, modern);
  CHECK_FALSE(secure_client(strict.port(), {.highest = TLS1_2_VERSION}).connected());
  CHECK(secure_client(strict.port()).protocol() == "TLSv1.3");
}

TEST_CASE("sessions are resumed by tickets, also after a reload") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    secure_client first(gateway.port(), {.lowest = version, .highest = version});
    first.exchange(get);
    CHECK_FALSE(first.resumed());
    auto const session = first.session();
    secure_client second(gateway.port(), {.lowest = version, .highest = version, .resume = session.get()});
    CHECK(second.resumed());
    CHECK(second.exchange(get).starts_with("HTTP/1.1 200"));
    gateway->process().signal(SIGHUP);
    REQUIRE(
        eventually([&] { return gateway->process().errors().find("configuration reloaded") != std::string::npos; }));
    secure_client third(gateway.port(), {.lowest = version, .highest = version, .resume = session.get()});
    CHECK(third.resumed());
    third.exchange(get);
    auto const next = third.session(); // each resumed session can be resumed again
    secure_client fourth(gateway.port(), {.lowest = version, .highest = version, .resume = next.get()});
    CHECK(fourth.resumed());
  }
  CHECK(eventually([&] { return gateway.count("tls_resumed") == 6; })); // a client is done before the gateway is

  auto without = with_tls(ca);
  without["tls"]["ticket_key_lifetime"] = "off";
  configured_gateway forgetful({upstream.address()}, without);
  secure_client first(forgetful.port());
  first.exchange(get);
  auto const session = first.session();
  secure_client second(forgetful.port(), {.resume = session.get()});
  CHECK(second.connected());
  CHECK_FALSE(second.resumed());
}

TEST_CASE("a session is resumed under the name that it began with, and under no other (RFC 6066 3)") {
  test_ca const ca({"localhost", "a.crest.test", "wildcard.b.crest.test"});
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()},
                             with_tls(ca, {"localhost", "a.crest.test", "wildcard.b.crest.test"}));
  // Some get one certificate, some another; a name may have none.
  std::vector<std::string> const names{
      "localhost", "a.crest.test", "x.b.crest.test", "y.b.crest.test",  "unknown.test", "unknown2.test",
      "",          "crest.test",   "a.crest.testx",  "xx.b.crest.test", "A.Crest.Test"};
  for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION})
    for (std::string const& from : names) {
      secure_client first(gateway.port(), {.server_name = from, .lowest = version, .highest = version});
      first.exchange(get);
      auto const session = first.session();
      for (std::string const& to : names) {
        // OpenSSL's client never resumes a session whose connection ended without close_notify.
        std::shared_ptr<SSL_SESSION> const copy(SSL_SESSION_dup(session.get()), SSL_SESSION_free);
        INFO((version == TLS1_2_VERSION ? "TLS 1.2" : "TLS 1.3") << " from \"" << from << "\" to \"" << to << "\"");
        secure_client second(gateway.port(),
                             {.server_name = to, .lowest = version, .highest = version, .resume = copy.get()});
        CHECK(second.connected());
        auto const in_lower_case = [](std::string const& name) {
          return name == "A.Crest.Test" ? std::string("a.crest.test") : name;
        };
        bool const is_same = in_lower_case(from) == in_lower_case(to);
        if (!is_same) CHECK_FALSE(second.resumed());
        if (from == to) CHECK(second.resumed());
        if (!is_same)
          CHECK(second.certificate_name() == secure_client(gateway.port(), {.server_name = to}).certificate_name());
        CHECK(second.exchange(get).starts_with("HTTP/1.1 200"));
      }
    }
}

TEST_CASE("the order of ciphers is the client's by default, and the server's where it names them") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  std::string const small = "ECDHE-ECDSA-AES128-GCM-SHA256", large = "ECDHE-ECDSA-AES256-GCM-SHA384",
                    chacha = "ECDHE-ECDSA-CHACHA20-POLY1305";
  auto const chosen = [&](configured_gateway& gateway, std::string const& offered) {
    return secure_client(gateway.port(), {.highest = TLS1_2_VERSION, .ciphers = offered}).cipher();
  };
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  for (std::string const& first : {small, large, chacha})
    CHECK(chosen(gateway, first + ":" + small + ":" + large + ":" + chacha) == first);
  auto ordered = with_tls(ca);
  ordered["tls"]["ciphers"] = large + ":" + small + ":" + chacha;
  configured_gateway strict({upstream.address()}, ordered);
  CHECK(chosen(strict, small + ":" + large) == large);
  CHECK(chosen(strict, small + ":" + chacha + ":" + large) == large);
  CHECK(chosen(strict, small + ":" + chacha) == small);
  CHECK(chosen(strict, chacha + ":" + small + ":" + large) == chacha); // a client without AES in hardware
}

TEST_CASE("a ticket's key opens for one lifetime longer than it seals") {
  using gateway::net::ticket_keys;
  ticket_keys keys(10s);
  ticket_keys::time const start{1000s};
  auto const first = keys.sealing(start);
  CHECK(keys.sealing(start + 9s).name == first.name);
  auto const second = keys.sealing(start + 10s);
  CHECK(second.name != first.name);
  CHECK(second.cipher != first.cipher);
  CHECK(second.mac != first.mac);
  auto const old = keys.opening(first.name, start + 19s);
  REQUIRE(old);
  CHECK_FALSE(old->is_present); // a new ticket is due
  CHECK(old->with.cipher == first.cipher);
  CHECK(keys.opening(second.name, start + 19s)->is_present);
  CHECK_FALSE(keys.opening(first.name, start + 20s));
  CHECK(keys.opening(second.name, start + 20s));
  CHECK_FALSE(keys.opening(second.name, start + 100s)); // too old, though nothing was asked for in between
}

TEST_CASE("a reload takes a new certificate, and drops no connection") {
  test_ca ca;
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  secure_client before(gateway.port(), {.ca_file = ca.file("ca.pem")});
  REQUIRE(before.exchange(get).starts_with("HTTP/1.1 200"));
  ca.replace("localhost");
  CHECK_FALSE(secure_client(gateway.port(), {.ca_file = ca.file("ca.pem")}).connected());
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return secure_client(gateway.port(), {.ca_file = ca.file("ca.pem")}).connected(); }));
  CHECK(before.exchange(get).starts_with("HTTP/1.1 200"));

  std::ofstream(ca.file("localhost.pem")) << "nothing of use";
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return gateway->process().errors().find("not reloaded") != std::string::npos; }));
  CHECK(gateway->process().errors().find("localhost.pem") != std::string::npos);
  CHECK(secure_client(gateway.port(), {.ca_file = ca.file("ca.pem")}).connected());
  CHECK(before.exchange(get).starts_with("HTTP/1.1 200"));
}

TEST_CASE("who speaks HTTP to a TLS port is told so") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  client plain(gateway.port());
  auto const told = plain.exchange(get);
  CHECK(told.status == 400);
  CHECK(told.body.find("HTTPS") != std::string::npos);
  CHECK(plain.closed());
  raw_connection garbage(gateway.port());
  garbage.send("\x16\x03\x01\xff\xff garbage that is no hello");
  garbage.half_close();
  garbage.read_all();
  CHECK(secure_client(gateway.port()).exchange(get).starts_with("HTTP/1.1 200"));
  CHECK(upstream.requests().size() == 1);
}

TEST_CASE("a client that never shakes hands is let go") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  auto configuration = with_tls(ca);
  configuration["timeouts"] = {{"client_head", "300ms"}};
  configured_gateway gateway({upstream.address()}, configuration);
  raw_connection silent(gateway.port());
  CHECK(silent.closed());
  raw_connection half(gateway.port());
  half.send("\x16\x03\x01");
  CHECK(half.closed());
}

TEST_CASE("a drain does not wait for who never shook hands") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  auto configuration = with_tls(ca);
  configuration["timeouts"] = {{"drain", "1h"}};
  configured_gateway gateway({upstream.address()}, configuration);
  raw_connection silent(gateway.port());
  REQUIRE(eventually([&] { return gateway.count("connections") == 1; }));
  gateway->process().signal(SIGTERM);
  CHECK(silent.closed());
  CHECK(gateway->process().wait() == 0);
}

TEST_CASE("a reload that says nothing of TLS any more changes nothing where it is spoken") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  auto configuration = with_tls(ca);
  configuration["tls"]["hsts"] = {{"max_age", "1h"}};
  configured_gateway gateway({upstream.address()}, configuration);
  gateway.rewrite(R"({"listen": ["127.0.0.1:0"]})");
  gateway->process().signal(SIGHUP);
  REQUIRE(eventually([&] { return gateway->process().errors().find("configuration reloaded") != std::string::npos; }));
  CHECK(secure_client(gateway.port()).exchange(get).find("max-age=3600") != std::string::npos);
}

TEST_CASE("HSTS is on every answer over TLS, and only there") {
  test_ca const ca;
  scripted_upstream upstream(
      [](upstream_request const&) { return script_answer{answer("Strict-Transport-Security: max-age=1\r\n")}; });
  auto configuration = with_tls(ca);
  configuration["tls"]["hsts"] = {{"max_age", "1h"}, {"include_subdomains", true}};
  std::string const header = "\r\nStrict-Transport-Security: max-age=3600; includeSubDomains\r\n";
  configured_gateway gateway({upstream.address()}, configuration);
  secure_client c(gateway.port());
  std::string const forwarded = c.exchange(get);
  CHECK(forwarded.find(header) != std::string::npos);
  CHECK(forwarded.find("max-age=1\r\n") == std::string::npos);
  CHECK(c.exchange("GET /internal_redirect/a HTTP/1.1\r\nHost: localhost\r\n\r\n").find(header) != std::string::npos);

  configuration["listen"] = {"127.0.0.1:0"};
  configured_gateway plain({upstream.address()}, configuration);
  CHECK(client(plain.port()).exchange(get).field("Strict-Transport-Security") == "max-age=1");
}

TEST_CASE("a listener without TLS can send clients to one that has it") {
  scripted_upstream upstream(serves_as());
  auto const listener_settings = [](unsigned port) {
    return nlohmann::json{{"listen", {{{"address", "127.0.0.1:0"}, {"redirect_to_https", port}}}}};
  };
  configured_gateway gateway({upstream.address()}, listener_settings(443));
  client c(gateway.port());
  auto const moved = c.exchange("GET /a%20b?q HTTP/1.1\r\nHost: crest.test:8080\r\n\r\n");
  CHECK(moved.status == 301);
  CHECK(moved.field("Location") == "https://crest.test/a%20b?q");
  auto const v6 = c.exchange("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n");
  CHECK(v6.field("Location") == "https://[::1]/");
  auto const post = c.exchange("POST /p HTTP/1.1\r\nHost: crest.test\r\nContent-Length: 2\r\n\r\nab");
  CHECK(post.status == 308);
  CHECK(post.field("Location") == "https://crest.test/p");
  configured_gateway other({upstream.address()}, listener_settings(8443));
  CHECK(client(other.port()).exchange(get).field("Location") == "https://localhost:8443/x");
  CHECK(client(other.port()).exchange("GET / HTTP/1.0\r\n\r\n").status == 400); // names no host
  CHECK(client(other.port()).exchange("GET / HTTP/1.1\r\nHost: :8080\r\n\r\n").status == 400);
  CHECK(upstream.requests().empty());
}

TEST_CASE("an answer that breaks off does not end in form") {
  test_ca const ca;
  scripted_upstream upstream([](upstream_request const& r) {
    if (r.target == "/whole") return script_answer{"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall", true};
    return script_answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true};
  });
  configured_gateway gateway({upstream.address()}, with_tls(ca));
  secure_client whole(gateway.port());
  whole.send("GET /whole HTTP/1.0\r\nHost: localhost\r\n\r\n");
  CHECK(whole.read_until("all").ends_with("all"));
  CHECK(whole.ends_in_form());
  secure_client part(gateway.port());
  part.send("GET /part HTTP/1.0\r\nHost: localhost\r\n\r\n"); // its body ends with the connection
  CHECK(part.read_until("abc").ends_with("abc"));
  CHECK_FALSE(part.ends_in_form());
}

TEST_CASE("upstreams can speak TLS, and have to prove who they are") {
  test_ca const ca({"localhost", "proxies.test"});
  std::string const large = pattern(500'000);
  std::string received;
  scripted_upstream served([&](upstream_request const& r) {
    received = r.body;
    return script_answer{answer("", large)};
  });
  // Another gateway is the upstream that speaks TLS.
  configured_gateway upstream({served.address()}, with_tls(ca, {"localhost", "proxies.test"}));
  std::string const address = "127.0.0.1:" + std::to_string(upstream.port());
  auto const towards = [&](nlohmann::json const& tls) {
    return nlohmann::json{{"upstream_tls", tls}, {"max_retries", 0}};
  };
  configured_gateway trusting({address}, towards({{"ca_file", ca.file("ca.pem")}}));
  client c(trusting.port());
  CHECK(is_true(c.exchange(get).body == large));
  CHECK(is_true(c.exchange(request("POST", "/p", "", "", large)).body == large));
  CHECK(is_true(received == large));
  CHECK(upstream.count("connections") == 1); // kept alive

  configured_gateway named({address}, towards({{"ca_file", ca.file("ca.pem")}, {"server_name", "proxies.test"}}));
  CHECK(client(named.port()).exchange(get).status == 200);
  configured_gateway misled({address}, towards({{"ca_file", ca.file("ca.pem")}, {"server_name", "other.test"}}));
  auto const refused = client(misled.port()).exchange(get);
  CHECK(refused.status == 502);
  CHECK(refused.field("Proxy-Status").find("error=tls_certificate_error") != std::string::npos);
  configured_gateway distrusting({address}, towards(nlohmann::json::object())); // the system's authorities
  CHECK(client(distrusting.port()).exchange(get).status == 502);
  configured_gateway careless({address}, towards({{"verify", false}}));
  CHECK(client(careless.port()).exchange(get).status == 200);
  configured_gateway plain({served.address()}, towards({{"verify", false}}));
  CHECK(client(plain.port()).exchange(get).field("Proxy-Status").find("error=tls_protocol_error") != std::string::npos);
}

TEST_CASE("a configuration with unusable certificates gets one line, before anything is bound") {
  test_ca const ca({"localhost", "other.test"});
  auto const complaint = [&](std::string const& certificate, std::string const& key) {
    auto const done = run_gateway({"--check", "--listen-tls", "127.0.0.1:0", "--upstream", "127.0.0.1:1",
                                   "--certificate", ca.file(certificate), "--key", ca.file(key)});
    CHECK(done.exit_code == 2);
    CHECK(std::count(done.errors.begin(), done.errors.end(), '\n') == 1);
    return done.errors;
  };
  CHECK(complaint("missing.pem", "localhost.key").find("missing.pem") != std::string::npos);
  CHECK(complaint("localhost.key", "localhost.key").find("localhost.key") != std::string::npos);
  CHECK(complaint("localhost.pem", "other.test.key").find("other.test.key") != std::string::npos);
  auto const check = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--check", "--upstream", "127.0.0.1:1"});
    return run_gateway(arguments);
  };
  auto const bare = check({"--listen-tls", "127.0.0.1:0"});
  CHECK(bare.exit_code == 2);
  CHECK(bare.errors.find("no certificate") != std::string::npos);
  CHECK(check({"--listen-tls", "127.0.0.1:0", "--certificate", ca.file("localhost.pem")}).exit_code == 2);
  CHECK(check({"--listen-tls", "127.0.0.1:0", "--certificate", ca.file("localhost.pem"), "--key",
               ca.file("localhost.key")})
            .exit_code == 0);
}

TEST_CASE("the access log says which version of TLS a request came by") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()}, with_tls(ca), {"--access-log", ca.file("log")});
  secure_client(gateway.port(), {.highest = TLS1_2_VERSION}).exchange(get);
  gateway->process().signal(SIGTERM); // which writes it out
  gateway->process().wait();
  CHECK(text_of(ca.file("log")).find(R"("tls":"TLSv1.2")") != std::string::npos);
}
