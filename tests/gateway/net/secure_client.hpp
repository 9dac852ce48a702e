#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tests::gateway_net {

/// Certificates for these names, made by tools/test-ca and removed at the end of its scope.
class test_ca {
public:
  explicit test_ca(std::vector<std::string> const& names = {"localhost"});
  ~test_ca();
  /// NAME.pem, NAME.key, ca.pem.
  std::string file(std::string const& name) const { return (directory_ / name).string(); }
  /// Replaces the certificate for the name with another one, from another authority.
  void replace(std::string const& name);

private:
  void make(std::vector<std::string> const& names);
  std::filesystem::path directory_;
};

/// What a client offers.
struct client_hello {
  std::string server_name = "localhost";
  std::string ca_file{};           // empty: takes any certificate
  int lowest = 0, highest = 0;     // TLS1_2_VERSION …; 0: no limit
  std::vector<std::string> alpn{}; // in order
  SSL_SESSION* resume = nullptr;   // not owned
  int receive_buffer = 0;          // bytes in the kernel; 0: the default
  std::string ciphers{};           // for TLS 1.2, in order; empty: OpenSSL's
  bool asks_status = false;        // asks for an OCSP response
};

/// A TLS client made of Asio's own stream, blocking, with bounded waits.
class secure_client {
public:
  explicit secure_client(std::uint16_t port, client_hello const& hello = {});

  /// Whether the handshake succeeded.
  bool connected() const { return failure_.empty(); }
  std::string const& failure() const { return failure_; }
  std::string protocol();
  std::string alpn();
  std::string certificate_name(); // its subject's common name
  bool resumed();
  std::string cipher();
  std::string staple(); // the OCSP response, empty without
  /// The session, for `client_hello::resume`: call it after an answer, since tickets follow the handshake.
  std::shared_ptr<SSL_SESSION> session();

  void send(std::string_view bytes);
  /// Up to and including `end`, or what arrived until the peer ended.
  std::string read_until(std::string_view end);
  std::string read(std::size_t bytes);
  /// Sends a request and reads the head of its answer, then as many bytes of body as its Content-Length says.
  std::string exchange(std::string_view request);
  /// Reads to the end; returns whether the peer closed properly, with close_notify.
  bool ends_in_form();

private:
  bool fill();

  boost::asio::io_context context_;
  boost::asio::ssl::context tls_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  std::string buffer_, failure_;
  boost::system::error_code end_;
};

}
