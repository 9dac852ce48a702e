#include "gateway/net/tls/tls.hpp"

#include "gateway/http/fields.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <new>
#include <string_view>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::string_view http11 = "\x08http/1.1"; // in the format of ALPN's lists

std::string reason() {
  unsigned long const code = ERR_peek_last_error();
  char const* const text = ERR_reason_error_string(code);
  ERR_clear_error();
  return text ? text : "unknown error";
}

/// Options for both sides.
void harden(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A stream retries a write with newly gathered buffers, and an idle connection should not hold buffers.
  SSL_CTX_set_mode(context,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1); // a record's head and body in one system call
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}

int choose_protocol(SSL*, unsigned char const** out, unsigned char* size, unsigned char const* offered,
                    unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  auto const* const ours = reinterpret_cast<unsigned char const*>(http11.data());
  if (SSL_select_next_proto(&chosen, size, ours, http11.size(), offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL; // no_application_protocol (RFC 7301 3.2)
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Prepares the cipher and the MAC of a ticket that is made (`sealing`) or presented. Returns what
/// SSL_CTX_set_tlsext_ticket_key_evp_cb expects: 1 go on, 2 go on and issue a new ticket, 0 no such key, -1 failure.
int ticket_key(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
               int sealing) {
  // Looked up by name once, not for each ticket.
  static EVP_CIPHER const* const aes = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  auto* const keys = static_cast<ticket_keys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  auto const now = std::chrono::steady_clock::now();
  ticket_keys::found key;
  if (sealing != 0) {
    key.with = keys->sealing(now);
    std::copy(key.with.name.begin(), key.with.name.end(), name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(aes)) != 1) return -1;
  } else {
    auto const found = keys->opening(std::span<unsigned char const, 16>(name, 16), now);
    if (!found) return 0;
    key = *found;
  }
  char digest[] = "SHA256";
  OSSL_PARAM const parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.with.mac.data(), key.with.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return -1;
  int const ready = sealing != 0 ? EVP_EncryptInit_ex2(cipher, aes, key.with.cipher.data(), iv, nullptr)
                                 : EVP_DecryptInit_ex2(cipher, aes, key.with.cipher.data(), iv, nullptr);
  if (ready != 1) return -1;
  // In TLS 1.3 a ticket is for one connection (RFC 8446 C.4): each connection brings the next ticket.
  return key.is_present && SSL_version(session) != TLS1_3_VERSION ? 1 : 2;
}

tls_context server_context(server_tls_settings const& s, server_tls_settings::certificate const& own) {
  tls_context made(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* const context = made.get();
  if (!context) throw std::bad_alloc();
  harden(context);
  // A client that closes without close_notify cannot truncate anything that we wait for: requests say how long they
  // are.
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (s.only_1_3) SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  if (SSL_CTX_set_cipher_list(context, s.ciphers.empty() ? intermediate_ciphers : s.ciphers.c_str()) != 1)
    throw tls_error("the ciphers \"" + s.ciphers + "\": " + reason());
  // A configured list is in order of preference, except for clients without AES in hardware, for whom ChaCha20 is
  // faster.
  if (!s.ciphers.empty()) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  SSL_CTX_set_dh_auto(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); // tickets instead
  if (s.ticket_key_lifetime.count() == 0) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  } else {
    auto const life = std::chrono::duration_cast<std::chrono::seconds>(2 * s.ticket_key_lifetime).count();
    SSL_CTX_set_timeout(context, std::max<long>(1, static_cast<long>(life)));
  }
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context, own.chain.c_str()) != 1)
    throw tls_error("the certificate " + own.chain.string() + ": " + reason());
  if (SSL_CTX_use_PrivateKey_file(context, own.key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw tls_error("the key " + own.key.string() + ": " + reason());
  if (SSL_CTX_check_private_key(context) != 1)
    throw tls_error("the key " + own.key.string() + " of the certificate " + own.chain.string() + ": " + reason());
  return made;
}

}

void free_tls::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void free_tls::operator()(SSL* session) const { SSL_free(session); }

// ---- tickets

ticket_keys::ticket_keys(std::chrono::nanoseconds lifetime)
  : lifetime_(lifetime) {}

void ticket_keys::set_lifetime(std::chrono::nanoseconds lifetime) {
  std::lock_guard const lock(mutex_);
  lifetime_ = lifetime;
}

void ticket_keys::rotate(time now) {
  if (present_ && now - present_since_ < lifetime_) return;
  bool const fresh_enough = present_ && now - present_since_ < 2 * lifetime_;
  before_ = fresh_enough ? present_ : std::nullopt;
  key next;
  bool const drawn = RAND_bytes(next.name.data(), static_cast<int>(next.name.size())) == 1 &&
                     RAND_priv_bytes(next.cipher.data(), static_cast<int>(next.cipher.size())) == 1 &&
                     RAND_priv_bytes(next.mac.data(), static_cast<int>(next.mac.size())) == 1;
  if (!drawn) throw tls_error("no random bytes: " + reason());
  present_ = next;
  present_since_ = now;
}

ticket_keys::key ticket_keys::sealing(time now) {
  std::lock_guard const lock(mutex_);
  rotate(now);
  return *present_;
}

std::optional<ticket_keys::found> ticket_keys::opening(std::span<unsigned char const, 16> name, time now) {
  std::lock_guard const lock(mutex_);
  rotate(now);
  auto const is = [&](std::optional<key> const& k) {
    return k && std::equal(name.begin(), name.end(), k->name.begin());
  };
  if (is(present_)) return found{*present_, true};
  if (is(before_)) return found{*before_, false};
  return std::nullopt;
}

// ---- the server's side

server_tls::server_tls(server_tls_settings s)
  : settings_(std::move(s)) {
  for (server_tls_settings::certificate const& c : settings_.certificates)
    contexts_.push_back(server_context(settings_, c));
  for (std::size_t i = 0; i != contexts_.size(); ++i) {
    auto const& file = settings_.certificates[i].ocsp;
    if (file.empty()) continue;
    staples_.push_back(std::make_unique<ocsp_staple const>(file, contexts_[i].get()));
    staples_.back()->offer_in(contexts_[i].get());
  }
  SSL_CTX_set_client_hello_cb(contexts_.front().get(), &server_tls::on_hello, nullptr);
  for (tls_context const& context : contexts_) {
    // What the macro SSL_CTX_set_tlsext_servername_callback does, without its casts.
    SSL_CTX_callback_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(&server_tls::choose_certificate));
    SSL_CTX_set_tlsext_servername_arg(context.get(), this); // needed in the handshake only, since nothing renegotiates
  }
}

