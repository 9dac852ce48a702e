#include "fakeproxy/resources/echo.hpp"
#include "sim/engines/live/client.hpp"
#include "sim/engines/live/clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <functional>
#include <future>
#include <thread>

using namespace sim::live;
using sim::records::client_outcome;
using sim::records::client_record;
namespace asio = boost::asio;
namespace records = sim::records;
using tcp = asio::ip::tcp;

namespace {

constexpr std::uint32_t answer_bytes = 200;

/// A server in a thread of its own that does with each connection, in order, what its script says.
class scripted_server {
public:
  using script = std::function<void(tcp::socket&)>;
  explicit scripted_server(std::vector<script> scripts)
    : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0))
    , thread_([this, todo = std::move(scripts)] {
      for (script const& one : todo) {
        tcp::socket socket(context_);
        acceptor_.accept(socket);
        try {
          one(socket);
        } catch (std::exception const&) { // the client went away: its records tell
        }
      }
    }) {}
  ~scripted_server() { thread_.join(); }
  tcp::endpoint where() { return acceptor_.local_endpoint(); }

private:
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

std::string read_head(tcp::socket& socket) {
  std::string text;
  std::size_t const size = asio::read_until(socket, asio::dynamic_buffer(text), "\r\n\r\n");
  return text.substr(0, size);
}

std::string value_of(std::string const& head, std::string const& name) {
  std::size_t const at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return "";
  std::size_t const begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

struct genuine {
  std::string head, body;
};

/// What a proxy that holds the session would answer.
genuine answer_to(std::string const& request, std::uint32_t character) {
  namespace resources = fakeproxy::resources;
  resources::fields_digest fields;
  for (char const* name : {"Authorization", "Lab-Check", "Accept", "Cookie"}) fields.add(name, value_of(request, name));
  std::size_t const space = request.find(' ');
  std::string const target = request.substr(space + 1, request.find(' ', space + 1) - space - 1);
  std::string const body =
      resources::answer_body(std::stoull(value_of(request, "Lab-Request")), character, answer_bytes);
  return {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
              "\r\nLab-Character: " + std::to_string(character) +
              "\r\nLab-Epoch: 5\r\nLab-Incarnation: 77\r\nLab-Method: " + request.substr(0, space) +
              "\r\nLab-Target: " + resources::escape_target(target) + "\r\nLab-Fields: " + fields.text() +
              "\r\nLab-Body: " + resources::body_digest().text() + "\r\n\r\n",
          body};
}

void send(tcp::socket& socket, std::string const& text) { asio::write(socket, asio::buffer(text)); }

struct harness : order_source {
  asio::io_context context{1};
  request_templates words;
  std::atomic<journal::request_id> ids{1};
  std::unique_ptr<client> load;
  std::vector<client_record> records;
  std::size_t wanted = 0;

  client_settings settings;

  harness() {
    words.answer_bytes = answer_bytes;
    words.methods = {{"GET"}, {"POST", boost::beast::http::verb::post}, {"HEAD", boost::beast::http::verb::head}};
    words.targets = {"/a%20b?c", "/characters/{character}/"};
    settings.pool.connections_per_balancer = 1;
  }
  explicit harness(tcp::endpoint where, std::chrono::nanoseconds timeout = std::chrono::seconds(10),
                   bool sends_on_time = true)
    : harness() {
    settings.pool.timeout_ns = timeout.count();
    settings.sends_on_time = sends_on_time;
    start(where);
  }
  void start(tcp::endpoint where) {
    load = std::make_unique<client>(context, words, settings, ids);
    load->set_source(*this);
    load->add_balancer(where, "127.0.0.1:1");
  }
  void done(request_spec const&, client_record const& record) override {
    records.push_back(record);
    if (records.size() == wanted) load->abandon();
  }
  /// Sends `count` requests one after another on as many connections as there are, and waits for all.
  std::vector<client_record> const& run(std::size_t count, std::uint16_t method = 0) {
    wanted = count;
    for (std::size_t i = 0; i < count; ++i) {
      request_spec what;
      what.character = 11;
      what.method = method;
      what.target = static_cast<std::uint32_t>(i % words.targets.size());
      what.intended_ns = now_ns();
      load->send(what, what.intended_ns);
    }
    context.run();
    return records;
  }
};

}

