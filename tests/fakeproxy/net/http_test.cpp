#include "base/journal/journal.hpp"
#include "cluster_process.hpp"
#include "fakeproxy/resources/echo.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy;
using namespace fakeproxy::net::testing;
using nlohmann::json;

namespace {

json small_cluster(scratch const& s) {
  json nodes = json::array();
  for (int i = 0; i < 2; ++i) nodes.push_back({{"role", "sol"}, {"index", i}, {"listen", "127.0.0.1:0"}});
  for (int i = 0; i < 2; ++i) nodes.push_back({{"role", "proxy"}, {"index", i}, {"listen", "127.0.0.1:0"}});
  return {{"token_key", key_text},
          {"admin", "127.0.0.1:0"},
          {"journal_directory", (s.path() / "journals").string()},
          {"sols", {"127.0.0.1:0", "127.0.0.1:0"}},
          {"nodes", nodes}};
}

/// Two proxies and two sols in one process; character 7 has its session at proxy[0].
struct fixture {
  scratch files;
  child process{small_cluster(files), files.path()};
  std::string owner = process.address("proxy[0]", "http");
  std::string other = process.address("proxy[1]", "http");
  fixture() { REQUIRE(get(owner, "/", bearer(7)).status == 200); }

  std::vector<journal::proxy_hop> hops(int proxy) const {
    return journal::read<journal::proxy_hop>(
        files.path() / "journals" / ("proxy[" + std::to_string(proxy) + "].journal"), "proxy_hop");
  }
};

std::string echoed_fields(std::initializer_list<std::pair<char const*, std::string>> fields) {
  resources::fields_digest digest;
  for (auto const& [name, value] : fields) digest.add(name, value);
  return digest.text();
}

std::string echoed_body(std::string_view body) {
  resources::body_digest digest;
  digest.add(body);
  return digest.text();
}

}

TEST_CASE_METHOD(fixture, "a served answer says who served, and what was read") {
  auto const a = get(owner, "/a%20b/?q=%2F", bearer(7) + "Lab-Request: 41\r\nAccept: a\r\nCookie: c\r\nAccept: b\r\n");
  CHECK(a.status == 200);
  CHECK(a["x-backend"] == "http://" + owner);
  CHECK(a["lab-proxy"] == "proxy[0]");
  CHECK(a["lab-character"] == "7");
  CHECK(a["lab-epoch"] == "1");
  CHECK(a["lab-method"] == "GET");
  CHECK(a["lab-target"] == "/a%2520b/?q=%252F");
  CHECK(
      a["lab-fields"] ==
      echoed_fields({{"authorization", bearer(7).substr(15, 47)}, {"accept", "a"}, {"cookie", "c"}, {"accept", "b"}}));
  CHECK(a["lab-body"] == echoed_body(""));
  CHECK(a.body == resources::answer_body(41, 7, 256));
  auto const taken_down = hops(0).back();
  CHECK(taken_down.request == 41);
  CHECK(taken_down.outcome == journal::hop_outcome::served);
  CHECK(taken_down.character == 7);
  CHECK(taken_down.epoch == 1);
  CHECK(taken_down.status == 200);
  CHECK(taken_down.answered_ns >= taken_down.received_ns);
  CHECK(std::to_string(taken_down.incarnation) == a["lab-incarnation"]);
}

TEST_CASE_METHOD(fixture, "a redirect carries the target byte for byte, and the owner serves it") {
  std::vector<std::string> const targets{
      "/",         "/a?",        "/a%2Fb%3f%25%23%2B", "/a//../b/./c", "/?x=1&y=%00&z",
      "/\xc3\xa9", "//host/p?q", "/a;b,c=d'(e)*",      "/%zz%",        "/a?b?c#d"};
  for (std::string const& target : targets) {
    INFO("target " << target);
    auto const a = get(other, target, bearer(7) + "Lab-Request: 5\r\n");
    CHECK(a.status == 200);
    CHECK(a.body.empty());
    CHECK(a["content-length"] == "0");
    CHECK(a["x-backend"].empty());
    auto const [address, sent_on] = redirect_of(a);
    CHECK(address == owner);
    CHECK(sent_on == target);
    auto const served = get(address, sent_on, bearer(7));
    CHECK(served["lab-target"] == resources::escape_target(target));
    CHECK(served["x-session-epoch"] == served["lab-epoch"]);
    CHECK_FALSE(served["x-session-epoch"].empty());
  }
  auto const taken_down = hops(1).back();
  CHECK(taken_down.outcome == journal::hop_outcome::redirected);
  CHECK(taken_down.target == hops(0).back().incarnation);
}

