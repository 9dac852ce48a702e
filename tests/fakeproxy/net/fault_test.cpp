// Each node in a process of its own: what the cluster does when one dies.
#include "base/journal/journal.hpp"
#include "cluster_process.hpp"
#include "fakeproxy/net/sockets.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <catch2/catch.hpp>

#include <memory>

using namespace fakeproxy;
using namespace fakeproxy::net::testing;
using nlohmann::json;
namespace asio = boost::asio;

namespace {

/// One sol and two proxies.
struct apart {
  scratch files;
  std::unique_ptr<child> sol = start({{"role", "sol"}, {"index", 0}, {"listen", "127.0.0.1:0"}}, "127.0.0.1:0");
  std::string sol_address = sol->address("sol[0]", "rpc");
  std::unique_ptr<child> first = proxy(0), second = proxy(1);

  std::unique_ptr<child> start(json const& node, std::string const& sol_at) const {
    return std::make_unique<child>(json{{"token_key", key_text},
                                        {"admin", "127.0.0.1:0"},
                                        {"journal_directory", (files.path() / "journals").string()},
                                        {"sols", {sol_at}},
                                        {"lease_ms", 60000}, // nothing below waits for a lease
                                        {"nodes", json::array({node})}},
                                   files.path());
  }
  std::unique_ptr<child> proxy(int index) const {
    return start({{"role", "proxy"}, {"index", index}, {"listen", "127.0.0.1:0"}}, sol_address);
  }
  std::string http(int index) const {
    return (index == 0 ? first : second)->address("proxy[" + std::to_string(index) + "]", "http");
  }
};

/// A blocking EVE client.
class eve_client {
public:
  explicit eve_client(std::string const& address)
    : stream_(io_) {
    stream_.next_layer().connect(net::parse_endpoint(address));
    stream_.handshake(address, "/");
  }
  json ask(json const& message) {
    say(message);
    return hear();
  }
  void say(json const& message) { stream_.write(asio::buffer(message.dump())); }
  json hear() {
    boost::beast::flat_buffer buffer;
    stream_.read(buffer);
    return json::parse(static_cast<char const*>(buffer.data().data()),
                       static_cast<char const*>(buffer.data().data()) + buffer.size());
  }
  json login(std::uint32_t character) {
    return ask({{"op", "login"}, {"token", cluster::make_token(key, character, 0, 40)}});
  }

private:
  asio::io_context io_;
  boost::beast::websocket::stream<asio::ip::tcp::socket> stream_;
};

}

TEST_CASE_METHOD(apart,
                 "the characters of a killed proxy are served elsewhere, at a new epoch, long before its lease ends") {
  REQUIRE(get(http(0), "/", bearer(7))["lab-epoch"] == "1");
  REQUIRE(redirect_of(get(http(1), "/", bearer(7))).first == http(0));
  first->kill();
  answer a;
  for (int tries = 0; tries < 200 && a["lab-epoch"].empty(); ++tries) a = get(http(1), "/", bearer(7));
  CHECK(a.status == 200);
  CHECK(a["lab-proxy"] == "proxy[1]");
  CHECK(a["lab-epoch"] == "2");
}

TEST_CASE_METHOD(apart, "a killed sol comes back with its journal: owners, epochs and applied requests stand") {
  std::string const fields = bearer(7) + "Lab-Request: 31\r\n";
  REQUIRE(post(http(0), "/x", fields, "a").status == 201);
  sol->kill();
  sol = start({{"role", "sol"}, {"index", 0}, {"listen", sol_address}}, sol_address);
  auto const again = post(http(0), "/x", fields, "a");
  CHECK(again.status == 201);
  CHECK(again["lab-epoch"] == "1");
  CHECK(redirect_of(get(http(1), "/", bearer(7))).first == http(0));
  int applied = 0;
  for (auto const& e : journal::read<journal::sol_event>(files.path() / "journals" / "sol[0].journal", "sol_event"))
    applied += e.kind == journal::sol_event_kind::applied && e.request == 31;
  CHECK(applied == 1);
}

TEST_CASE_METHOD(apart, "an EVE client follows its moved session, and its notifications go on without a gap") {
  std::string const eve = first->address("proxy[0]", "eve");
  auto here = std::make_unique<eve_client>(eve);
  REQUIRE(here->login(7) == json{{"op", "welcome"}, {"epoch", 1}});
  CHECK(here->ask({{"op", "request"}, {"id", 5}}) == json{{"op", "answer"}, {"id", 5}});
  CHECK(redirect_of(get(http(1), "/", bearer(7))).first == http(0)); // a CREST request finds the client's session
  CHECK(eve_client(second->address("proxy[1]", "eve")).login(7) == json{{"op", "elsewhere"}, {"eve", eve}});

  post(sol->admin(), "/nodes/sol[0]/notifications", "", R"({"rate_rps":500})");
  std::uint64_t number = 0;
  for (int i = 0; i < 20; ++i) CHECK(here->hear()["number"] == ++number);
  CHECK(post(sol->admin(), "/nodes/sol[0]/moves", "", R"({"characters":[7],"to":"proxy[1]"})").body ==
        R"({"moved":1})");
  json heard = here->hear();
  for (; heard["op"] == "notification"; heard = here->hear()) CHECK(heard["number"] == ++number);
  CHECK(heard == json{{"op", "moved"}, {"eve", second->address("proxy[1]", "eve")}});

  eve_client there(second->address("proxy[1]", "eve"));
  CHECK(there.login(7) == json{{"op", "welcome"}, {"epoch", 2}});
  for (int i = 0; i < 20; ++i) CHECK(there.hear()["number"] == ++number);
  there.say({{"op", "logout"}});
  for (heard = there.hear(); heard["op"] == "notification"; heard = there.hear()) CHECK(heard["number"] == ++number);
  CHECK(heard["op"] == "goodbye");
  auto const sent = json::parse(get(sol->admin(), "/nodes/sol[0]/notifications").body);
  CHECK(sent["characters"] == json::array({{{"character", 7}, {"sent", number}}}));
}
