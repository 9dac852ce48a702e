#include "sim/engines/live/eve.hpp"

#include "sim/engines/live/admin.hpp"
#include "sim/engines/live/clock.hpp"
#include "sim/engines/live/process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace sim::live {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using nlohmann::json;

namespace {

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

/// Looks every few milliseconds, until `condition` holds or the time is over.
template<class Condition>
asio::awaitable<bool> poll_until(Condition condition, std::chrono::nanoseconds patience) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  auto const deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) co_return false;
    pause.expires_after(std::chrono::milliseconds(2));
    co_await pause.async_wait(asio::use_awaitable);
  }
  co_return true;
}

/// What a proxy says; nullopt: nothing that a client knows. `proxies`: their addresses, by number.
std::optional<actors::eve_message> message_of(json const& said, std::vector<std::string> const& proxies) {
  using kind = fakeproxy::cluster::eve_event::kind;
  static std::map<std::string, kind> const known{
      {"welcome", kind::welcome}, {"elsewhere", kind::elsewhere},       {"refused", kind::refused},
      {"answer", kind::answer},   {"notification", kind::notification}, {"moved", kind::moved},
      {"goodbye", kind::goodbye}};
  if (!said.is_object()) return std::nullopt;
  auto const what = known.find(said.value("op", ""));
  if (what == known.end()) return std::nullopt;
  actors::eve_message message{.what = what->second};
  message.number = said.value(message.what == kind::answer ? "id" : "number", std::uint64_t{0});
  message.sent_ns = said.value("sent_ns", std::int64_t{0});
  auto const there = std::find(proxies.begin(), proxies.end(), said.value("eve", ""));
  if (there != proxies.end()) message.proxy = static_cast<std::uint16_t>(there - proxies.begin());
  return message;
}

}

struct eve_clients::member {
  using stream = websocket::stream<beast::tcp_stream>;

  actors::eve_clients::client number = 0;
  std::string token;
  std::optional<stream> socket;
  bool ended = false;
  std::deque<std::string> outbox;
  bool writing = false;
};

struct eve_clients::shared_state {
  asio::any_io_executor executor;
  eve_settings settings;
  std::vector<std::shared_ptr<member>> members;
  actors::eve_clients actors;
  asio::steady_timer timer;
  bool leaving = false;

  shared_state(asio::any_io_executor const& e, eve_settings s)
    : executor(e)
    , settings(std::move(s))
    , actors({.characters = settings.characters,
              .proxies = static_cast<std::uint32_t>(settings.proxies.size()),
              .request_rate_rps = settings.request_rate_rps,
              .seed = settings.seed})
    , timer(e) {}

  static void write_next(std::shared_ptr<member> const& who) {
    if (who->writing || who->outbox.empty() || !who->socket) return;
    who->writing = true;
    who->socket->async_write(asio::buffer(who->outbox.front()), [who](error_code error, std::size_t) {
      who->writing = false;
      if (!who->outbox.empty()) who->outbox.pop_front();
      if (!error) write_next(who);
    });
  }
  static void send(std::shared_ptr<member> const& who, json const& message) {
    who->outbox.push_back(message.dump());
    write_next(who);
  }
};

eve_clients::eve_clients(asio::any_io_executor executor, eve_settings settings)
  : state_(std::make_shared<shared_state>(executor, std::move(settings))) {
  for (std::uint32_t const character : state_->settings.characters) {
    auto who = std::make_shared<member>();
    who->number = static_cast<actors::eve_clients::client>(state_->members.size());
    who->token = fakeproxy::cluster::make_token(state_->settings.key, character, 0, state_->settings.token_bytes);
    state_->members.push_back(std::move(who));
  }
}

eve_clients::~eve_clients() {
  state_->leaving = true;
  state_->timer.cancel();
  for (auto const& who : state_->members) {
    error_code ignored;
    if (who->socket) beast::get_lowest_layer(*who->socket).socket().close(ignored);
  }
}