TEST_CASE_METHOD(fixture, "a token finds its session however its scheme is spelt (RFC 9110 11.4)") {
  std::string const token = bearer(7).substr(22);
  for (char const* scheme : {"bearer ", "BEARER ", "beareR  ", "Bearer \t ", "Bearer\t"}) {
    INFO(scheme);
    CHECK(get(owner, "/", std::string("Authorization: ") + scheme + token)["lab-character"] == "7");
  }
  for (char const* scheme : {"Bearer", "Bearers ", "Basic ", ""}) {
    INFO(scheme);
    CHECK(get(owner, "/", std::string("Authorization: ") + scheme + token).status == 401);
  }
}

TEST_CASE_METHOD(fixture, "a token that is not ours gets 401 without X-Backend, none at all is served by any proxy") {
  for (std::string const& field : {std::string("Authorization: Bearer junk\r\n"), std::string("Authorization: x\r\n"),
                                   bearer(7).substr(0, 50) + "\r\n", bearer(7) + bearer(7)}) {
    auto const a = get(owner, "/", field);
    CHECK(a.status == 401);
    CHECK(a["x-backend"].empty());
    CHECK(a["x-accel-redirect"].empty());
  }
  CHECK(hops(0).back().outcome == journal::hop_outcome::unauthorized);
  for (std::string const& address : {owner, other}) {
    auto const a = get(address, "/x");
    CHECK(a.status == 200);
    CHECK(a["x-backend"].empty());
    CHECK(a["lab-character"].empty());
  }
}

TEST_CASE_METHOD(fixture, "HEAD, POST and DELETE are answered as their methods ask, on one connection") {
  client c(owner);
  auto const head = c.ask("HEAD /h HTTP/1.1\r\nHost: x\r\n" + bearer(7) + "\r\n");
  CHECK(head.status == 200);
  CHECK(head["content-length"] == "256");
  auto const post = c.ask("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" + bearer(7) + "\r\nabc");
  CHECK(post.status == 201);
  CHECK(post["lab-body"] == echoed_body("abc"));
  auto const remove = c.ask("DELETE /d HTTP/1.1\r\nHost: x\r\n" + bearer(7) + "\r\n");
  CHECK(remove.status == 204);
  CHECK(remove["content-length"].empty());
  CHECK(c.ask("GET /g HTTP/1.1\r\nHost: x\r\n" + bearer(7) + "\r\n").status == 200);
}

TEST_CASE_METHOD(fixture, "a chunked body is read whole, however it is cut into packets") {
  std::string const request = "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + bearer(7) +
                              "\r\n4\r\nWiki\r\n6;ext=1\r\npedia \r\n0\r\n\r\n";
  client c(owner);
  for (std::size_t cut = 1; cut < request.size(); cut += 7) {
    c.send(std::string_view(request).substr(0, cut));
    c.send(std::string_view(request).substr(cut));
    auto const a = c.receive();
    CHECK(a.status == 200);
    CHECK(a["lab-body"] == echoed_body("Wikipedia "));
  }
}

