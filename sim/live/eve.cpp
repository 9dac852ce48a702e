#include "sim/live/eve.hpp"

#include "sim/live/admin.hpp"
#include "sim/live/clock.hpp"
#include "sim/live/process.hpp"
#include "sim/load/stream.hpp"

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
constexpr auto reconnect_pause = std::chrono::milliseconds(50);
constexpr auto handshake_patience = std::chrono::seconds(5);

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

}

struct eve_clients::member {
  using stream = websocket::stream<beast::tcp_stream>;

  std::uint32_t character = 0;
  std::string token;
  std::optional<stream> socket;
  std::string next_address; // empty: any proxy
  bool logged_in = false;
  bool ended = false;
  std::deque<std::string> outbox;
  bool writing = false;
  std::map<std::uint64_t, std::int64_t> asked; // request id → when
  std::uint64_t next_id = 1;
  measure::eve_record record;
  measure::notification_ledger notifications;
};

struct eve_clients::shared_state {
  asio::any_io_executor executor;
  eve_settings settings;
  std::vector<std::shared_ptr<member>> members;
  std::mt19937_64 where, when;
  asio::steady_timer timer;
  std::int64_t due_ns = 0;
  bool asking = false;
  bool leaving = false;
  std::vector<std::uint64_t> request_latency, notification_latency;

  shared_state(asio::any_io_executor const& e, eve_settings s)
    : executor(e)
    , settings(std::move(s))
    , where(load::stream(settings.seed, "eve proxies"))
    , when(load::stream(settings.seed, "eve requests"))
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

  /// False when the connection is over.
  bool on_message(std::shared_ptr<member> const& who, json const& message) {
    std::string const op = message.value("op", "");
    if (op == "notification") {
      who->notifications.receive(message.value("number", std::uint64_t{0}), now_ns());
      notification_latency.push_back(
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ns() - message.value("sent_ns", std::int64_t{0}))));
    } else if (op == "answer") {
      auto const asked = who->asked.find(message.value("id", std::uint64_t{0}));
      if (asked == who->asked.end()) return true;
      ++who->record.answers;
      request_latency.push_back(static_cast<std::uint64_t>(now_ns() - asked->second));
      who->asked.erase(asked);
    } else if (op == "welcome") {
      who->logged_in = true;
      ++who->record.logins;
    } else if (op == "elsewhere" || op == "moved") {
      who->next_address = message.value("eve", "");
      if (op == "moved") ++who->record.moved;
      return false;
    } else if (op == "goodbye" || op == "refused") {
      return false;
    }
    return true;
  }
};