// One connection, from its beginning to its end.
asio::awaitable<void> eve_clients::session(std::shared_ptr<shared_state> state, std::shared_ptr<member> who,
                                           std::uint16_t proxy) {
  std::string const address = state->settings.proxies[proxy];
  who->socket.emplace(state->executor);
  beast::tcp_stream& tcp = beast::get_lowest_layer(*who->socket);
  tcp.expires_after(std::chrono::nanoseconds(state->actors.settings().login_patience_ns));
  auto const where = endpoint_of(address);
  auto const [connect_error] = co_await tcp.async_connect(where, tuple_awaitable);
  if (connect_error) co_return;
  tcp.socket().set_option(asio::ip::tcp::no_delay(true));
  auto const [handshake_error] = co_await who->socket->async_handshake(address, "/", tuple_awaitable);
  if (handshake_error) co_return;
  who->socket->text(true);
  json const login{{"op", "login"}, {"token", who->token}};
  shared_state::send(who, login);

  beast::flat_buffer buffer;
  for (bool more = true; more && !(state->leaving && !state->actors.is_in(who->number));) {
    auto const [error, bytes] = co_await who->socket->async_read(buffer, tuple_awaitable);
    if (error) break;
    std::string_view const text(static_cast<char const*>(buffer.data().data()), bytes);
    json const said = json::parse(text, nullptr, false);
    buffer.consume(buffer.size());
    auto const message = message_of(said, state->settings.proxies);
    more = message ? state->actors.on_message(who->number, *message, now_ns()) : said.is_object();
    if (state->actors.is_in(who->number)) tcp.expires_never();
  }
}

asio::awaitable<void> eve_clients::live(std::shared_ptr<shared_state> state, std::shared_ptr<member> who) {
  asio::steady_timer pause(state->executor);
  actors::eve_clients::attempt next = state->actors.connect(who->number);
  while (!state->leaving) {
    if (next.pause_ns != 0) {
      pause.expires_after(std::chrono::nanoseconds(next.pause_ns));
      co_await pause.async_wait(tuple_awaitable);
    }
    co_await session(state, who, next.proxy);
    error_code ignored;
    if (who->socket) beast::get_lowest_layer(*who->socket).socket().close(ignored);
    // The last write's completion needs the stream, and comes at once after the close.
    while (who->writing) {
      pause.expires_after(std::chrono::milliseconds(1));
      co_await pause.async_wait(tuple_awaitable);
    }
    who->outbox.clear();
    if (!state->leaving) next = state->actors.reconnect(who->number);
  }
  who->ended = true;
}

asio::awaitable<void> eve_clients::log_in(std::chrono::nanoseconds patience) {
  for (auto const& who : state_->members) asio::co_spawn(state_->executor, live(state_, who), asio::detached);
  auto const state = state_;
  auto const all_in = [state] { return state->actors.all_in(); };
  bool const in_time = co_await poll_until(all_in, patience);
  if (in_time) co_return;
  auto const out = std::count_if(state->members.begin(), state->members.end(),
                                 [&](auto const& who) { return !state->actors.is_in(who->number); });
  throw could_not_run(std::to_string(out) + " of " + std::to_string(state->members.size()) +
                      " EVE clients could not log in");
}

void eve_clients::start_requests() {
  state_->actors.start_requests(now_ns());
  next_request(state_);
}

void eve_clients::next_request(std::shared_ptr<shared_state> const& state) {
  for (;;) {
    auto const due_ns = state->actors.next_request_ns();
    if (!due_ns) return;
    if (*due_ns > now_ns()) {
      state->timer.expires_at(time_at(*due_ns));
      state->timer.async_wait([state](error_code error) {
        if (!error) next_request(state);
      });
      return;
    }
    if (auto const request = state->actors.take_request())
      shared_state::send(state->members[request->from], {{"op", "request"}, {"id", request->number}});
  }
}

void eve_clients::stop_requests() {
  state_->actors.stop_requests();
  state_->timer.cancel();
}

asio::awaitable<void> eve_clients::settle(std::map<std::uint32_t, std::uint64_t> sent,
                                          std::function<bool(std::uint32_t)> served,
                                          std::chrono::nanoseconds patience) {
  auto const state = state_;
  auto const settled = [&sent, &served, state] { return state->actors.settled(sent, served); };
  co_await poll_until(settled, patience);
}

asio::awaitable<void> eve_clients::log_out(std::function<bool(std::uint32_t)> served,
                                           std::chrono::nanoseconds patience) {
  auto const state = state_;
  state->leaving = true;
  for (auto const& who : state->members) {
    json const logout{{"op", "logout"}};
    error_code ignored;
    if (!served(state->actors.character(who->number))) { // nobody would say goodbye
      if (who->socket) beast::get_lowest_layer(*who->socket).socket().close(ignored);
    } else if (state->actors.is_in(who->number)) {
      shared_state::send(who, logout);
    }
  }
  auto const all_ended = [state] {
    return std::all_of(state->members.begin(), state->members.end(), [](auto const& who) { return who->ended; });
  };
  bool const in_time = co_await poll_until(all_ended, patience);
  if (in_time) co_return;
  for (auto const& who : state->members) {
    error_code ignored;
    if (who->socket) beast::get_lowest_layer(*who->socket).socket().close(ignored);
  }
}

actors::eve_clients const& eve_clients::books() const { return state_->actors; }

}
