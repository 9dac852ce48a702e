#pragma once

#include "gateway/net/tls/ocsp.hpp"

#include <openssl/types.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

/// What TLS connections are made from: certificates, protocol settings, ticket keys. The connections themselves are in
/// stream.hpp.
namespace gateway::net {

struct free_tls {
  void operator()(SSL_CTX* context) const;
  void operator()(SSL* session) const;
};
using tls_context = std::unique_ptr<SSL_CTX, free_tls>;
using tls_session = std::unique_ptr<SSL, free_tls>;

/// A file that is not a certificate, a key that does not match, a list without a usable cipher.
class tls_error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Mozilla's "intermediate" list for TLS 1.2 (version 5.7), which leaves the order to the client: all are good, and a
/// client without AES in hardware knows best that ChaCha20 is faster.
inline constexpr char const* intermediate_ciphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305";

/// The keys that session tickets are sealed with (RFC 5077, RFC 8446 4.6.1). After each `lifetime` a new key seals, and
/// the one before it still opens: a ticket is valid for one to two lifetimes, and traffic recorded before that cannot
/// be opened with keys stolen later. Thread-safe.
class ticket_keys {
public:
  using time = std::chrono::steady_clock::time_point;
  struct key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{}, mac{};
  };

  explicit ticket_keys(std::chrono::nanoseconds lifetime);
  void set_lifetime(std::chrono::nanoseconds lifetime);

  /// The key that seals now.
  key sealing(time now);
  struct found {
    key with;
    bool is_present = true; // else it is the previous one: a new ticket is due
  };
  /// The key of that name, if it still opens tickets.
  std::optional<found> opening(std::span<unsigned char const, 16> name, time now);

private:
  void rotate(time now); // under the lock

  std::mutex mutex_;
  std::chrono::nanoseconds lifetime_;
  std::optional<key> present_, before_;
  time present_since_{};
};

struct server_tls_settings {
  struct certificate {
    std::filesystem::path chain, key; // PEM; the chain begins with the server's own certificate
    std::filesystem::path ocsp{};     // DER: a response to staple (ocsp.hpp); empty: none
  };
  std::vector<certificate> certificates; // the first is for clients that name no host, or an unknown one
  bool only_1_3 = false;
  std::string ciphers{}; // of TLS 1.2, in the server's order; empty: intermediate_ciphers, in the client's
  /// Zero: no tickets.
  std::chrono::nanoseconds ticket_key_lifetime = std::chrono::hours(12);
};

/// The server's side of TLS 1.2 and 1.3: HTTP/1.1 by ALPN (RFC 7301), the certificate by SNI (RFC 6066), resumption by
/// tickets, only under the name that the session began with. Constant once `use` was called; sessions may be made from
/// several threads.
class server_tls {
public:
  /// Reads the files. Throws tls_error, with the file in its text.
  explicit server_tls(server_tls_settings s);
  server_tls(server_tls const&) = delete;
  server_tls& operator=(server_tls const&) = delete;
  ~server_tls();

  /// Tickets are sealed with these from now on. Call it before the first session.
  void use(std::shared_ptr<ticket_keys> keys);
  std::chrono::nanoseconds ticket_key_lifetime() const { return settings_.ticket_key_lifetime; }

  /// A session that waits for a ClientHello. Throws std::bad_alloc.
  tls_session session() const;

private:
  static int choose_certificate(SSL* session, int* alert, void* self);
  static int on_hello(SSL* session, int* alert, void* nothing);

  server_tls_settings settings_;
  std::vector<std::unique_ptr<ocsp_staple const>> staples_;
  std::vector<tls_context> contexts_; // one per certificate
  std::shared_ptr<ticket_keys> keys_;
};

struct client_tls_settings {
  std::filesystem::path ca_file; // empty: the system's
  bool verify = true;
  std::string server_name; // empty: the host that is connected to
};

/// The client's side, towards upstreams. Constant; sessions may be made from several threads.
class client_tls {
public:
  /// Throws tls_error.
  explicit client_tls(client_tls_settings s);
  client_tls(client_tls const&) = delete;
  client_tls& operator=(client_tls const&) = delete;
  ~client_tls();

  /// A session that will require `host`, a name or an address, to prove its identity. Throws std::bad_alloc.
  tls_session session(std::string const& host) const;

private:
  client_tls_settings settings_;
  tls_context context_;
};

}
