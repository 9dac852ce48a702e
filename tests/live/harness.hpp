#pragma once

#include "sim/engines/live/ports.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

/// Real balancers between scripted upstreams and hand-written clients, over real sockets. Blocking on purpose: a test
/// reads as a conversation. Every wait is bounded by a receive time-out.
namespace tests::live {

namespace http = boost::beast::http;
using tcp = boost::asio::ip::tcp;

/// A request as a scripted upstream read it, with Beast's own parser.
struct upstream_request {
  std::string method, target, body;
  http::fields fields;
  std::string field(std::string const& name) const;
};

/// What a scripted upstream does with a request: bytes to send as they are, and whether to close afterwards.
struct script_answer {
  std::string bytes;
  bool close = false;
  bool stall = false; // keep silent until the test ends
};

/// An HTTP/1.1 answer with these fields ("A: b\r\n…") and body.
std::string answer(std::string const& fields = {}, std::string const& body = "ok",
                   std::string const& status = "200 OK");

/// A server that answers each request by calling `script`, from the thread of its connection.
class scripted_upstream {
public:
  using script = std::function<script_answer(upstream_request const&)>;
  explicit scripted_upstream(script s);
  ~scripted_upstream();

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::vector<upstream_request> requests() const;
  std::size_t connections() const { return connections_; }
  void set_script(script s);
  /// Refuses connections from now on, and breaks those that are open.
  void die();

private:
  void accept();
  void serve(tcp::socket& socket);

  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  script script_;
  std::vector<upstream_request> requests_;
  std::list<tcp::socket> sockets_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> dead_{false};
  std::thread acceptor_thread_;
};

/// A script that serves every request and claims the session.
scripted_upstream::script serves_as(std::string const& name = "served");

/// A child process, killed and reaped at the end of its scope.
class child {
public:
  child(std::filesystem::path const& program, std::vector<std::string> const& arguments);
  child(child const&) = delete;
  child& operator=(child const&) = delete;
  ~child();

  pid_t pid() const { return pid_; }
  /// The first line of its stdout; empty when it ends without one.
  std::string ready_line();
  /// The rest of its stdout, until it closes it.
  std::string rest();
  void signal(int number) const;
  /// Waits for its end; its exit status, or 128 + signal.
  int wait();
  std::string errors() const; // stderr so far

private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::filesystem::path log_;
};

/// A fresh directory, removed at the end of its scope.
class scratch_directory {
public:
  scratch_directory();
  ~scratch_directory();
  std::filesystem::path const& path() const { return path_; }

private:
  std::filesystem::path path_;
};

enum class kind { gateway, nginx_guess, nginx_lua };
char const* name_of(kind k);

/// A balancer of some kind in front of upstreams.
class balancer {
public:
  /// `listeners`: flags of a gateway that say where it listens; its first address is `port`.
  balancer(kind k, std::vector<std::string> const& upstreams, std::vector<std::string> const& flags = {},
           std::vector<std::string> const& listeners = {"--listen", "127.0.0.1:0"});

  std::uint16_t port() const { return port_; }
  std::uint16_t admin_port() const { return admin_port_; } // gateway
  /// Body of GET on the admin endpoint (gateway).
  std::string admin(std::string const& target) const;
  /// A number of /status (gateway).
  std::uint64_t count(std::string const& name) const;
  child& process() { return *process_; }
  std::filesystem::path const& directory() const { return scratch_.path(); }

private:
  scratch_directory scratch_;
  std::optional<sim::live::port_reservation> reservation_; // nginx
  std::optional<child> process_;
  std::uint16_t port_ = 0;
  std::uint16_t admin_port_ = 0;
};

struct client_answer {
  unsigned status = 0;
  http::fields fields;
  std::string body;
  bool complete = false; // the message ended as its head said
  std::string field(std::string const& name) const;
};

/// A client connection.
class client {
public:
  explicit client(std::uint16_t port);

  void send(std::string const& bytes);
  /// Reads one answer; `to_head` when it answers HEAD. Incomplete on a time-out, close or parse error.
  client_answer receive(bool to_head = false);
  client_answer exchange(std::string const& bytes) {
    send(bytes);
    return receive(bytes.starts_with("HEAD "));
  }
  /// The next line of what comes, without its end; none on a time-out or the end.
  std::optional<std::string> line();
  void half_close();
  void reset();
  /// Whether the peer has closed (waits for it, bounded).
  bool closed();

private:
  boost::asio::io_context context_;
  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

/// `GET target` with a token (none if empty) and further fields ("A: b\r\n").
std::string request(std::string const& method, std::string const& target, std::string const& token,
                    std::string const& fields = {}, std::string const& body = {});

}
