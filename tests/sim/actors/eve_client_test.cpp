#include "sim/actors/eve_client.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sim::actors {
namespace {

using kind = fakeproxy::cluster::eve_event::kind;
constexpr std::int64_t second = 1'000'000'000;
auto const all_served = [](std::uint32_t) { return true; };

eve_settings two_clients() {
  eve_settings s;
  s.characters = {10, 11};
  s.proxies = 4;
  s.request_rate_rps = 2;
  return s;
}

eve_message says(kind what, std::uint64_t number = 0, std::int64_t sent_ns = 0) {
  eve_message m;
  m.what = what;
  m.number = number;
  m.sent_ns = sent_ns;
  return m;
}

eve_message sends_on(kind what, std::optional<std::uint16_t> proxy) {
  eve_message m = says(what);
  m.proxy = proxy;
  return m;
}

}

TEST_CASE("a client connects to any proxy, each as often as another, and is in when it is welcome") {
  eve_settings s;
  s.characters.assign(4'000, 1);
  s.proxies = 4;
  eve_clients clients(s);
  std::map<std::uint16_t, int> chosen;
  for (std::uint32_t i = 0; i != clients.count(); ++i) {
    auto const first = clients.connect(i);
    CHECK(first.pause_ns == 0);
    ++chosen[first.proxy];
    CHECK_FALSE(clients.is_in(i));
    CHECK_FALSE(clients.all_in());
    CHECK(clients.on_message(i, says(kind::welcome), second));
    CHECK(clients.is_in(i));
  }
  CHECK(clients.all_in());
  REQUIRE(chosen.size() == 4);
  for (auto const& [proxy, times] : chosen) CHECK(std::abs(times - 1'000) < 5 * 28); // 28: binomial
}

TEST_CASE("a client that is sent on goes there at once; otherwise it pauses, and goes anywhere") {
  struct row {
    char const* name;
    std::optional<eve_message> last; // none: the connection broke
    bool was_in, goes_there;
    std::uint64_t disconnects, moved;
  };
  row const rows[] = {
      {"elsewhere", sends_on(kind::elsewhere, 3), false, true, 0, 0},
      {"moved", sends_on(kind::moved, 3), true, true, 0, 1},
      {"moved to whom nobody knows", sends_on(kind::moved, std::nullopt), true, false, 1, 1},
      {"refused", says(kind::refused), false, false, 0, 0},
      {"goodbye", says(kind::goodbye), true, false, 1, 0},
      {"broken before it was in", std::nullopt, false, false, 0, 0},
      {"broken", std::nullopt, true, false, 1, 0},
  };
  for (row const& r : rows) {
    INFO(r.name);
    eve_clients clients(two_clients());
    clients.connect(0);
    if (r.was_in) clients.on_message(0, says(kind::welcome), second);
    if (r.last) CHECK_FALSE(clients.on_message(0, *r.last, second));
    auto const next = clients.reconnect(0);
    CHECK_FALSE(clients.is_in(0));
    CHECK(next.pause_ns == (r.goes_there ? 0 : clients.settings().reconnect_pause_ns));
    if (r.goes_there) CHECK(next.proxy == 3);
    auto const books = clients.records({})[0];
    CHECK(books.character == 10);
    CHECK(books.disconnects == r.disconnects);
    CHECK(books.moved == r.moved);
    CHECK(books.logins == (r.was_in ? 1 : 0));
    // Where it is sent to counts once.
    std::set<std::uint16_t> later;
    for (int i = 0; i != 60; ++i) later.insert(clients.reconnect(0).proxy);
    CHECK(later.size() == 4);
  }
}

TEST_CASE(
    "requests are one Poisson stream over all clients; who is not in sends none, and nobody is asked later for it") {
  eve_clients clients(two_clients());
  CHECK_FALSE(clients.next_request_ns());
  for (std::uint32_t i : {0u, 1u}) clients.connect(i);
  clients.on_message(1, says(kind::welcome), 0);
  clients.start_requests(5 * second);
  CHECK(clients.next_request_ns() == 5 * second);
  std::uint64_t sent = 0;
  std::int64_t last = 0;
  for (int i = 0; i != 10'000; ++i) {
    std::int64_t const due = *clients.next_request_ns();
    CHECK(due >= last);
    last = due;
    if (auto const request = clients.take_request()) {
      CHECK(request->from == 1);
      CHECK(request->number == ++sent);
    }
  }
  CHECK(std::abs(static_cast<double>(sent) - 5'000) < 5 * 50);                           // half of them, binomial
  CHECK(std::abs(static_cast<double>(last - 5 * second) / 1e9 - 10'000 / 4.0) < 5 * 25); // 4 a second
  CHECK(clients.records({})[1].requests == sent);
  CHECK(clients.records({})[0].requests == 0);
  clients.stop_requests();
  CHECK_FALSE(clients.next_request_ns());
}

TEST_CASE("latency counts from when a request was due, and an answer that nobody waits for is none") {
  eve_clients clients(two_clients());
  for (std::uint32_t i : {0u, 1u}) clients.connect(i), clients.on_message(i, says(kind::welcome), 0);
  clients.start_requests(second);
  auto const first = clients.take_request();
  REQUIRE(first);
  CHECK_FALSE(clients.settled({}, all_served));
  CHECK(clients.on_message(first->from, says(kind::answer, 77), 2 * second));
  CHECK(clients.on_message(first->from, says(kind::answer, first->number), 3 * second));
  CHECK(clients.on_message(first->from, says(kind::answer, first->number), 4 * second)); // again
  CHECK(clients.request_latency_ns() == std::vector<std::uint64_t>{2 * second});
  CHECK(clients.records({})[first->from].answers == 1);
  CHECK(clients.settled({}, all_served));
  auto const second_one = clients.take_request();
  REQUIRE(second_one);
  clients.reconnect(second_one->from); // what was asked on a connection is over with it
  CHECK(clients.settled({}, all_served));
  clients.on_message(second_one->from, says(kind::answer, second_one->number), 9 * second);
  CHECK(clients.request_latency_ns().size() == 1);
}

TEST_CASE("notifications are counted over all logins, and waited for where a sol runs that could send them") {
  eve_clients clients(two_clients());
  clients.connect(0);
  clients.on_message(0, says(kind::welcome), 0);
  clients.on_message(0, says(kind::notification, 1, 2 * second), 3 * second);
  clients.reconnect(0);
  clients.on_message(0, says(kind::welcome), 4 * second);
  clients.on_message(0, says(kind::notification, 3, 9 * second), 8 * second); // clocks that differ
  CHECK(clients.notification_latency_ns() == std::vector<std::uint64_t>{second, 0});
  std::map<std::uint32_t, std::uint64_t> const sent{{10, 4}};
  CHECK_FALSE(clients.settled(sent, all_served));
  CHECK(clients.settled(sent, [](std::uint32_t character) { return character != 10; }));
  auto const books = clients.records(sent)[0];
  CHECK(books.received == 2);
  CHECK(books.lost == 2); // 2 and 4
  CHECK(books.logins == 2);
  clients.on_message(0, says(kind::notification, 2), 10 * second);
  clients.on_message(0, says(kind::notification, 4), 10 * second);
  CHECK(clients.settled(sent, all_served));
  CHECK(clients.records(sent)[0].reordered == 1);
}

}
