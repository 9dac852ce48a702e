// WebSockets (RFC 6455) through the gateway: how they are asked for, agreed to, carried and ended.
#include "gateway/http/websocket.hpp"
#include "tests/gateway/net/conversation.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;
namespace websocket = boost::beast::websocket;

namespace {

// The example of RFC 6455 1.3.
constexpr char const* sample_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr char const* sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::string asks(std::string const& more = "", std::string const& target = "/push") {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + sample_key + "\r\n" + more + "\r\n";
}

std::string agrees(std::string const& more = "") {
  return std::string("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n") +
         "Sec-WebSocket-Accept: " + sample_accept + "\r\n" + more + "\r\n";
}

nlohmann::json with_websocket(nlohmann::json more = nlohmann::json::object()) {
  more["websocket"] = true;
  return more;
}

/// A tunnel through a gateway, between a client and an upstream of the test.
struct tunnel {
  explicit tunnel(configured_gateway& gateway, raw_upstream& upstream, std::string const& more = "",
                  int receive_buffer = 0)
    : client(gateway.port(), receive_buffer) {
    client.send(asks(more));
    server = std::make_unique<raw_connection>(upstream.accept());
    request = server->read_until("\r\n\r\n");
    server->send(agrees());
    response = client.read_until("\r\n\r\n");
  }
  raw_connection client;
  std::unique_ptr<raw_connection> server;
  std::string request, response;
};

/// A WebSocket server made with another library: returns every message, on a thread per connection.
class echo_server {
public:
  echo_server()
    : acceptor_(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    thread_ = std::thread([this] {
      for (;;) {
        boost::system::error_code ec;
        tcp::socket socket(context_);
        acceptor_.accept(socket, ec);
        if (ec) return;
        sessions_.emplace_back([s = std::move(socket)]() mutable { serve(std::move(s)); });
      }
    });
  }
  ~echo_server() {
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
    for (std::thread& session : sessions_) session.join();
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

private:
  static void serve(tcp::socket socket) {
    try {
      websocket::stream<tcp::socket> ws(std::move(socket));
      ws.set_option(websocket::stream_base::decorator([&ws](websocket::response_type& response) {
        auto const here = ws.next_layer().local_endpoint();
        response.set("X-Backend", "http://127.0.0.1:" + std::to_string(here.port()));
      }));
      ws.read_message_max(64u << 20);
      ws.accept();
      for (;;) {
        boost::beast::flat_buffer message;
        ws.read(message);
        ws.text(ws.got_text());
        ws.write(message.data());
      }
    } catch (std::exception const&) { // the client has left, or asked for no WebSocket
    }
  }

  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
  std::vector<std::thread> sessions_;
};

std::string text_of(boost::beast::flat_buffer const& message) {
  return {static_cast<char const*>(message.data().data()), message.size()};
}

}

TEST_CASE("the answer to a key is that of RFC 6455 1.3") {
  CHECK(gateway::http::websocket_accept(sample_key) == sample_accept);
}

TEST_CASE("two WebSocket libraries talk through the gateway, after a redirect, and the gateway learns by that") {
  echo_server owner;
  scripted_upstream wrong{[&](upstream_request const& r) { return redirect_to(owner.address(), r); }};
  configured_gateway gateway({wrong.address(), owner.address()}, with_websocket({{"guess", "round_robin"}}));
  boost::asio::io_context context;
  for (std::uint64_t round = 1; round <= 2; ++round) {
    tcp::socket socket(context);
    socket.connect({boost::asio::ip::address_v4::loopback(), gateway.port()});
    websocket::stream<tcp::socket> ws(std::move(socket));
    ws.read_message_max(64u << 20);
    ws.set_option(websocket::stream_base::decorator(
        [](websocket::request_type& request) { request.set("Authorization", "Bearer t"); }));
    websocket::response_type response;
    ws.handshake(response, "h", "/push?since=7");
    CHECK(response.result_int() == 101);
    CHECK(response.find("X-Backend") == response.end());
    for (std::string const& sent : {std::string("hello"), std::string(), std::string(3'000'000, 'x')}) {
      ws.write(boost::asio::buffer(sent));
      boost::beast::flat_buffer got;
      ws.read(got);
      CHECK(text_of(got) == sent);
    }
    ws.ping("are you there");
    ws.write(boost::asio::buffer(std::string("again")));
    boost::beast::flat_buffer got;
    ws.read(got);
    CHECK(text_of(got) == "again");
    boost::system::error_code ec;
    ws.close(websocket::close_code::normal, ec);
    CHECK_FALSE(ec);
    CHECK(wrong.requests().size() == 1);
    CHECK(gateway.count("redirects") == 1);
    CHECK(gateway.count("map_hits") == round - 1);
    CHECK(gateway.count("tunnels") == round);
  }
  CHECK(wrong.requests()[0].target == "/push?since=7");
  CHECK(eventually([&] { return gateway.count("open_tunnels") == 0; }));
}

TEST_CASE("the handshake passes with its own fields, and nothing else that is between neighbours") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  raw_connection c(gateway.port());
  c.send("GET /p HTTP/1.1\r\nHost: h\r\nConnection: X-Private, upgrade\r\nX-Private: 1\r\nUpgrade: h2c, WebSocket\r\n"
         "HTTP2-Settings: AAMAAABkAAQAAP__\r\nSec-WebSocket-Key: " +
         std::string(sample_key) + "\r\nSec-WebSocket-Protocol: chat\r\nSec-WebSocket-Version: 13\r\n\r\n");
  raw_connection u = upstream.accept();
  std::string const head = u.read_until("\r\n\r\n");
  CHECK(head.find("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n") != std::string::npos);
  CHECK(head.find("h2c") == std::string::npos);
  CHECK(head.find("HTTP2-Settings") == std::string::npos);
  CHECK(head.find("X-Private") == std::string::npos);
  CHECK(head.find("Sec-WebSocket-Protocol: chat\r\n") != std::string::npos);
  u.send(agrees("Sec-WebSocket-Protocol: chat\r\nX-Session-Corporation: 7\r\nX-Backend: http://" + upstream.address() +
                "\r\nContent-Length: 5\r\nKeep-Alive: 5\r\n"));
  std::string const got = c.read_until("\r\n\r\n");
  CHECK(got.starts_with("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK(got.find("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n") != std::string::npos);
  CHECK(got.find(sample_accept) != std::string::npos);
  CHECK(got.find("Sec-WebSocket-Protocol: chat\r\n") != std::string::npos);
  for (char const* const hidden : {"X-Session", "X-Backend", "Content-Length", "Keep-Alive", "Connection: close"})
    CHECK(got.find(hidden) == std::string::npos);
}

TEST_CASE("what asks for no WebSocket, or may not, is an ordinary request") {
  struct row {
    char const* name;
    std::string request;
    bool enabled = true;
  };
  std::string const key = "Sec-WebSocket-Key: " + std::string(sample_key) + "\r\n";
  std::string const both = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  row const r = GENERATE_COPY(
      row{"it is not enabled", asks(), false}, row{"HTTP/1.0", "GET /p HTTP/1.0\r\nHost: h\r\n" + both + key + "\r\n"},
      row{"another method", "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + both + key + "\r\n"},
      row{"HEAD", "HEAD /p HTTP/1.1\r\nHost: h\r\n" + both + key + "\r\n"},
      row{"a body", "GET /p HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n" + both + key + "\r\nhi"},
      row{"an empty body", "GET /p HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n" + both + key + "\r\n"},
      row{"Connection does not say so", "GET /p HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" + key + "\r\n"},
      row{"Upgrade does not say so", "GET /p HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n" + key + "\r\n"},
      row{"another protocol", "GET /p HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n" + key + "\r\n"},
      row{"a name that begins alike",
          "GET /p HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket2\r\n" + key + "\r\n"},
      row{"no key", "GET /p HTTP/1.1\r\nHost: h\r\n" + both + "\r\n"},
      row{"two keys", "GET /p HTTP/1.1\r\nHost: h\r\n" + both + key + key + "\r\n"});
  INFO(r.name);
  raw_upstream upstream;
  nlohmann::json configuration = nlohmann::json::object();
  configuration["websocket"] = r.enabled;
  configured_gateway gateway({upstream.address()}, configuration);
  raw_connection c(gateway.port());
  c.send(r.request);
  raw_connection u = upstream.accept();
  CHECK(u.read_until("\r\n\r\n").find("Upgrade") == std::string::npos);
  u.send(agrees()); // nobody asked for this
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 502"));
  CHECK(gateway.count("tunnels") == 0);
  CHECK(gateway.count("open_tunnels") == 0);
}

TEST_CASE("a 101 that does not agree to what was asked for is no answer, and opens nothing") {
  std::string const accept = std::string("Sec-WebSocket-Accept: ") + sample_accept + "\r\n";
  std::string const both = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  std::vector<std::string> const rows{both, // no proof
                                      both + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n",
                                      both + "Sec-WebSocket-Accept: " + sample_key + "\r\n",
                                      both + accept + accept,
                                      "Upgrade: websocket\r\n" + accept,
                                      "Connection: Upgrade\r\n" + accept,
                                      "Upgrade: h2c\r\nConnection: Upgrade\r\n" + accept,
                                      ""};
  std::string const fields = rows[GENERATE(range<std::size_t>(0, 8))];
  INFO(fields);
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  raw_connection c(gateway.port());
  c.send(asks());
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  u.send("HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\nGET /smuggled");
  std::string const got = c.read_until("\r\n\r\n");
  CHECK(got.starts_with("HTTP/1.1 502"));
  CHECK(got.find("http_protocol_error") != std::string::npos);
  CHECK(u.closed());
  CHECK(gateway.count("tunnels") == 0);
  CHECK(eventually([&] { return gateway.count("open_tunnels") == 0; }));
}

TEST_CASE("an upstream that does not agree answers as to any request, and both connections go on") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  raw_connection c(gateway.port());
  c.send(asks() + asks()); // what follows is the next request, not a WebSocket's bytes
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  u.send(answer("Connection: Upgrade\r\nUpgrade: websocket\r\n", "which version?", "426 Upgrade Required"));
  std::string const got = c.read_until("which version?");
  CHECK(got.starts_with("HTTP/1.1 426"));
  CHECK(got.find("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n") != std::string::npos);
  u.read_until("\r\n\r\n");
  u.send(answer("Upgrade: websocket\r\n", "no", "403 Forbidden"));
  std::string const second = c.read_until("no");
  CHECK(second.find("HTTP/1.1 403") != std::string::npos);
  CHECK(second.find("Upgrade") == std::string::npos);
  CHECK(gateway.count("tunnels") == 0);
  CHECK(eventually([&] { return gateway.count("open_tunnels") == 0; }));
}

TEST_CASE("interim answers come before the 101, and bytes that are early on either side are not lost") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  raw_connection c(gateway.port());
  c.send(asks() + "early from the client");
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  u.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + agrees() + "early from the server");
  std::string const got = c.read_until("early from the server");
  CHECK(got.starts_with("HTTP/1.1 103"));
  CHECK(got.find("\r\n\r\nHTTP/1.1 101") != std::string::npos);
  CHECK(u.read_until("client") == "early from the client");
}

