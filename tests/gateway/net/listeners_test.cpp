// Listening and accepting, and what happens when that is not possible.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <sys/resource.h>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

/// From now on the gateway gets descriptors up to that number only; its own maximum without one.
void limit_descriptors(configured_gateway& gateway, std::optional<rlim_t> number) {
  rlimit limit{};
  REQUIRE(::prlimit(gateway->process().pid(), RLIMIT_NOFILE, nullptr, &limit) == 0);
  limit.rlim_cur = number.value_or(limit.rlim_max);
  REQUIRE(::prlimit(gateway->process().pid(), RLIMIT_NOFILE, &limit, nullptr) == 0);
}

}

TEST_CASE("out of descriptors, listeners pause, say so once, and go on when there are some again") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  client first(gateway.port());
  CHECK(first.exchange(request("GET", "/internal_redirect/x", "")).status == 404);
  auto const before = std::chrono::steady_clock::now();
  limit_descriptors(gateway, 3); // which are in use
  raw_connection late(gateway.port());
  late.send(request("GET", "/internal_redirect/x", ""));
  raw_connection admin(gateway->admin_port());
  admin.send("GET /status HTTP/1.1\r\nHost: h\r\n\r\n");
  auto const complaints = [&] {
    std::string const errors = gateway->process().errors();
    return std::count(errors.begin(), errors.end(), '\n');
  };
  CHECK(eventually([&] { return complaints() == 2; })); // one a listener
  for (int i = 0; i < 200; ++i) // those who are in are served on, for long enough to see spinning
    CHECK(first.exchange(request("GET", "/internal_redirect/x", "")).status == 404);
  limit_descriptors(gateway, std::nullopt);
  CHECK(late.read_until("\r\n\r\n").starts_with("HTTP/1.1 404"));
  CHECK(admin.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  CHECK(complaints() == 2);
  auto const pauses = gateway.count("accept_pauses");
  auto const halves = (std::chrono::steady_clock::now() - before) / std::chrono::milliseconds(500);
  CHECK(pauses >= 2);
  CHECK(pauses <= 2 * (static_cast<std::uint64_t>(halves) + 1)); // one each 500 ms and listener, however long it took
}
