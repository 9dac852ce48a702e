#include "sim/engines/live/reach.hpp"

#include "sim/engines/live/admin.hpp"
#include "sim/engines/live/client_tls.hpp"
#include "sim/engines/live/process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/ssl.h>

#include <exception>
#include <memory>
#include <tuple>

namespace sim::live {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

/// One attempt. The socket is closed from outside when the time is over.
struct attempt {
  attempt(asio::any_io_executor const& executor, external_balancer which)
    : balancer(std::move(which))
    , socket(executor) {}

  external_balancer balancer;
  tcp::socket socket;
  std::string why; // why not; empty: reached
  bool ended = false;
};

/// Empty, or why there was no handshake.
asio::awaitable<std::string> shake_hands_with(attempt& one) {
  client_tls tls(false);
  client_tls::connection const session = tls.connect(one.socket.native_handle(), 0);
  one.socket.native_non_blocking(true);
  for (;;) {
    handshake const state = shake_hands(session.get());
    if (state == handshake::failed) co_return "TLS: " + handshake_failure();
    if (state != handshake::pending) co_return std::string();
    auto const direction = SSL_want_write(session.get()) ? tcp::socket::wait_write : tcp::socket::wait_read;
    auto const [error] = co_await one.socket.async_wait(direction, tuple_awaitable);
    if (error) co_return "TLS: " + error.message();
  }
}

asio::awaitable<void> try_it(std::shared_ptr<attempt> one) {
  auto const [error] = co_await one->socket.async_connect(one->balancer.where, tuple_awaitable);
  std::string why = error ? error.message() : std::string();
  if (!error && one->balancer.tls) why = co_await shake_hands_with(*one);
  one->why = std::move(why);
  one->ended = true;
}

std::string line_about(external_balancer const& balancer, std::string const& why) {
  return balancer.name + " at " + balancer.address + ": cannot be reached: " + why;
}

}

tcp::endpoint external_endpoint(std::string const& name, std::string const& address) {
  try {
    return endpoint_of(address);
  } catch (could_not_run const& error) {
    throw could_not_run(name + " at " + address + ": cannot be reached: " + error.what());
  }
}

asio::awaitable<void> reach(std::vector<external_balancer> balancers, std::chrono::nanoseconds patience) {
  auto const executor = co_await asio::this_coro::executor;
  std::vector<std::shared_ptr<attempt>> attempts;
  auto const open = std::make_shared<std::size_t>(balancers.size());
  auto const over = std::make_shared<asio::steady_timer>(executor, patience);
  auto const ended = [open, over](std::exception_ptr) { // also after this function has thrown
    if (--*open == 0) over->cancel();
  };
  for (external_balancer& balancer : balancers) {
    attempts.push_back(std::make_shared<attempt>(executor, std::move(balancer)));
    asio::co_spawn(executor, try_it(attempts.back()), ended);
  }
  bool interrupted = false;
  if (*open > 0) {
    auto const [error] = co_await over->async_wait(tuple_awaitable);
    interrupted = error && *open > 0;
  }
  std::string lines;
  for (auto const& one : attempts) {
    std::string const why =
        one->ended ? one->why : "timed out after " + std::to_string(patience / std::chrono::seconds(1)) + " s";
    if (!why.empty()) lines += (lines.empty() ? "" : "\n") + line_about(one->balancer, why);
    boost::system::error_code none;
    one->socket.close(none);
  }
  if (interrupted) throw boost::system::system_error(asio::error::operation_aborted);
  if (!lines.empty()) throw could_not_run(lines);
}

}