TEST_CASE("every byte passes both ways, in any portion, and a slow side holds the other back") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  tunnel t(gateway, upstream, "", 4096);
  std::string all;
  for (int i = 0; all.size() < 4'000'000; ++i) all += std::to_string(i) + "\n";
  all.resize(4'000'000);
  std::size_t const before = gateway.resident_bytes();
  SECTION("to the client") {
    std::string got;
    std::future<bool> sent = std::async(std::launch::async, [&] { return t.server->send(all); });
    while (got.size() < all.size()) {
      std::string const part = t.client.read(std::min<std::size_t>(100'000, all.size() - got.size()));
      if (part.empty()) break;
      got += part;
    }
    CHECK(sent.get());
    CHECK(got == all);
    CHECK(gateway.count("tunnel_bytes_down") == all.size());
  }
  SECTION("to the upstream") {
    std::string got;
    std::future<bool> sent = std::async(std::launch::async, [&] { return t.client.send(all); });
    while (got.size() < all.size()) {
      std::string const part = t.server->read(std::min<std::size_t>(100'000, all.size() - got.size()));
      if (part.empty()) break;
      got += part;
    }
    CHECK(sent.get());
    CHECK(got == all);
    CHECK(gateway.count("tunnel_bytes_up") == all.size());
  }
  SECTION("byte by byte") {
    for (char const c : {'a', '\0', '\r', '\n', '\xff'}) {
      t.client.send(std::string(1, c));
      CHECK(t.server->read(1) == std::string(1, c));
      t.server->send(std::string(1, c));
      CHECK(t.client.read(1) == std::string(1, c));
    }
  }
  SECTION("to a client that does not read") {
    std::size_t sent = 0, now = 0;
    while ((now = t.server->send_some(all)) != 0) sent += now;
    CHECK(sent < 64'000'000);
    CHECK(t.client.read(all.size()).size() == std::min(all.size(), sent));
  }
  if (configured_gateway::counts_memory) CHECK(gateway.resident_bytes() < before + 4'000'000);
}

TEST_CASE("who ends a tunnel, and how: the other side gets what was under way, and then the end") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  tunnel t(gateway, upstream);
  SECTION("the upstream says good-bye and closes") {
    t.server->send("good-bye");
    t.server->close();
    CHECK(t.client.read_all() == "good-bye");
  }
  SECTION("the client closes its side, and the upstream has the last word") {
    t.client.send("the end");
    t.client.half_close();
    CHECK(t.server->read_all() == "the end");
    t.server->send("last word");
    t.server->close();
    CHECK(t.client.read_all() == "last word");
  }
  SECTION("the client is gone") {
    t.client.reset();
    CHECK(t.server->read_all().empty());
  }
  SECTION("the upstream is gone") {
    t.server->reset();
    CHECK(t.client.read_all().empty());
  }
  t.client.close();
  CHECK(eventually([&] { return gateway.count("open_tunnels") == 0 && gateway.count("open_connections") == 0; }));
  CHECK(gateway.count("truncated_answers") == 0);
}

TEST_CASE("a tunnel in which nothing passes ends, one in which something does goes on") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket({{"timeouts",
                                                                    {{"tunnel_idle", "1s"},
                                                                     {"answer", "20ms"},
                                                                     {"request", "100ms"},
                                                                     {"client_idle", "50ms"},
                                                                     {"client_body", "20ms"},
                                                                     {"client_send", "20ms"},
                                                                     {"client_total", "100ms"}}}}));
  tunnel silent(gateway, upstream), lively(gateway, upstream);
  std::size_t rounds = 0;
  std::thread talk([&] {
    for (int round = 0; round != 30; ++round) {
      raw_connection clock(gateway.port()); // 30 of these take longer than an idle tunnel lives
      clock.closed();
      bool const up = round % 2 == 0;
      raw_connection& from = up ? lively.client : *lively.server;
      raw_connection& to = up ? *lively.server : lively.client;
      from.send("x");
      rounds += to.read(1) == "x";
    }
  });
  CHECK(silent.client.closed());
  CHECK(silent.server->closed());
  talk.join();
  CHECK(rounds == 30);
}

