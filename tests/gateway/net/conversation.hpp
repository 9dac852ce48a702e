#pragma once

#include "tests/live/eventually.hpp"
#include "tests/live/harness.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// Byte-exact conversations with a gateway from both of its sides, on the thread of the test. Every wait is bounded.
namespace tests::gateway_net {

using tests::live::balancer;
using tests::live::client;
using tests::live::client_answer;
using tests::live::eventually;
using tests::live::kind;
using tests::live::request;
using tests::live::scratch_directory;
using tests::live::script_answer;
using tests::live::scripted_upstream;
using tests::live::tcp;
using tests::live::upstream_request;

/// One connection, byte by byte: one that a gateway opened to a `raw_upstream`, or a client's.
class raw_connection {
public:
  /// A client's connection, with a receive buffer of so many bytes in the kernel; 0: the default.
  explicit raw_connection(std::uint16_t port, int receive_buffer = 0);
  raw_connection(std::shared_ptr<boost::asio::io_context> context, tcp::socket socket);

  /// Whether the kernel took all of it; not if it took nothing for as long as a wait may take. A peer on the same
  /// thread that does not read may be such a case: send on another thread then, as `std::async` does.
  bool send(std::string_view bytes);
  /// Sends what the kernel takes without waiting, up to `bytes`; returns how much that was.
  std::size_t send_some(std::string_view bytes);
  /// Reads up to and including `end` and returns it all; or what had arrived when the peer closed or the wait was over.
  std::string read_until(std::string_view end);
  /// Exactly so many bytes; fewer if the peer closed or the wait was over.
  std::string read(std::size_t bytes);
  /// Everything until the peer closes.
  std::string read_all();
  /// Whether the peer ends the connection without another byte.
  bool closed() { return read_all().empty() && ended_; }
  void half_close();
  void close();
  void reset();

private:
  bool fill();

  std::shared_ptr<boost::asio::io_context> context_;
  tcp::socket socket_;
  std::string buffer_;
  bool ended_ = false;       // by the peer
  bool would_block_ = false; // the last send ended there
};

/// An upstream that does nothing by itself: the test accepts, reads and answers.
class raw_upstream {
public:
  raw_upstream();
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// The next connection. Fails the test if none comes.
  raw_connection accept();
  /// Whether a connection is waiting to be accepted.
  bool has_connection();
  /// Refuses connections from now on.
  void close();

private:
  std::shared_ptr<boost::asio::io_context> context_ = std::make_shared<boost::asio::io_context>();
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
};

/// A gateway with a configuration file, into which `upstreams` are put unless it names some.
class configured_gateway {
public:
  explicit configured_gateway(std::vector<std::string> const& upstreams, nlohmann::json const& configuration = {},
                              std::vector<std::string> const& flags = {});

  balancer& operator*() { return *balancer_; }
  balancer* operator->() { return balancer_.get(); }
  std::uint16_t port() const { return balancer_->port(); }
  nlohmann::json status() const { return nlohmann::json::parse(balancer_->admin("/status")); }
  std::uint64_t count(std::string const& name) const { return balancer_->count(name); }
  /// Writes the file anew (for SIGHUP).
  void rewrite(std::string const& text) const;
  std::filesystem::path const& directory() const { return scratch_.path(); }

  std::size_t open_descriptors() const;
  /// See tests/base/memory/resident.hpp.
  std::size_t resident_bytes() const;
  /// Whether that is meaningful: not with a sanitizer that keeps its own memory.
  static constexpr bool counts_memory =
#ifdef CREST_SANITIZED
      false;
#else
      true;
#endif

private:
  scratch_directory scratch_;
  std::unique_ptr<balancer> balancer_;
};

/// With single_guess: this many first requests of one token at once. One is the guess, and it alone reaches `owner`
/// until that has answered it; then the others are served there.
void ask_at_once(configured_gateway& gateway, raw_upstream& owner, std::uint64_t clients);

/// A configuration with a cache that admin may purge.
nlohmann::json with_cache(nlohmann::json cache = nlohmann::json::object());

/// The answer that redirects `r` to `owner`.
script_answer redirect_to(std::string const& owner, upstream_request const& r);
/// The answer of a proxy that holds the session.
script_answer served_by(std::string const& owner, std::string const& body = "served");

/// Runs crest-gateway until it ends.
struct finished {
  int exit_code = 0;
  std::string out, errors;
};
finished run_gateway(std::vector<std::string> const& arguments);

}
