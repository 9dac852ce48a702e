// The table of refusals in docs/gateway.md: the code has each of its rows and no other, each is tried, and no upstream
// hears of a request that is refused before its body.
#include "gateway/http/refusals.hpp"
#include "tests/gateway/net/conversation.hpp"
#include "tests/gateway/net/secure_client.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using gateway::http::leaves_no_end;
using gateway::http::refusal;
using gateway::http::refusals;
using gateway::http::words_of;
using tests::live::serves_as;

namespace {

/// Rows `| `word` | status | detail | section |` of the table below `### Refusals`, as `status detail section`.
std::map<std::string, std::string> documented() {
  std::ifstream in(std::string(CREST_SOURCE_DIR) + "/docs/gateway.md");
  std::map<std::string, std::string> rows;
  bool here = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#")) here = line == "### Refusals";
    if (!here || !line.starts_with("| `")) continue;
    std::vector<std::string> cells;
    for (std::size_t at = 2, end = 0; (end = line.find(" | ", at)) != std::string::npos; at = end + 3)
      cells.push_back(line.substr(at, end - at));
    std::size_t const last = line.rfind(" | ") + 3;
    cells.push_back(line.substr(last, line.size() - last - 2));
    REQUIRE(cells.size() == 4);
    rows[cells[0].substr(1, cells[0].size() - 2)] = cells[1] + " " + cells[2] + " " + cells[3];
  }
  return rows;
}