TEST_CASE(
    "no other time-out ends a tunnel: not a send that had to wait, nor a client that does not read, nor a half-close") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket({{"timeouts",
                                                                    {{"answer", "50ms"},
                                                                     {"client_send", "50ms"},
                                                                     {"linger", "50ms"},
                                                                     {"linger_idle", "50ms"},
                                                                     {"client_idle", "100ms"}}}}));
  auto const later = [&] { // than any of these
    for (int i = 0; i != 3; ++i) raw_connection(gateway.port()).closed();
  };
  tunnel t(gateway, upstream, "", 4096);
  std::string const large(6'000'000, 'x');
  SECTION("a send to the upstream that had to wait") {
    std::future<bool> sent = std::async(std::launch::async, [&] { return t.client.send(large); });
    CHECK(t.server->read(large.size()).size() == large.size());
    CHECK(sent.get());
  }
  SECTION("a client that does not read") {
    while (t.server->send_some(large) != 0) {
    }
    later();
    t.client.send("!");
    CHECK(t.server->read(1) == "!");
  }
  SECTION("a client that has said all") {
    t.client.half_close();
    CHECK(t.server->read_all().empty());
  }
  later();
  // What the client has not read yet may fill all buffers on the way.
  std::future<bool> last = std::async(std::launch::async, [&] {
    bool const sent = t.server->send("still here");
    t.server->close();
    return sent;
  });
  CHECK(t.client.read_all().ends_with("still here"));
  CHECK(last.get());
}

