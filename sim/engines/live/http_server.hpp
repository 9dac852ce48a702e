#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace sim::live {

/// Server-sent events to one reader (WHATWG HTML, 9.2). On the server's executor.
class event_stream {
public:
  virtual ~event_stream() = default;

  /// Of the events of one kind that wait for a slow reader, only the newest does.
  virtual void send(std::string const& kind, std::string_view data) = 0;
  /// Ends when all that waits is sent.
  virtual void finish() = 0;
  /// Whether the reader is still there.
  virtual bool open() const = 0;
};

/// What crest-sim itself serves beside a run, for as long as it exists. Answers on the executor's thread; a connection
/// has one request, and is bounded in time and size.
class http_server {
public:
  using request = boost::beast::http::request<boost::beast::http::string_body>;
  using answer = boost::beast::http::response<boost::beast::http::string_body>;
  using stream_opened = std::function<void(std::shared_ptr<event_stream>)>;
  /// Whether there is an answer or a stream.
  using reply = std::variant<answer, stream_opened>;
  using handler = std::function<reply(request const&)>;

  /// `option` asked for it, and is named when it cannot listen there: throws `could_not_run`.
  http_server(boost::asio::any_io_executor on, boost::asio::ip::tcp::endpoint const& at, std::string const& option,
              handler what);

  boost::asio::ip::tcp::endpoint address() const { return acceptor_.local_endpoint(); }

  /// An answer with a body; of an error, a line for people.
  static answer answer_of(boost::beast::http::status status, std::string_view content_type, std::string body);

private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  handler what_;
};

/// The address that the option's value means: "PORT" on the loopback address, or "HOST:PORT". Throws
/// `config::bad_input`.
boost::asio::ip::tcp::endpoint address_of(std::string const& option, std::string const& where);

/// "http://127.0.0.1:9464"
std::string url_of(boost::asio::ip::tcp::endpoint const& at);

}
