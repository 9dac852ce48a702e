#pragma once

#include <openssl/types.h>

#include <ctime>
#include <filesystem>
#include <optional>
#include <vector>

namespace gateway::net {

/// A response in which a certificate's authority says that it is not revoked (RFC 6960), for clients that ask for it in
/// the handshake (RFC 6066 8: "stapling"). Read from a file that something else keeps fresh. Constant.
class ocsp_staple {
public:
  /// `file` is DER. It has to be a successful response, signed by the certificate's issuer or a delegate of it, which
  /// currently says that the certificate of `context` is good; the issuer is looked for in the chain. Throws tls_error.
  ocsp_staple(std::filesystem::path const& file, SSL_CTX* context);

  /// Sessions of `context` give it to clients that ask, as long as it is valid. The staple outlives the context.
  void offer_in(SSL_CTX* context) const;

private:
  static int answer(SSL* session, void* self);

  std::vector<unsigned char> response_;
  std::optional<std::time_t> until_; // nullopt: not stated
};

}