TEST_CASE_METHOD(fixture, "pipelined requests are answered in order") {
  client c(owner);
  std::string all;
  for (int i = 1; i <= 50; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n" + bearer(7) + "Lab-Request: " + std::to_string(i) +
           "\r\n\r\n";
  c.send(all);
  for (int i = 1; i <= 50; ++i) CHECK(c.receive().body == resources::answer_body(static_cast<unsigned>(i), 7, 256));
}

TEST_CASE_METHOD(fixture, "who expects 100-continue gets it from the owner, and a redirect in its place elsewhere") {
  std::string const head =
      "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n" + bearer(7) + "\r\n";
  client here(owner);
  CHECK(here.ask(head).status == 100);
  auto const a = here.ask("abc");
  CHECK(a.status == 201);
  CHECK(a["lab-body"] == echoed_body("abc"));
  client there(other);
  CHECK(redirect_of(there.ask(head)).first == owner);
}

TEST_CASE_METHOD(fixture, "a redirect does not wait for the body, and ends the connection that carries it") {
  client c(other);
  c.send("POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n" + bearer(7) + "\r\n" + std::string(1000, 'x'));
  auto const a = c.receive();
  CHECK(redirect_of(a).first == owner);
  CHECK(a["connection"] == "close");
  CHECK(c.at_end());
}

TEST_CASE_METHOD(fixture, "what does not parse gets 400, says so, and is taken down as malformed") {
  for (std::string const& junk :
       {std::string("GET / HTTP/1.1\r\nno colon\r\n\r\n"), std::string("\x16\x03\x01 junk\r\n\r\n"),
        std::string("GET /a b HTTP/1.1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n")}) {
    INFO(junk);
    client c(owner);
    auto const a = c.ask(junk);
    CHECK(a.status == 400);
    CHECK(a["lab-error"] == "malformed");
    CHECK(c.at_end());
    CHECK(hops(0).back().outcome == journal::hop_outcome::malformed);
  }
}

TEST_CASE_METHOD(fixture, "a game-state request is applied once, however often it is sent") {
  std::string const fields = bearer(7) + "Lab-Request: 900\r\n";
  for (int i = 0; i < 3; ++i) CHECK(post(owner, "/move", fields, "x").status == 201);
  CHECK(get(owner, "/characters/7/", bearer(7) + "Lab-Request: 901\r\n").status == 200);
  CHECK(get(owner, "/types/", bearer(7) + "Lab-Request: 902\r\n").status == 200);
  auto const events = journal::read<journal::sol_event>(files.path() / "journals" / "sol[1].journal", "sol_event");
  std::map<std::pair<journal::request_id, journal::sol_event_kind>, int> counted;
  for (auto const& event : events) ++counted[{event.request, event.kind}];
  CHECK(counted[{900, journal::sol_event_kind::applied}] == 1);
  CHECK(counted[{900, journal::sol_event_kind::duplicate}] == 2);
  CHECK(counted[{901, journal::sol_event_kind::applied}] == 1);
  CHECK(counted[{902, journal::sol_event_kind::applied}] == 0);
}

TEST_CASE_METHOD(fixture, "HTTP/1.0 closes unless asked to stay") {
  client closing(owner);
  auto const a = closing.ask("GET / HTTP/1.0\r\n\r\n");
  CHECK(a.status == 200);
  CHECK(closing.at_end());
  client staying(owner);
  auto const b = staying.ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(b["connection"] == "keep-alive");
  CHECK(staying.ask("GET / HTTP/1.0\r\n\r\n").status == 200);
}

TEST_CASE_METHOD(fixture, "sessions move between proxies, and SIGTERM ends the process cleanly") {
  auto const moved = post(process.admin(), "/nodes/sol[1]/moves", "", R"({"characters":[7,9],"to":"proxy[1]"})");
  CHECK(moved.body == R"({"moved":1})"); // 9 has no session
  CHECK(redirect_of(get(owner, "/", bearer(7))).first == other);
  CHECK(get(other, "/", bearer(7))["lab-epoch"] == "2");
  CHECK(post(process.admin(), "/nodes/proxy[0]/logins", "", R"({"characters":[7,9,10]})").body == R"({"granted":2})");
  CHECK(redirect_of(get(other, "/", bearer(9))).first == owner);
  CHECK(post(process.admin(), "/nodes/sol[0]/moves", "", R"({"characters":[7]})").status == 400);
  CHECK(get(process.admin(), "/nodes/sol[5]/notifications").status == 404);
  CHECK(process.stop() == 0);
}
