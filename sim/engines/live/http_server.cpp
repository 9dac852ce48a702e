#include "sim/engines/live/http_server.hpp"

#include "base/config/document.hpp"
#include "sim/engines/live/process.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <deque>
#include <utility>

namespace sim::live {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

constexpr auto patience = std::chrono::seconds(10);    // for a request, for its answer, for an event
constexpr auto pause = std::chrono::milliseconds(500); // when no connection can be accepted
constexpr std::size_t max_head_bytes = 16 * 1024, max_body_bytes = 16 * 1024;

class live_stream final : public event_stream, public std::enable_shared_from_this<live_stream> {
public:
  explicit live_stream(beast::tcp_stream stream)
    : stream_(std::move(stream)) {}

  void begin() {
    stream_.expires_never();
    text_ = "HTTP/1.1 200 OK\r\nServer: crest-sim\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
            "Connection: close\r\n\r\n";
    write();
    notice_end();
  }

  void send(std::string const& kind, std::string_view data) override {
    if (!open_) return;
    std::string text = "event: " + kind + "\ndata: ";
    for (char const c : data) {
      text += c;
      if (c == '\n') text += "data: ";
    }
    text += "\n\n";
    for (auto& [of, waiting] : waiting_)
      if (of == kind) return waiting.swap(text);
    waiting_.emplace_back(kind, std::move(text));
    if (!writing_) write_next();
  }

  void finish() override {
    finishing_ = true;
    if (!writing_) write_next();
  }

  bool open() const override { return open_; }

private:
  void write_next() {
    if (waiting_.empty()) {
      if (finishing_) close();
      return;
    }
    text_ = std::move(waiting_.front().second);
    waiting_.pop_front();
    write();
  }

  void write() {
    writing_ = true;
    timer_guard();
    asio::async_write(stream_, asio::buffer(text_),
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                        self->writing_ = false;
                        if (error) return self->close();
                        self->write_next();
                      });
  }

  // Only writes are bounded: the read that notices the end waits for as long as the stream lives.
  void timer_guard() {
    late_.expires_after(patience);
    late_.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
      auto const self = weak.lock();
      if (!stopped && self && self->writing_ && self->late_.expiry() <= std::chrono::steady_clock::now()) self->close();
    });
  }

  void notice_end() {
    stream_.socket().async_read_some(asio::buffer(ignored_),
                                     [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                                       if (error) return self->close();
                                       self->notice_end();
                                     });
  }

  void close() {
    open_ = false;
    late_.cancel();
    boost::system::error_code none;
    stream_.socket().shutdown(tcp::socket::shutdown_send, none);
    stream_.socket().cancel(none);
  }

  beast::tcp_stream stream_;
  asio::steady_timer late_{stream_.get_executor()};
  std::deque<std::pair<std::string, std::string>> waiting_; // kind, text
  std::string text_;                                        // being written
  std::array<char, 256> ignored_{};
  bool writing_ = false, finishing_ = false, open_ = true;
};

/// A connection: one request, one answer or stream.
class visit : public std::enable_shared_from_this<visit> {
public:
  visit(tcp::socket socket, http_server::handler what)
    : stream_(std::move(socket))
    , what_(std::move(what)) {
    parser_.body_limit(max_body_bytes);
    parser_.header_limit(max_head_bytes);
  }

  void read() {
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) return self->answer();
      if (error == http::error::body_limit) return self->refuse(http::status::payload_too_large);
      if (error == http::error::header_limit) return self->refuse(http::status::request_header_fields_too_large);
    });
  }

private:
  void answer() {
    http_server::request const& request = parser_.get();
    http_server::reply reply = what_(request);
    if (auto* const opened = std::get_if<http_server::stream_opened>(&reply)) {
      auto const stream = std::make_shared<live_stream>(std::move(stream_));
      stream->begin();
      return (*opened)(stream);
    }
    answer_ = std::get<http_server::answer>(std::move(reply));
    write();
  }

  void refuse(http::status status) {
    answer_ = http_server::answer_of(status, "text/plain", "");
    write();
  }

  void write() {
    http_server::request const& request = parser_.get();
    answer_.version(request.version());
    answer_.keep_alive(false);
    answer_.set(http::field::server, "crest-sim");
    answer_.prepare_payload();
    if (request.method() == http::verb::head) answer_.body().clear(); // Content-Length is kept
    stream_.expires_after(patience);
    http::async_write(stream_, answer_, [self = shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
    });
  }

  beast::tcp_stream stream_;
  http_server::handler what_;
  beast::flat_buffer buffer_{max_head_bytes + max_body_bytes};
  http::request_parser<http::string_body> parser_;
  http_server::answer answer_;
};

}

http_server::http_server(asio::any_io_executor on, tcp::endpoint const& at, std::string const& option, handler what)
  : acceptor_(on)
  , pause_(on)
  , what_(std::move(what)) {
  try {
    acceptor_.open(at.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen();
  } catch (boost::system::system_error const& error) {
    throw could_not_run(option + ": " + error.code().message());
  }
  accept();
}

void http_server::accept() {
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

http_server::answer http_server::answer_of(http::status status, std::string_view content_type, std::string body) {
  answer a;
  a.result(status);
  a.set(http::field::content_type, beast::string_view(content_type.data(), content_type.size()));
  a.body() = std::move(body);
  return a;
}

tcp::endpoint address_of(std::string const& option, std::string const& where) {
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
    throw config::bad_input(option + ": found '" + where +
                            "'; allowed: PORT or ADDRESS:PORT, such as 9464 or 127.0.0.1:0");
  return {address, port};
}

std::string url_of(tcp::endpoint const& at) {
  std::string const host = at.address().is_v6() ? "[" + at.address().to_string() + "]" : at.address().to_string();
  return "http://" + host + ":" + std::to_string(at.port());
}

}
