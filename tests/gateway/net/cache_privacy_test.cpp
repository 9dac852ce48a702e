// Answers meant for one client must not reach another by a detour: validation, HEAD, late answers, odd fields.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;

namespace {

nlohmann::json with_facts() {
  return with_cache({{"session_facts", {{"fields", {"X-Session-Corporation"}}, {"max_age", "1h"}}}});
}

client_answer ask(std::uint16_t port, std::string const& path, std::string const& token = "",
                  std::string const& fields = "", std::string const& method = "GET") {
  return client(port).exchange(request(method, path, token, fields));
}

/// What a new reader gets, and whether it came from the store.
struct found {
  client_answer answer;
  bool hit = false;
};
found look(std::uint16_t port, std::string const& path, std::string const& token = "") {
  client_answer a = ask(port, path, token);
  bool const hit = a.field("Cache-Status").find("; hit") != std::string::npos;
  return {std::move(a), hit};
}

std::string const stale = "Cache-Control: public, max-age=0\r\nETag: \"1\"\r\n";

}

TEST_CASE("what a 304 says to one client does not come to others unless it is for all") {
  struct row {
    char const* says;
    bool stays;
  };
  auto const r = GENERATE(row{"Cache-Control: private, max-age=60\r\nX-User: alice\r\n", false},
                          row{"Cache-Control: no-store\r\nX-User: alice\r\n", false},
                          row{"Cache-Control: max-age=60\r\nX-User: alice\r\n", false}, // to a token, and not public
                          row{"Cache-Control: public, max-age=60\r\nVary: *\r\nX-User: alice\r\n", false},
                          row{"Cache-Control: public, max-age=60\r\nX-User: all\r\n", true});
  CAPTURE(r.says);
  scripted_upstream u{[&](upstream_request const& q) {
    return script_answer{q.field("If-None-Match").empty()
                             ? answer(stale, "x")
                             : "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n" + std::string(r.says) + "\r\n"};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  ask(gateway.port(), "/a");
  CHECK(ask(gateway.port(), "/a", "alice").status == 200);
  u.set_script([](upstream_request const&) { return script_answer{answer("Cache-Control: no-store\r\n", "asked")}; });
  found const other = look(gateway.port(), "/a");
  CHECK(other.hit == r.stays);
  CHECK(other.answer.field("X-User") == (r.stays ? "all" : ""));
}

TEST_CASE("what an answer to HEAD says to one client does not come to others") {
  scripted_upstream u{[&](upstream_request const& q) {
    return script_answer{q.method == "HEAD"
                             ? "HTTP/1.1 200 OK\r\nCache-Control: private\r\nX-User: alice\r\nContent-Length: 1\r\n\r\n"
                             : answer("Cache-Control: public, max-age=60\r\n", "x")};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  ask(gateway.port(), "/a");
  CHECK(ask(gateway.port(), "/a", "alice", "Cache-Control: no-cache\r\n", "HEAD").field("X-User") == "alice");
  CHECK(look(gateway.port(), "/a").answer.field("X-User").empty());
}

TEST_CASE("a cookie that a 304 or an answer to HEAD sets for one client does not come to others") {
  struct row {
    char const* method;
    char const* hers;
    char const* says;
    char const* others; // what others get
  };
  auto const r = GENERATE(row{"GET", "Cache-Control: no-cache\r\nCookie: alice\r\n", "", ""},
                          row{"GET", "Cache-Control: max-age=0\r\nIf-None-Match: \"1\"\r\n", "", ""},
                          row{"GET", "Pragma: no-cache\r\n", "Cache-Control: max-age=60\r\n", ""},
                          row{"HEAD", "Cache-Control: no-cache\r\n", "", ""},
                          row{"HEAD", "Pragma: no-cache\r\n", "Cache-Control: s-maxage=60\r\n", ""},
                          row{"GET", "Cache-Control: no-cache\r\n", "Cache-Control: public, max-age=60\r\n", "sid=1"});
  CAPTURE(r.method, r.hers, r.says);
  scripted_upstream u{[&](upstream_request const& q) {
    std::string const fields = "ETag: \"1\"\r\nSet-Cookie: sid=1\r\n" + std::string(r.says);
    if (q.method == "HEAD") return script_answer{"HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 1\r\n\r\n"};
    return script_answer{q.field("If-None-Match").empty()
                             ? answer("Cache-Control: public, max-age=60\r\nETag: \"1\"\r\n", "x")
                             : "HTTP/1.1 304 Not Modified\r\n" + fields + "\r\n"};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  ask(gateway.port(), "/a");
  CHECK(ask(gateway.port(), "/a", "", r.hers, r.method).field("Set-Cookie") == "sid=1");
  found const other = look(gateway.port(), "/a");
  CHECK(other.hit);
  CHECK(other.answer.field("Set-Cookie") == r.others);
}

TEST_CASE("a 304 that states another session fact does not confirm what was stored for the old one") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{}; }};
  std::atomic<bool> moved{false};
  u.set_script([&](upstream_request const& q) {
    std::string const fields = "X-Backend: http://" + u.address() +
                               "\r\nX-Session-Corporation: " + (moved ? "2" : "1") +
                               "\r\nCache-Control: public, max-age=0\r\nVary: X-Session-Corporation\r\n"
                               "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    bool const conditional = !q.field("If-Modified-Since").empty();
    return script_answer{conditional ? "HTTP/1.1 304 Not Modified\r\n" + fields + "\r\n"
                                     : answer(fields, moved ? "of 2" : "of 1")};
  });
  configured_gateway gateway({u.address()}, with_facts());
  CHECK(ask(gateway.port(), "/a", "alice").body == "of 1");
  moved = true;
  CHECK(ask(gateway.port(), "/a", "alice").body == "of 2");
}

TEST_CASE("an answer that varies on what the cluster says, but this gateway does not know of, is nobody else's") {
  scripted_upstream u{[](upstream_request const& q) {
    return script_answer{
        answer("Cache-Control: public, max-age=60\r\nVary: X-Session-Location\r\n", q.field("Authorization"))};
  }};
  configured_gateway gateway({u.address()}, with_facts());
  for (std::string const token : {"alice", "bob"}) {
    found const f = look(gateway.port(), "/a", token);
    CHECK(f.answer.body == "Bearer " + token);
    CHECK_FALSE(f.hit);
    CHECK(f.answer.field("Vary") == "*");
  }
}

TEST_CASE("answers to what is not in the key are not stored") {
  struct row {
    char const* fields;
    char const* body;
  };
  auto const r = GENERATE(row{"", "evil"}, row{"Forwarded: host=evil\r\n", ""}, row{"X_Forwarded_Host: evil\r\n", ""},
                          row{"X-Original-URL: /evil\r\n", ""}, row{"X-HTTP-Method-Override: DELETE\r\n", ""},
                          row{"X-Vhost: evil\r\n", ""}, row{"Uri: /evil\r\n", ""}, row{"WL-Proxy-SSL: true\r\n", ""});
  CAPTURE(r.fields, r.body);
  scripted_upstream u{[](upstream_request const& q) {
    return script_answer{answer("Cache-Control: public, max-age=60\r\n", "of " + q.body)};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  client(gateway.port()).exchange(request("GET", "/a", "", r.fields, r.body));
  CHECK_FALSE(look(gateway.port(), "/a").hit);
  CHECK(look(gateway.port(), "/a").hit);
}

TEST_CASE("ignored_inputs, set_cookie and obey_clients of a configuration count") {
  struct row {
    nlohmann::json cache;
    char const* first; // fields of the request that brings the answer
    char const* answer;
    char const* second;
    bool hit;
  };
  auto const r = GENERATE_COPY(
      row{nlohmann::json::object(), "X-Real-IP: 1\r\n", "Cache-Control: max-age=60\r\n", "", false},
      row{{{"ignored_inputs", {"X-Real-IP"}}}, "X-Real-IP: 1\r\n", "Cache-Control: max-age=60\r\n", "", true},
      row{{{"ignored_inputs", {"x-real-ip"}}}, "X-Host: e\r\n", "Cache-Control: max-age=60\r\n", "", false},
      row{nlohmann::json::object(), "", "Cache-Control: max-age=60\r\nSet-Cookie: a\r\n", "", false},
      row{nlohmann::json::object(), "", "Cache-Control: public, max-age=60\r\nSet-Cookie: a\r\n", "", true},
      row{{{"set_cookie", "explicit"}}, "", "Cache-Control: max-age=60\r\nSet-Cookie: a\r\n", "", true},
      row{{{"set_cookie", "never"}}, "", "Cache-Control: public, max-age=60\r\nSet-Cookie: a\r\n", "", false},
      row{nlohmann::json::object(), "", "Cache-Control: max-age=60\r\n", "Cache-Control: no-cache\r\n", false},
      row{{{"obey_clients", false}}, "", "Cache-Control: max-age=60\r\n", "Cache-Control: no-cache\r\n", true},
      row{{{"obey_clients", false}}, "", "Cache-Control: max-age=60\r\n", "Pragma: no-cache\r\n", true},
      row{{{"obey_clients", false}}, "", "Cache-Control: max-age=60\r\n", "Cache-Control: max-age=0\r\n", true});
  CAPTURE(r.cache.dump(), r.first, r.answer, r.second);
  scripted_upstream u{[&](upstream_request const&) { return script_answer{answer(r.answer, "x")}; }};
  configured_gateway gateway({u.address()}, with_cache(r.cache));
  client c(gateway.port());
  c.exchange(request("GET", "/a", "", r.first));
  c.exchange(request("GET", "/a", "", r.second));
  CHECK(gateway.count("cache_hits") == (r.hit ? 1 : 0));
}

TEST_CASE("what answers a condition or a range of one client is not the resource") {
  struct row {
    char const* fields;
    char const* status;
  };
  auto const r = GENERATE(row{"Range: bytes=99-\r\n", "416 Range Not Satisfiable"},
                          row{"If-Match: \"zz\"\r\n", "412 Precondition Failed"});
  scripted_upstream u{[&](upstream_request const& q) {
    bool const plain = q.field("Range").empty() && q.field("If-Match").empty();
    return script_answer{answer("Cache-Control: public, max-age=60\r\n", "x", plain ? "200 OK" : r.status)};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  ask(gateway.port(), "/a", "", r.fields);
  CHECK(look(gateway.port(), "/a").answer.status == 200);
}

TEST_CASE("a private that is not well-formed forbids all the same") {
  std::string const says =
      GENERATE("private=", "private=\"\"", "private; max-age=60", "max-age=60, private x", "private=\"X");
  CAPTURE(says);
  scripted_upstream u{[&](upstream_request const&) {
    return script_answer{
        answer("Cache-Control: " + says + "\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "x")};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  for (int i = 0; i < 2; ++i) CHECK_FALSE(look(gateway.port(), "/a").hit);
}

TEST_CASE("a field that was withheld from others stays so when the answer is validated") {
  scripted_upstream u{[](upstream_request const& q) {
    bool const first = q.field("If-None-Match").empty();
    std::string const fields = "ETag: \"1\"\r\nX-User: " + q.field("X-Who") + "\r\n";
    return script_answer{first ? answer("Cache-Control: max-age=0, private=\"X-User\"\r\n" + fields, "x")
                               : "HTTP/1.1 304 Not Modified\r\n" + fields + "\r\n"};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  for (std::string const who : {"alice", "bob", "eve"}) {
    std::string const seen = ask(gateway.port(), "/a", "", "X-Who: " + who + "\r\n").field("X-User");
    CHECK((seen.empty() || seen == who));
  }
}

TEST_CASE("an answer that was long on its way does not come back after an unsafe request, a purge or a later answer") {
  raw_upstream u;
  configured_gateway gateway({u.address()}, with_cache());
  raw_connection early(gateway.port());
  early.send(request("GET", "/a", ""));
  raw_connection slow = u.accept();
  slow.read_until("\r\n\r\n");
  std::string last;
  SECTION("an unsafe request") {
    raw_connection post(gateway.port());
    post.send(request("POST", "/a", "", "Content-Length: 0\r\n"));
    raw_connection at = u.accept();
    at.read_until("\r\n\r\n");
    at.send(answer("", "done"));
    CHECK(post.read_until("done").ends_with("done"));
  }
  SECTION("a purge") {
    client(gateway->admin_port())
        .exchange("DELETE /cache/" + std::string(GENERATE("*", "http://lab/a")) +
                  " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client(gateway->admin_port()).exchange("DELETE /cache/* HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  SECTION("a later answer") {
    raw_connection other(gateway.port());
    other.send(request("GET", "/a", "", "Range: bytes=0-\r\n")); // does not wait
    raw_connection at = u.accept();
    at.read_until("\r\n\r\n");
    at.send(answer("Cache-Control: max-age=60\r\n", "new"));
    CHECK(other.read_until("new").ends_with("new"));
    last = "new";
  }
  slow.send(answer("Cache-Control: max-age=60\r\n", "old"));
  CHECK(early.read_until("old").ends_with("old"));
  raw_connection next(gateway.port());
  next.send(request("GET", "/a", ""));
  if (last.empty()) { // the upstream is asked again
    slow.read_until("\r\n\r\n");
    slow.send(answer("Cache-Control: max-age=60\r\n", last = "fresh"));
  }
  CHECK(next.read_until(last).ends_with(last));
}

TEST_CASE("content that a slow client still takes counts, although others have it stored") {
  if (!configured_gateway::counts_memory) return;
  scripted_upstream u{[](upstream_request const&) {
    return script_answer{answer("Cache-Control: max-age=60\r\n", std::string(1'000'000, 'x'))};
  }};
  configured_gateway gateway({u.address()}, with_cache({{"size", "8m"}}));
  std::size_t const before = gateway.resident_bytes();
  std::vector<std::unique_ptr<raw_connection>> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(std::make_unique<raw_connection>(gateway.port(), 4096));
    idle.back()->send(request("GET", "/" + std::to_string(i), ""));
  }
  CHECK(eventually([&] { return u.requests().size() == 40; }));
  CHECK(eventually([&] { return gateway.status()["cache"]["bytes"] > (4 << 20); }));
  CHECK(gateway.resident_bytes() - before < std::size_t{24} << 20); // all would be 40 MB and more
}