server_tls::~server_tls() = default;

void server_tls::use(std::shared_ptr<ticket_keys> keys) {
  if (keys_ == keys) return; // in use already
  keys_ = std::move(keys);
  if (settings_.ticket_key_lifetime.count() == 0) return;
  for (tls_context const& context : contexts_) {
    SSL_CTX_set_app_data(context.get(), keys_.get());
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), ticket_key);
  }
}

tls_session server_tls::session() const {
  tls_session made(SSL_new(contexts_.front().get()));
  if (!made) throw std::bad_alloc();
  SSL_set_accept_state(made.get());
  return made;
}

// A session is resumed only under the name that it began with (RFC 6066 3; OpenSSL enforces that for TLS 1.3 only): the
// name is the session's context. It has to be set before OpenSSL looks at the session, at which time the extension has
// not been parsed yet: all of its bytes count, in lower case.
int server_tls::on_hello(SSL* session, int*, void*) {
  unsigned char const* bytes = nullptr;
  std::size_t size = 0;
  std::string name;
  if (SSL_client_hello_get0_ext(session, TLSEXT_TYPE_server_name, &bytes, &size) == 1) name.assign(bytes, bytes + size);
  name = http::lower_case(name);
  std::array<unsigned char, SSL_MAX_SID_CTX_LENGTH> id;
  static EVP_MD const* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  bool const is_bound = EVP_Digest(name.data(), name.size(), id.data(), nullptr, sha256, nullptr) == 1 &&
                        SSL_set_session_id_context(session, id.data(), id.size()) == 1;
  return is_bound ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

// The first certificate that names the host, by the rules of RFC 6125.
int server_tls::choose_certificate(SSL* session, int*, void* self) {
  char const* const host = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (!host) return SSL_TLSEXT_ERR_NOACK;
  for (tls_context const& context : static_cast<server_tls const*>(self)->contexts_) {
    X509* const certificate = SSL_CTX_get0_certificate(context.get());
    if (X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) != 1) continue;
    SSL_set_SSL_CTX(session, context.get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// ---- the client's side

client_tls::client_tls(client_tls_settings s)
  : settings_(std::move(s))
  , context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* const context = context_.get();
  if (!context) throw std::bad_alloc();
  harden(context);
  SSL_CTX_set_cipher_list(context, intermediate_ciphers);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<unsigned char const*>(http11.data()), http11.size());
  if (!settings_.verify) return;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  int const loaded = settings_.ca_file.empty() ? SSL_CTX_set_default_verify_paths(context)
                                               : SSL_CTX_load_verify_file(context, settings_.ca_file.c_str());
  if (loaded != 1) throw tls_error("the certificates to trust, " + settings_.ca_file.string() + ": " + reason());
}

client_tls::~client_tls() = default;

tls_session client_tls::session(std::string const& host) const {
  tls_session made(SSL_new(context_.get()));
  if (!made) throw std::bad_alloc();
  std::string const& name = settings_.server_name.empty() ? host : settings_.server_name;
  boost::system::error_code not_an_address;
  boost::asio::ip::make_address(name, not_an_address);
  if (not_an_address) {
    // What the macro SSL_set_tlsext_host_name does, without its casts; the name is copied.
    SSL_ctrl(made.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(name.c_str()));
    SSL_set1_host(made.get(), name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(made.get()), name.c_str());
  }
  SSL_set_connect_state(made.get());
  return made;
}

}