eve_clients::eve_clients(asio::any_io_executor executor, eve_settings settings)
  : state_(std::make_shared<shared_state>(executor, std::move(settings))) {
  for (std::uint32_t const character : state_->settings.characters) {
    auto who = std::make_shared<member>();
    who->character = who->record.character = character;
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

// One connection. True when it got as far as being logged in.
asio::awaitable<bool> eve_clients::session(std::shared_ptr<shared_state> state, std::shared_ptr<member> who) {
  auto const& proxies = state->settings.proxies;
  std::string address = std::exchange(who->next_address, {});
  if (address.empty()) address = proxies[load::uniform_below(state->where, static_cast<std::uint32_t>(proxies.size()))];

  who->socket.emplace(state->executor);
  beast::tcp_stream& tcp = beast::get_lowest_layer(*who->socket);
  tcp.expires_after(handshake_patience);
  auto const where = endpoint_of(address);
  auto const [connect_error] = co_await tcp.async_connect(where, tuple_awaitable);
  if (connect_error) co_return false;
  tcp.socket().set_option(asio::ip::tcp::no_delay(true));
  auto const [handshake_error] = co_await who->socket->async_handshake(address, "/", tuple_awaitable);
  if (handshake_error) co_return false;
  who->socket->text(true);
  json const login{{"op", "login"}, {"token", who->token}};
  shared_state::send(who, login);

  beast::flat_buffer buffer;
  for (bool more = true; more && !(state->leaving && !who->logged_in);) {
    auto const [error, bytes] = co_await who->socket->async_read(buffer, tuple_awaitable);
    if (error) break;
    std::string_view const text(static_cast<char const*>(buffer.data().data()), bytes);
    json const message = json::parse(text, nullptr, false);
    buffer.consume(buffer.size());
    bool const was_in = who->logged_in;
    more = message.is_object() && state->on_message(who, message);
    if (who->logged_in && !was_in) tcp.expires_never();
  }
  co_return std::exchange(who->logged_in, false);
}

asio::awaitable<void> eve_clients::live(std::shared_ptr<shared_state> state, std::shared_ptr<member> who) {
  asio::steady_timer pause(state->executor);
  while (!state->leaving) {
    bool const was_in = co_await session(state, who);
    error_code ignored;
    if (who->socket) beast::get_lowest_layer(*who->socket).socket().close(ignored);
    // The last write's completion needs the stream, and comes at once after the close.
    while (who->writing) {
      pause.expires_after(std::chrono::milliseconds(1));
      co_await pause.async_wait(tuple_awaitable);
    }
    who->outbox.clear();
    who->asked.clear();
    if (state->leaving) break;
    bool const sent_on = !who->next_address.empty();
    if (was_in && !sent_on) ++who->record.disconnects;
    if (!sent_on) {
      pause.expires_after(reconnect_pause);
      co_await pause.async_wait(tuple_awaitable);
    }
  }
  who->ended = true;
}

asio::awaitable<void> eve_clients::log_in(std::chrono::nanoseconds patience) {
  for (auto const& who : state_->members) asio::co_spawn(state_->executor, live(state_, who), asio::detached);
  auto const state = state_;
  auto const all_in = [state] {
    return std::all_of(state->members.begin(), state->members.end(), [](auto const& who) { return who->logged_in; });
  };
  bool const in_time = co_await poll_until(all_in, patience);
  if (in_time) co_return;
  auto const out =
      std::count_if(state->members.begin(), state->members.end(), [](auto const& who) { return !who->logged_in; });
  throw could_not_run(std::to_string(out) + " of " + std::to_string(state->members.size()) +
                      " EVE clients could not log in");
}

void eve_clients::start_requests() {
  if (state_->members.empty() || state_->settings.request_rate_rps <= 0) return;
  state_->asking = true;
  state_->due_ns = now_ns();
  next_request(state_);
}

void eve_clients::next_request(std::shared_ptr<shared_state> const& state) {
  double const rate = state->settings.request_rate_rps * static_cast<double>(state->members.size());
  while (state->asking && state->due_ns <= now_ns()) {
    auto const& who =
        state->members[load::uniform_below(state->when, static_cast<std::uint32_t>(state->members.size()))];
    if (who->logged_in) {
      ++who->record.requests;
      who->asked.emplace(who->next_id, state->due_ns);
      shared_state::send(who, {{"op", "request"}, {"id", who->next_id++}});
    }
    state->due_ns += static_cast<std::int64_t>(load::exponential_ns(load::uniform_positive(state->when), rate));
  }
  if (!state->asking) return;
  state->timer.expires_at(time_at(state->due_ns));
  state->timer.async_wait([state](error_code error) {
    if (!error) next_request(state);
  });
}

void eve_clients::stop_requests() {
  state_->asking = false;
  state_->timer.cancel();
}

asio::awaitable<void> eve_clients::settle(std::map<std::uint32_t, std::uint64_t> sent,
                                          std::function<bool(std::uint32_t)> served,
                                          std::chrono::nanoseconds patience) {
  auto const state = state_;
  auto const settled = [&sent, &served, state] {
    return std::all_of(state->members.begin(), state->members.end(), [&](auto const& who) {
      if (!served(who->character)) return true;
      auto const last = sent.find(who->character);
      return who->asked.empty() && (last == sent.end() || who->notifications.has_all(last->second));
    });
  };
  co_await poll_until(settled, patience);
}

asio::awaitable<void> eve_clients::log_out(std::function<bool(std::uint32_t)> served,
                                           std::chrono::nanoseconds patience) {
  auto const state = state_;
  state->leaving = true;
  for (auto const& who : state->members) {
    json const logout{{"op", "logout"}};
    error_code ignored;
    if (!served(who->character)) { // nobody would say goodbye
      if (who->socket) beast::get_lowest_layer(*who->socket).socket().close(ignored);
    } else if (who->logged_in) {
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

std::vector<measure::eve_record> eve_clients::records(std::map<std::uint32_t, std::uint64_t> const& sent) const {
  std::vector<measure::eve_record> all;
  for (auto const& who : state_->members) {
    measure::eve_record record = who->record;
    auto const last = sent.find(who->character);
    who->notifications.complete(record, last == sent.end() ? 0 : last->second);
    all.push_back(record);
  }
  return all;
}

std::vector<std::uint64_t> const& eve_clients::request_latency_ns() const { return state_->request_latency; }
std::vector<std::uint64_t> const& eve_clients::notification_latency_ns() const { return state_->notification_latency; }

}
