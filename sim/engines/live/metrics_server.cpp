#include "sim/engines/live/metrics_server.hpp"

#include "base/config/document.hpp"
#include "sim/engines/live/process.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <charconv>
#include <chrono>
#include <memory>
#include <utility>

namespace sim::live {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto patience = std::chrono::seconds(10);    // for a request, and for its answer
constexpr auto pause = std::chrono::milliseconds(500); // when no connection can be accepted

/// A connection: one request, one answer.
class visit : public std::enable_shared_from_this<visit> {
public:
  visit(tcp::socket socket, metrics_server::text what)
    : stream_(std::move(socket))
    , what_(std::move(what)) {}

  void read() {
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

private:
  void answer() {
    bool const get = request_.method() == http::verb::get, head = request_.method() == http::verb::head;
    answer_.version(request_.version());
    answer_.keep_alive(false);
    answer_.set(http::field::server, "crest-sim");
    if (request_.target() != "/metrics") {
      answer_.result(http::status::not_found);
      answer_.body() = "here is /metrics\n";
    } else if (!get && !head) {
      answer_.result(http::status::method_not_allowed);
      answer_.set(http::field::allow, "GET, HEAD");
    } else {
      auto const accept = request_[http::field::accept];
      metrics::format const format = metrics::format_for({accept.data(), accept.size()});
      std::string_view const type = metrics::content_type(format);
      answer_.set(http::field::content_type, beast::string_view(type.data(), type.size()));
      answer_.body() = what_(format);
    }
    answer_.prepare_payload();
    if (head) answer_.body().clear(); // Content-Length is kept
    stream_.expires_after(patience);
    http::async_write(stream_, answer_, [self = shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    });
  }

  beast::tcp_stream stream_;
  metrics_server::text what_;
  beast::flat_buffer buffer_{16 * 1024};
  http::request<http::empty_body> request_;
  http::response<http::string_body> answer_;
};

}

tcp::endpoint metrics_address(std::string const& where) {
  std::size_t const colon = where.rfind(':');
  std::string host = colon == std::string::npos ? "127.0.0.1" : where.substr(0, colon);
  std::string const port_text = colon == std::string::npos ? where : where.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  std::uint16_t port = 0;
  char const* const end = port_text.data() + port_text.size();
  auto const [rest, wrong] = std::from_chars(port_text.data(), end, port);
  boost::system::error_code error;
  auto const address = asio::ip::make_address(host, error);
  if (port_text.empty() || rest != end || wrong != std::errc{} || error)
    throw config::bad_input("--metrics: found '" + where +
                            "'; allowed: PORT or ADDRESS:PORT, such as 9464 or 127.0.0.1:0");
  return {address, port};
}

std::string url_of(tcp::endpoint const& at) {
  std::string const host = at.address().is_v6() ? "[" + at.address().to_string() + "]" : at.address().to_string();
  return "http://" + host + ":" + std::to_string(at.port()) + "/metrics";
}

metrics_server::metrics_server(asio::any_io_executor on, std::string const& where, text what)
  : acceptor_(on)
  , pause_(on)
  , what_(std::move(what)) {
  tcp::endpoint const at = metrics_address(where);
  try {
    acceptor_.open(at.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen();
  } catch (boost::system::system_error const& error) {
    throw could_not_run("--metrics " + where + ": " + error.code().message());
  }
  accept();
}

void metrics_server::accept() {
  acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return; // this is gone
    if (!error) {
      std::make_shared<visit>(std::move(socket), what_)->read();
      return accept();
    }
    pause_.expires_after(pause); // mostly for lack of file descriptors
    pause_.async_wait([this](boost::system::error_code stopped) {
      if (!stopped) accept();
    });
  });
}

}