std::string get(std::string const& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string with(std::string const& lines) { return "GET / HTTP/1.1\r\n" + lines + "\r\n"; }
std::string chunked(std::string const& body) {
  return "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

std::string first_answer(raw_connection& c) {
  std::string head = c.read_until("\r\n\r\n");
  return head + c.read_until("\n");
}

}

TEST_CASE("the table of refusals in docs/gateway.md is the gateway's own") {
  auto const rows = documented();
  std::set<std::string> words;
  for (auto const& r : refusals) {
    if (r.why == refusal::none) continue;
    INFO(r.word);
    CHECK(words.insert(std::string(r.word)).second);
    REQUIRE(rows.contains(std::string(r.word)));
    CHECK(rows.at(std::string(r.word)) ==
          std::to_string(r.status) + " " + std::string(r.detail) + " " + std::string(r.section));
  }
  CHECK(words.size() == rows.size());
}

TEST_CASE("each row of the table of refusals is what a client is told, and the log has its word") {
  struct row {
    refusal why;
    std::string bytes;
    nlohmann::json configuration{};
    std::function<void(configured_gateway&, raw_connection&)> then{};
  };
  auto const slow = nlohmann::json{{"timeouts", {{"client_head", "100ms"}, {"client_body", "100ms"}}}};
  scratch_directory scratch;
  test_ca ca;
  std::vector<row> const rows{
      {refusal::plain_to_tls,
       get("/"),
       {{"listen", {{{"address", "127.0.0.1:0"}, {"tls", true}}}},
        {"tls", {{"certificates", {{{"certificate", ca.file("localhost.pem")}, {"key", ca.file("localhost.key")}}}}}}}},
      {refusal::malformed_request_line, "nonsense\r\n\r\n"},
      {refusal::long_method, std::string(6'000, 'A')},
      {refusal::long_method, std::string(6'000, 'A') + " / HTTP/1.1\r\n\r\n", {{"max_head", "1k"}}},
      {refusal::long_method, std::string(16'383, 'A') + " / HTTP/1.1\r\n\r\n"},
      {refusal::long_method, std::string(40'000, 'A')},
      {refusal::fragment, get("/public#/../admin")},
      {refusal::long_target, "GET /" + std::string(17'000, 'a')},
      {refusal::other_version, "GET / HTTP/2.0\r\nHost: a\r\n\r\n"},
      {refusal::malformed_field, with("Host: a\r\nA : b\r\n")},
      {refusal::unusable_length, with("Host: a\r\nContent-Length: 1, 1\r\n")},
      {refusal::unusable_coding, with("Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n")},
      {refusal::many_fields, with("Host: a\r\nA: b\r\nA: b\r\n"), {{"limits", {{"head_fields", 2}}}}},
      {refusal::large_head, "GET / HTTP/1.1\r\nA: " + std::string(17'000, 'a')},
      {refusal::slow_head, "GET / HTTP/1.1\r\nHost", slow},
      {refusal::two_credentials, with("Host: a\r\nAuthorization: a\r\nAuthorization: a\r\n")},
      {refusal::unusable_credentials, with("Host: a\r\nAuthorization: Bearer \xe9\r\n")},
      {refusal::odd_name, with("Host: a\r\nX_A: b\r\n"), {{"underscores_in_fields", "refuse"}}},
      {refusal::other_expectation, with("Host: a\r\nExpect: a\r\n")},
      {refusal::unusable_hops, "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 1,1\r\n\r\n"},
      {refusal::coding_in_http10, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
      {refusal::other_coding, with("Host: a\r\nTransfer-Encoding: gzip\r\n")},
      {refusal::not_one_host, with("Host: a\r\nHost: a\r\n")},
      {refusal::connect, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"},
      {refusal::trace, "TRACE / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n"},
      {refusal::other_authority, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"},
      {refusal::unusable_host, with("Host: a:8x\r\n")},
      {refusal::no_path, get("a")},
      {refusal::internal_location, get("/internal_redirect/a:1/")},
      {refusal::dot_segments, get("/a/%2e%2e/b")},
      {refusal::other_method, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", {{"methods", {"GET"}}}},
      {refusal::other_path, get("/ab"), {{"paths", {"/a"}}}},
      {refusal::no_host_for_https,
       with("Host:\r\n"),
       {{"listen", {{{"address", "127.0.0.1:0"}, {"redirect_to_https", 443}}}}}},
      {refusal::too_many_requests,
       get("/"),
       {{"limits", {{"requests_per_address", {{"per_second", 0.001}, {"burst", 1}}}}}},
       [](configured_gateway&, raw_connection& c) {
         CHECK(c.read_until("served").starts_with("HTTP/1.1 200"));
         c.send(get("/"));
       }},
      {refusal::too_many_tunnels,
       with("Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
       {{"websocket", true}, {"limits", {{"websockets", 0}}}}},
      {refusal::large_body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n"},
      {refusal::malformed_chunk, chunked("zz\r\n")},
      {refusal::malformed_extension, chunked("5;a=\"\n")},
      {refusal::malformed_trailer, chunked("0\r\nContent-Length: 1\r\n")},
      {refusal::large_trailers, chunked("0\r\nA: " + std::string(33'000, 'b'))},
      {refusal::slow_body,
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
       {{"limits", {{"body_rate", 1'000}}}, {"timeouts", {{"client_idle", "5100ms"}}}},
       [](configured_gateway& gateway, raw_connection& c) {
         CHECK(raw_connection(gateway.port()).closed()); // as long as it has to begin, by the gateway's own clock
         c.send("2");
       }},
      {refusal::late_body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1", slow},
      {refusal::slow_request,
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1",
       {{"timeouts", {{"client_total", "200ms"}}}}},
      {refusal::no_room,
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n",
       {{"body_in_memory", "4k"}, {"body_directory", scratch.path().string()}},
       [&](configured_gateway&, raw_connection& c) {
         std::filesystem::remove_all(scratch.path());
         c.send(std::string(90'000, 'b'));
       }},
      {refusal::not_stored, with("Host: a\r\nCache-Control: only-if-cached\r\n"), {{"cache", {{"size", "1m"}}}}},
  };
  std::set<refusal> tried;
  for (row const& r : rows) {
    auto const& words = words_of(r.why);
    INFO(words.word);
    tried.insert(r.why);
    scratch_directory logs;
    nlohmann::json configuration = r.configuration.is_null() ? nlohmann::json::object() : r.configuration;
    configuration["access_log"] = (logs.path() / "access.log").string();
    raw_upstream silent;
    scripted_upstream upstream{serves_as()};
    bool const never_asked = !words.word.starts_with("late") && !words.word.starts_with("slow");
    configured_gateway gateway({never_asked ? upstream.address() : silent.address()}, configuration);
    raw_connection c(gateway.port());
    c.send(r.bytes);
    if (r.then) r.then(gateway, c);
    std::string const got = first_answer(c);
    CHECK(got.starts_with("HTTP/1.1 " + std::to_string(words.status) + " "));
    CHECK(got.ends_with(": " + std::string(words.detail) + "\n"));
    if (leaves_no_end(r.why)) CHECK(got.find("\r\nConnection: close\r\n") != std::string::npos);
    c.close();
    gateway->process().signal(SIGTERM);
    CHECK(gateway->process().wait() == 0);
    std::ifstream in(logs.path() / "access.log");
    std::string last;
    for (std::string line; std::getline(in, line);) last = line;
    CHECK(nlohmann::json::parse(last)["refused"] == std::string(words.word));
  }
  CHECK(tried.size() + 1 == refusals.size());
}
