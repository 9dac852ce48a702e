#include "sim/engines/live/ports.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/engines/live/reach.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <thread>

using namespace sim::live;
using Catch::Contains;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

/// What `reach` throws, or "reached".
std::string outcome_of(std::vector<external_balancer> balancers, std::chrono::nanoseconds patience) {
  asio::io_context context;
  std::string said = "reached";
  asio::co_spawn(context, reach(std::move(balancers), patience), [&said](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (could_not_run const& e) {
      said = e.what();
    }
  });
  context.run(); // ends, so nothing is left under way
  return said;
}

tcp::acceptor listener(asio::io_context& context) {
  return tcp::acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
}

constexpr auto long_enough = std::chrono::seconds(20);

}

TEST_CASE("external balancers that accept are reached, all others are named with their address and the error") {
  asio::io_context context;
  auto const open = listener(context);
  port_reservation const closed;
  tcp::endpoint const nobody(asio::ip::address_v4::loopback(), closed.port());
  CHECK(outcome_of({}, long_enough) == "reached");
  CHECK(outcome_of({{"external[0]", "a:1", open.local_endpoint()}}, long_enough) == "reached");
  CHECK(outcome_of({{"external[0]", "a:1", open.local_endpoint()},
                    {"external[1]", "b:2", nobody},
                    {"external[2]", "c:3", nobody}},
                   long_enough) == "external[1] at b:2: cannot be reached: Connection refused\n"
                                   "external[2] at c:3: cannot be reached: Connection refused");
}

TEST_CASE("an external balancer that does not accept is given up after the time that it has") {
  asio::io_context context;
  tcp::acceptor full(context, tcp::v4());
  full.bind({asio::ip::address_v4::loopback(), 0});
  full.listen(1);
  std::vector<tcp::socket> waiting; // until the kernel takes no more
  for (int i = 0; i != 8; ++i) {
    waiting.emplace_back(context, tcp::v4());
    waiting.back().async_connect(full.local_endpoint(),
                                 [](boost::system::error_code) {}); // begins here, and never ends
  }
  CHECK_THAT(outcome_of({{"external[0]", "a:1", full.local_endpoint()}}, std::chrono::seconds(1)),
             Contains("external[0] at a:1: cannot be reached: timed out after 1 s"));
}

TEST_CASE("an external balancer that speaks no TLS is told from one that does not answer") {
  asio::io_context context;
  auto plain = listener(context);
  std::thread server([&] { // as a server that takes the handshake for a bad request
    tcp::socket socket = plain.accept();
    asio::write(socket, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28));
    boost::system::error_code end;
    char byte[512];
    while (!end) socket.read_some(asio::buffer(byte), end);
  });
  std::string const said = outcome_of({{"external[0]", "a:1", plain.local_endpoint(), true}}, long_enough);
  server.join();
  CHECK_THAT(said, Contains("external[0] at a:1: cannot be reached: TLS: ") && Contains("wrong version"));
  auto const silent = listener(context);
  CHECK_THAT(outcome_of({{"external[0]", "a:1", silent.local_endpoint(), true}}, std::chrono::seconds(1)),
             Contains("timed out"));
}

TEST_CASE("an external balancer whose name is not found is named") {
  try {
    external_endpoint("external[0]", "no-such-balancer.invalid:80");
    FAIL("found it");
  } catch (could_not_run const& error) {
    CHECK_THAT(error.what(), Contains("external[0] at no-such-balancer.invalid:80: cannot be reached: "));
  }
  CHECK(external_endpoint("external[0]", "localhost:80").port() == 80);
}