TEST_CASE("a place among the WebSockets is free as soon as none is open or asked for") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket({{"limits", {{"websockets", 1}}}}));
  raw_connection c(gateway.port());
  SECTION("the upstream does not agree, and its answer takes its time") {
    c.send(asks());
    raw_connection u = upstream.accept();
    u.read_until("\r\n\r\n");
    u.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
    CHECK(c.read_until("half ").starts_with("HTTP/1.1 200"));
    tunnel other(gateway, upstream);
    CHECK(other.response.starts_with("HTTP/1.1 101"));
  }
  SECTION("the upstream has ended it, and the client lingers") {
    tunnel first(gateway, upstream);
    first.server->close();
    CHECK(first.client.read_all().empty()); // the client does not close
    tunnel second(gateway, upstream);
    CHECK(second.response.starts_with("HTTP/1.1 101"));
  }
  SECTION("no upstream can be reached") {
    upstream.close();
    c.send(asks());
    CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 502"));
    CHECK(gateway.count("open_tunnels") == 0);
  }
}

TEST_CASE("silent tunnels hold no buffers") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket());
  std::vector<tunnel> all;
  for (int i = 0; i != 100; ++i) all.emplace_back(gateway, upstream);
  std::size_t const before = gateway.resident_bytes();
  std::string const large(30'000, 'x');
  for (tunnel& t : all) {
    t.client.send(large);
    CHECK(t.server->read(large.size()) == large);
    t.server->send(large);
    CHECK(t.client.read(large.size()) == large);
  }
  if (configured_gateway::counts_memory)
    CHECK(gateway.resident_bytes() < before + 3'000'000); // 100 x 64 KiB if they did
}

