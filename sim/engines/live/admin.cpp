#include "sim/engines/live/admin.hpp"

#include "sim/engines/live/process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <utility>

namespace sim::live {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

asio::ip::tcp::endpoint endpoint_of(std::string const& address) {
  std::size_t const colon = address.rfind(':');
  std::string const host = address.substr(0, colon);
  std::string const port = colon == std::string::npos ? "" : address.substr(colon + 1);
  asio::io_context context;
  boost::system::error_code error;
  auto const found = tcp::resolver(context).resolve(tcp::v4(), host, port, error);
  if (error || found.empty()) throw could_not_run("cannot resolve '" + address + "': " + error.message());
  return found.begin()->endpoint();
}

namespace {

/// The answer's body, if its status is 200.
asio::awaitable<std::string> exchange(std::string address, http::verb method, std::string target, std::string body,
                                      std::chrono::nanoseconds patience) {
  std::string const what = "admin " + address + " " + target;
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(patience);
  http::request<http::string_body> request(method, target, 11);
  request.set(http::field::host, address);
  request.set(http::field::connection, "close");
  if (!body.empty()) {
    request.set(http::field::content_type, "application/json");
    request.body() = std::move(body);
  }
  request.prepare_payload();
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  std::string failure;
  try {
    tcp::endpoint const where = endpoint_of(address);
    co_await stream.async_connect(where, asio::use_awaitable);
    co_await http::async_write(stream, request, asio::use_awaitable);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  } catch (boost::system::system_error const& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    failure = error.code().message();
  }
  if (!failure.empty()) throw could_not_run(what + ": " + failure);
  auto const& answer = parser.get();
  if (answer.result_int() != 200)
    throw could_not_run(what + ": status " + std::to_string(answer.result_int()) + ": " + answer.body().substr(0, 200));
  co_return answer.body();
}

}

asio::awaitable<std::string> admin_text(std::string address, std::string target, std::chrono::nanoseconds patience) {
  std::string none;
  co_return co_await exchange(std::move(address), http::verb::get, std::move(target), std::move(none), patience);
}

asio::awaitable<nlohmann::json> admin_call(std::string address, http::verb method, std::string target,
                                           nlohmann::json body, std::chrono::nanoseconds patience) {
  std::string const what = "admin " + address + " " + target;
  std::string text = body.is_null() ? std::string() : body.dump();
  std::string const answer =
      co_await exchange(std::move(address), method, std::move(target), std::move(text), patience);
  auto json = nlohmann::json::parse(answer, nullptr, false);
  if (json.is_discarded()) throw could_not_run(what + ": found no JSON: " + answer.substr(0, 200));
  co_return json;
}

asio::awaitable<bool> accepts_connections(tcp::endpoint where, std::chrono::nanoseconds patience) {
  auto const executor = co_await asio::this_coro::executor;
  auto const deadline = std::chrono::steady_clock::now() + patience;
  asio::steady_timer pause(executor);
  for (;;) {
    tcp::socket socket(executor);
    auto const [error] = co_await socket.async_connect(where, asio::as_tuple(asio::use_awaitable));
    if (!error) co_return true;
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (std::chrono::steady_clock::now() > deadline) co_return false;
    pause.expires_after(std::chrono::milliseconds(5));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

namespace {

/// What one GET came to; empty if its status is below 500.
asio::awaitable<std::string> try_request(tcp::endpoint where, std::string path, std::chrono::nanoseconds patience) {
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  stream.expires_after(patience);
  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, where.address().to_string() + ":" + std::to_string(where.port()));
  request.set(http::field::connection, "close");
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  try {
    co_await stream.async_connect(where, asio::use_awaitable);
    co_await http::async_write(stream, request, asio::use_awaitable);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  } catch (boost::system::system_error const& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    co_return error.code().message();
  }
  unsigned const status = parser.get().result_int();
  co_return status < 500 ? std::string() : "status " + std::to_string(status);
}

}

asio::awaitable<std::string> answers_requests(tcp::endpoint where, std::string path,
                                              std::chrono::nanoseconds patience) {
  auto const deadline = std::chrono::steady_clock::now() + patience;
  asio::steady_timer pause(co_await asio::this_coro::executor);
  for (;;) {
    std::chrono::nanoseconds const left = deadline - std::chrono::steady_clock::now();
    std::string outcome = co_await try_request(where, path, std::max(left, std::chrono::nanoseconds(1'000'000)));
    if (outcome.empty() || std::chrono::steady_clock::now() > deadline) co_return outcome;
    pause.expires_after(std::chrono::milliseconds(5));
    co_await pause.async_wait(asio::use_awaitable);
  }
}

}
