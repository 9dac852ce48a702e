// Many hostile clients, next to honest ones.
#include "base/os/open_files.hpp"
#include "tests/gateway/net/conversation.hpp"

#include <boost/asio/buffer.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

/// Connections that share what a raw_connection has for itself.
class crowd {
public:
  explicit crowd(std::uint16_t port)
    : port_(port) {}
  void join(std::string const& says, int receive_buffer = 0) {
    tcp::socket socket(context_, tcp::v4());
    if (receive_buffer != 0) socket.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer));
    socket.connect({boost::asio::ip::address_v4::loopback(), port_});
    socket.send(boost::asio::buffer(says));
    members_.push_back(std::move(socket));
  }
  /// Each sends one more byte, as if it were going on.
  void drip() {
    boost::system::error_code gone;
    for (tcp::socket& member : members_) member.send(boost::asio::buffer("x", 1), 0, gone);
  }
  void leave() { members_.clear(); }

private:
  std::uint16_t port_;
  boost::asio::io_context context_;
  std::vector<tcp::socket> members_;
};

}

TEST_CASE("2,000 slow clients do not fail anybody else's request, and leave nothing behind") {
  os::raise_open_files();
  scripted_upstream upstream{serves_as()};
  upstream.set_script([&](upstream_request const& r) {
    if (r.target == "/large")
      return script_answer{"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x')};
    return served_by(upstream.address());
  });
  configured_gateway gateway({upstream.address()}, {{"body_in_memory", "4k"}});
  client(gateway.port()).exchange(request("GET", "/x", "t"));
  std::size_t const descriptors = gateway.open_descriptors();
  std::size_t const memory = gateway.resident_bytes();
  crowd slow(gateway.port());
  for (int i = 0; i < 1500; ++i) slow.join("GET /x HTTP/1.1\r\nHost: a\r\nX-Slow: "); // heads
  for (int i = 0; i < 440; ++i) slow.join("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nbody");
  for (int i = 0; i < 60; ++i) slow.join(request("GET", "/large", "t"), 4096); // clients that do not read
  std::vector<std::unique_ptr<client>> honest;
  for (int i = 0; i < 10; ++i) honest.push_back(std::make_unique<client>(gateway.port()));
  int served = 0;
  for (int round = 0; round < 20; ++round) {
    slow.drip();
    for (auto const& c : honest) served += c->exchange(request("GET", "/x", "t")).status == 200;
  }
  CHECK(served == 200);
  CHECK(gateway.status()["open_connections"].get<int>() >= 2000);
  if (gateway.counts_memory) CHECK(gateway.resident_bytes() < memory + 2000 * 40'000);
  slow.leave();
  honest.clear();
  CHECK(eventually([&] { return gateway.status()["open_connections"] == 0; }));
  CHECK(eventually([&] { return gateway.open_descriptors() <= descriptors + 64; })); // kept to the upstream
}

TEST_CASE("64 first requests of one token at once: with single_guess one guesses, and the others follow it") {
  scripted_upstream owner{serves_as()}, other{serves_as()};
  owner.set_script([&](upstream_request const&) { return served_by(owner.address()); });
  other.set_script([&](upstream_request const& r) { return redirect_to(owner.address(), r); });
  configured_gateway gateway({owner.address(), other.address()}, {{"single_guess", true}});
  std::vector<std::unique_ptr<client>> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(std::make_unique<client>(gateway.port()));
    clients.back()->send(request("GET", "/x", "t"));
  }
  for (auto const& c : clients) CHECK(c->receive().status == 200);
  CHECK(gateway.count("guesses") == 1);
  CHECK(gateway.count("redirects") <= 1);
}

TEST_CASE("who waits for another's guess does not wait long") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"single_guess", true}, {"timeouts", {{"guess_wait", "50ms"}}}});
  client first(gateway.port()), second(gateway.port());
  first.send(request("GET", "/first", "t"));
  raw_connection silent = upstream.accept();
  CHECK(silent.read_until("\r\n\r\n").starts_with("GET /first "));
  second.send(request("GET", "/second", "t"));
  raw_connection other = upstream.accept();
  CHECK(other.read_until("\r\n\r\n").starts_with("GET /second "));
  CHECK(gateway.count("guess_waits") == 1);
  other.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  CHECK(second.receive().body == "2");
  silent.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
  CHECK(first.receive().body == "1");
}