TEST_CASE("limits.websockets bounds those that are open or asked for, and nothing else") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket({{"limits", {{"websockets", 1}}}}));
  {
    tunnel first(gateway, upstream);
    client second(gateway.port());
    client_answer const refused = second.exchange(asks());
    CHECK(refused.status == 503);
    CHECK(refused.field("Retry-After") == "1");
    second.send(request("GET", "/x", "t"));
    raw_connection u = upstream.accept();
    u.read_until("\r\n\r\n");
    u.send(answer("", "ok"));
    CHECK(second.receive().body == "ok");
  }
  CHECK(eventually([&] { return gateway.count("open_tunnels") == 0; }));
  tunnel again(gateway, upstream);
  CHECK(again.response.starts_with("HTTP/1.1 101"));
  CHECK(gateway.count("open_tunnels") == 1);
}

TEST_CASE("a tunnel takes no slot at its upstream that requests wait for") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()},
                             with_websocket({{"limits", {{"requests_per_upstream", {{"at_once", 1}}}}}}));
  tunnel first(gateway, upstream), second(gateway, upstream);
  CHECK(second.response.starts_with("HTTP/1.1 101"));
  client c(gateway.port());
  c.send(request("GET", "/x", "t"));
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  u.send(answer("", "ok"));
  CHECK(c.receive().body == "ok");
}

TEST_CASE("a gateway that drains leaves its tunnels a while, and no longer") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()},
                             with_websocket({{"timeouts", {{"tunnel_drain", "100ms"}, {"drain", "10m"}}}}),
                             {"--access-log", "/dev/stderr"});
  tunnel t(gateway, upstream);
  gateway->process().signal(SIGTERM);
  t.server->send("still here");
  CHECK(t.client.read(10) == "still here");
  CHECK(t.client.closed());
  CHECK(t.server->closed());
  CHECK(gateway->process().wait() == 0);
  CHECK(gateway->process().errors().find("\"error\":\"drained\"") != std::string::npos);
}

TEST_CASE("a tunnel is a line of the log with its status, its time and its bytes, and no long answer") {
  raw_upstream upstream;
  scratch_directory logs;
  configured_gateway gateway({upstream.address()}, with_websocket(),
                             {"--access-log", (logs.path() / "access.log").string()});
  {
    tunnel t(gateway, upstream);
    t.server->send("12345");
    CHECK(t.client.read(5) == "12345");
    CHECK(gateway->admin("/metrics").find("crest_gateway_request_duration_seconds_count 1\n") != std::string::npos);
    CHECK(gateway->admin("/metrics").find("crest_gateway_open_tunnels 1\n") != std::string::npos);
    t.server->close();
    CHECK(t.client.closed());
  }
  gateway->process().signal(SIGTERM);
  CHECK(gateway->process().wait() == 0);
  std::ifstream file(logs.path() / "access.log");
  nlohmann::json const line = nlohmann::json::parse(file);
  CHECK(line["status"] == 101);
  CHECK(line["target"] == "/push");
  CHECK(line["body_bytes"] == 5);
}

TEST_CASE("a WebSocket is never answered from the cache, and its answer never stored") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, with_websocket(with_cache()));
  client c(gateway.port());
  c.send("GET /push HTTP/1.1\r\nHost: h\r\n\r\n");
  {
    raw_connection u = upstream.accept();
    u.read_until("\r\n\r\n");
    u.send(answer("Cache-Control: public, max-age=60\r\n", "stored"));
    CHECK(c.receive().body == "stored");
  }
  CHECK(c.exchange("GET /push HTTP/1.1\r\nHost: h\r\n\r\n").body == "stored"); // without the upstream
  tunnel t(gateway, upstream);
  CHECK(t.response.starts_with("HTTP/1.1 101"));
  t.client.send("ping");
  CHECK(t.server->read(4) == "ping");
}