TEST_CASE("genuine answers on one kept-alive connection have no findings, however they are cut") {
  scripted_server server({[](tcp::socket& socket) {
    for (int i = 0; i < 2; ++i) {
      genuine const answer = answer_to(read_head(socket), 11);
      socket.set_option(tcp::no_delay(true));
      for (char const c : answer.head + answer.body) send(socket, std::string(1, c));
    }
  }});
  harness h(server.where());
  for (client_record const& record : h.run(2)) {
    CHECK(record.outcome == client_outcome::answered);
    CHECK(record.status == 200);
    CHECK(record.findings == 0);
    CHECK(record.epoch == 5);
    CHECK(record.incarnation == 77);
    CHECK(record.sent_ns >= record.intended_ns);
    CHECK(record.done_ns > record.sent_ns);
  }
  CHECK(h.records[0].request == 1);
  CHECK(h.records[1].request == 2);
}

TEST_CASE("each fault in an answer is found, and only that") {
  struct fault {
    char const* name;
    std::function<void(genuine&)> plant;
    std::uint16_t finding;
  };
  auto const replace = [](std::string& text, std::string const& from, std::string const& to) {
    std::size_t const at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  std::vector<fault> const faults = {
      {"method", [&](genuine& a) { replace(a.head, "Lab-Method: GET", "Lab-Method: PUT"); }, records::found_method},
      {"target decoded", [&](genuine& a) { replace(a.head, "/a%2520b?c", "/a%20b?c"); }, records::found_target},
      {"malformed at the proxy", [&](genuine& a) { replace(a.head, "Lab-Epoch: 5", "Lab-Error: malformed"); },
       records::found_target},
      {"fields", [&](genuine& a) { replace(a.head, "Lab-Fields: ", "Lab-Fields: 1"); }, records::found_fields},
      {"request body", [&](genuine& a) { replace(a.head, "Lab-Body: 0", "Lab-Body: 9"); }, records::found_request_body},
      {"someone else's", [&](genuine& a) { replace(a.head, "Lab-Character: 11", "Lab-Character: 12"); },
       records::found_foreign},
      {"nobody's", [&](genuine& a) { replace(a.head, "Lab-Character: 11", "Lab-Character: none"); },
       records::found_foreign},
      {"no echo", [&](genuine& a) { replace(a.head, "Lab-Method: GET\r\n", ""); }, records::found_no_echo},
      {"X-Backend leaks",
       [&](genuine& a) { replace(a.head, "Lab-Epoch", "x-backend: http://127.0.0.1:1\r\nLab-Epoch"); },
       records::found_leak},
      {"X-Accel leaks", [&](genuine& a) { replace(a.head, "Lab-Epoch", "X-Accel-Redirect: /x\r\nLab-Epoch"); },
       records::found_leak},
      {"another request's body", [&](genuine& a) { replace(a.body, "\"request\":1", "\"request\":2"); },
       records::found_answer_body},
      {"spliced body", [&](genuine& a) { a.body.replace(100, 100, std::string(100, 'H')); },
       records::found_answer_body},
      {"shorter body",
       [&](genuine& a) {
         a.body.erase(100, 10);
         replace(a.head, "Content-Length: 200", "Content-Length: 190");
       },
       records::found_answer_body},
      {"surplus bytes", [&](genuine& a) { a.body += "HTTP/1.1 200 OK\r\n"; }, records::found_answer_body},
  };
  for (fault const& one : faults) {
    INFO(one.name);
    scripted_server server({[&](tcp::socket& socket) {
      genuine answer = answer_to(read_head(socket), 11);
      one.plant(answer);
      send(socket, answer.head + answer.body);
    }});
    harness h(server.where());
    client_record const record = h.run(1).front();
    CHECK(record.outcome == client_outcome::answered);
    CHECK(record.findings == one.finding);
  }
}

TEST_CASE("an answer cut short is truncated, a connection that ends before one is a reset, junk is malformed, silence "
          "is a time-out") {
  struct ending {
    char const* name;
    scripted_server::script script;
    client_outcome outcome;
  };
  std::promise<void> over;
  auto const until = over.get_future().share();
  std::vector<ending> const endings = {
      {"closed in the body",
       [](tcp::socket& socket) {
         genuine const answer = answer_to(read_head(socket), 11);
         send(socket, answer.head + answer.body.substr(0, 50));
       },
       client_outcome::truncated},
      {"closed in the head",
       [](tcp::socket& socket) {
         read_head(socket);
         send(socket, "HTTP/1.1 200");
       },
       client_outcome::truncated},
      {"closed before", [](tcp::socket& socket) { read_head(socket); }, client_outcome::reset},
      {"no HTTP",
       [](tcp::socket& socket) {
         read_head(socket);
         send(socket, "220 mail.example ready\r\n\r\n");
       },
       client_outcome::malformed},
      {"silence",
       [until](tcp::socket& socket) {
         read_head(socket);
         until.wait();
       },
       client_outcome::timeout},
  };
  for (ending const& one : endings) {
    INFO(one.name);
    if (one.outcome != client_outcome::timeout) {
      scripted_server server({one.script});
      harness h(server.where());
      CHECK(h.run(1).front().outcome == one.outcome);
    } else {
      bool const sends_on_time = GENERATE(true, false); // timers that may be late come, too
      scripted_server server({one.script});
      harness h(server.where(), std::chrono::milliseconds(50), sends_on_time);
      client_record const record = h.run(1).front();
      over.set_value();
      CHECK(record.outcome == client_outcome::timeout);
      CHECK(record.done_ns - record.sent_ns >= 49'000'000); // a pass over ready sockets reads the clock once
    }
  }
}

TEST_CASE("outside the laboratory, an answer whose head came before is read as if it had not") {
  std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: some\r\n\r\n";
  struct second {
    char const* name;
    std::uint16_t method;          // 0: GET, 2: HEAD
    std::vector<std::string> sent; // one after another
    client_outcome outcome;
    unsigned status;
    std::uint16_t finding;
    bool stays; // so that a third request comes on the same connection
  };
  using enum client_outcome;
  std::vector<second> const answers = {
      {"the same", 0, {head + "hello"}, answered, 200, 0, true},
      {"other content of the same length", 0, {head + "there"}, answered, 200, 0, true},
      {"in parts", 0, {head, "he", "llo"}, answered, 200, 0, true},
      {"head in parts", 0, {head.substr(0, 20), head.substr(20), "hello"}, answered, 200, 0, true},
      {"cut short", 0, {head + "hell"}, truncated, 0, 0, false},
      {"surplus bytes", 0, {head + "hello!"}, answered, 200, records::found_answer_body, false},
      {"other status", 0, {"HTTP/1.1 503 No" + head.substr(15) + "hello"}, answered, 503, 0, true},
      {"longer", 0, {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nServer: some\r\n\r\nhello!"}, answered, 200, 0, true},
      {"to HEAD", 2, {head}, answered, 200, 0, true},
      {"to HEAD, with content", 2, {head + "hello"}, answered, 200, records::found_answer_body, false},
      {"without a head",
       0,
       {"hello, world, what follows is longer than the head that came before it\r\n\r\n"},
       malformed,
       0,
       0,
       false},
  };
  for (second const& one : answers) {
    INFO(one.name);
    std::vector<std::string> asked;
    harness h;
    {
      scripted_server server({[&](tcp::socket& socket) {
        socket.set_option(tcp::no_delay(true));
        asked.push_back(read_head(socket));
        send(socket, head + "hello");
        asked.push_back(read_head(socket));
        for (std::string const& part : one.sent) send(socket, part);
        if (!one.stays) return;
        asked.push_back(read_head(socket));
        send(socket, head + "hello");
      }});
      h.words.laboratory = false;
      h.words.targets[1] = "/other";
      h.start(server.where());
      h.wanted = one.stays ? 3 : 2;
      request_spec what;
      for (std::size_t i = 0; i < h.wanted; ++i) {
        what.intended_ns = now_ns();
        what.method = i == 1 ? one.method : 0;
        what.target = i == 2 ? 1 : 0;
        h.load->send(what, what.intended_ns);
      }
      h.context.run();
    }
    REQUIRE(h.records.size() == h.wanted);
    CHECK(h.records[0].status == 200);
    CHECK(h.records[1].outcome == one.outcome);
    CHECK(h.records[1].status == one.status);
    CHECK(h.records[1].findings == one.finding);
    if (one.stays) CHECK(h.records[2].status == 200);
    REQUIRE(asked.size() == h.wanted);
    CHECK_THAT(asked[0], Catch::StartsWith("GET /a%20b?c HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK_THAT(asked[1], Catch::StartsWith(one.method == 0 ? "GET /a%20b?c HTTP/1.1" : "HEAD /a%20b?c HTTP/1.1"));
    if (one.stays) CHECK_THAT(asked[2], Catch::StartsWith("GET /other HTTP/1.1"));
  }
}

TEST_CASE("a known head that ends its connection ends it each time") {
  auto const serve_last = [](tcp::socket& socket) {
    read_head(socket);
    send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    read_head(socket); // until the client closes
  };
  scripted_server server({serve_last, serve_last, serve_last});
  harness h(server.where());
  h.words.laboratory = false;
  for (client_record const& record : h.run(3)) CHECK(record.outcome == client_outcome::answered);
}

TEST_CASE("an interim 100 Continue is passed over") {
  scripted_server server({[](tcp::socket& socket) {
    genuine const answer = answer_to(read_head(socket), 11);
    send(socket, "HTTP/1.1 100 Continue\r\n\r\n" + answer.head);
    send(socket, answer.body);
  }});
  harness h(server.where());
  client_record const record = h.run(1).front();
  CHECK(record.status == 200);
  CHECK(record.findings == 0);
}

TEST_CASE("a kept-alive connection that closes as the next request comes is tried once more, if that is safe") {
  auto const serve_then_close = [](tcp::socket& socket) {
    genuine const answer = answer_to(read_head(socket), 11);
    send(socket, answer.head + answer.body);
    read_head(socket); // the next request is accepted by the kernel, and never answered
  };
  auto const serve = [](tcp::socket& socket) {
    genuine const answer = answer_to(read_head(socket), 11);
    send(socket, answer.head + answer.body);
  };
  SECTION("GET") {
    scripted_server server({serve_then_close, serve});
    harness h(server.where());
    auto const records = h.run(2);
    CHECK(records[1].outcome == client_outcome::answered);
    CHECK(records[1].request == 2); // the same id, not a third
    CHECK(records[1].findings == 0);
  }
  SECTION("POST is not repeated") {
    scripted_server server({serve_then_close});
    harness h(server.where());
    CHECK(h.run(2, 1)[1].outcome == client_outcome::reset);
  }
}

TEST_CASE("a port without a listener is a connect error, and each such request is counted") {
  asio::io_context context;
  tcp::acceptor gone(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  auto const where = gone.local_endpoint();
  gone.close();
  harness h(where);
  auto const records = h.run(3);
  REQUIRE(records.size() == 3);
  for (client_record const& record : records) CHECK(record.outcome == client_outcome::connect_error);
  CHECK(h.ids.load() == 4);
}

TEST_CASE("latency counts from the intended start while a server stalls") {
  // One connection; the first answer waits for the second intended start: the second request could not be sent in time.
  constexpr std::int64_t stall_ns = 100'000'000;
  std::int64_t answered_ns = 0;
  scripted_server server({[&](tcp::socket& socket) {
    genuine answer = answer_to(read_head(socket), 11);
    std::int64_t const until = now_ns() + stall_ns;
    while (now_ns() < until) std::this_thread::yield();
    answered_ns = now_ns();
    send(socket, answer.head + answer.body);
    answer = answer_to(read_head(socket), 11);
    send(socket, answer.head + answer.body);
  }});
  harness h(server.where());
  auto const records = h.run(2); // both are due at once, on one connection
  CHECK(records[1].sent_ns >= answered_ns);
  CHECK(records[1].done_ns - records[1].intended_ns >= stall_ns);
  CHECK(records[1].sent_ns - records[1].intended_ns >= stall_ns); // the schedule's lag shows it
}
