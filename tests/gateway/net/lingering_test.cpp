// Answers that do not wait for the whole request, and what happens to its rest.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_net;
using tests::live::serves_as;

TEST_CASE("a client that sends its whole body before it looks gets the early answer, however long the body is") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"max_body", "1m"}});
  raw_connection c(gateway.port());
  std::size_t const before = gateway.resident_bytes();
  std::size_t const length = 32'000'000;
  CHECK(c.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n"));
  CHECK(c.send(std::string(length, 'x')));
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 413"));
  CHECK(gateway.resident_bytes() < before + 16'000'000);
}

TEST_CASE("a client that goes on for ever after the early answer, or does nothing, is left after a while") {
  scripted_upstream upstream{serves_as()};
  bool const sends = GENERATE(true, false);
  configured_gateway gateway(
      {upstream.address()},
      {{"max_body", "1m"},
       {"timeouts", {{"linger", sends ? "200ms" : "1h"}, {"linger_idle", sends ? "1h" : "200ms"}}}});
  raw_connection c(gateway.port());
  c.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\n");
  std::string const piece(100'000, 'x');
  while (sends && c.send(piece)) {
  }
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 413"));
  CHECK(eventually([&] { return gateway.count("open_connections") == 0; }));
}
