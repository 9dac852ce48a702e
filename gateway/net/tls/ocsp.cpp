#include "gateway/net/tls/ocsp.hpp"

#include "gateway/net/tls/tls.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace gateway::net {
namespace {

template<auto Free>
struct freed {
  template<class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using response_ptr = std::unique_ptr<OCSP_RESPONSE, freed<OCSP_RESPONSE_free>>;
using basic_ptr = std::unique_ptr<OCSP_BASICRESP, freed<OCSP_BASICRESP_free>>;
using id_ptr = std::unique_ptr<OCSP_CERTID, freed<OCSP_CERTID_free>>;
using store_ptr = std::unique_ptr<X509_STORE, freed<X509_STORE_free>>;

constexpr long most_skew_s = 300;           // of the authority's clock
constexpr std::size_t most_bytes = 1 << 16; // of a response; usual ones have some 500 to 2,000

X509* issuer_of(X509* certificate, STACK_OF(X509) * chain) {
  for (int i = 0; i < sk_X509_num(chain); ++i)
    if (X509_check_issued(sk_X509_value(chain, i), certificate) == X509_V_OK) return sk_X509_value(chain, i);
  return X509_check_issued(certificate, certificate) == X509_V_OK ? certificate : nullptr;
}

/// What it says about the certificate; nullptr: nothing. Responses name certificates by digests of the authority's
/// choice.
OCSP_SINGLERESP* find_word(OCSP_BASICRESP* said, X509* certificate, X509* issuer) {
  for (int i = 0; i < OCSP_resp_count(said); ++i) {
    OCSP_SINGLERESP* const one = OCSP_resp_get0(said, i);
    OCSP_CERTID const* const of = OCSP_SINGLERESP_get0_id(one);
    ASN1_OBJECT* digest = nullptr;
    OCSP_id_get0_info(nullptr, &digest, nullptr, nullptr, const_cast<OCSP_CERTID*>(of));
    EVP_MD const* const method = EVP_get_digestbyobj(digest);
    id_ptr const ours(method ? OCSP_cert_to_id(method, certificate, issuer) : nullptr);
    if (ours && OCSP_id_cmp(ours.get(), of) == 0) return one;
  }
  return nullptr;
}

bool is_signed_by(OCSP_BASICRESP* said, X509* issuer, STACK_OF(X509) * chain) {
  store_ptr const trusted(X509_STORE_new());
  if (!trusted || X509_STORE_add_cert(trusted.get(), issuer) != 1) return false;
  X509_STORE_set_flags(trusted.get(), X509_V_FLAG_PARTIAL_CHAIN);
  return OCSP_basic_verify(said, chain, trusted.get(), 0) == 1;
}

std::time_t seconds_of(ASN1_GENERALIZEDTIME const* at) {
  std::tm broken_down{};
  return ASN1_TIME_to_tm(at, &broken_down) == 1 ? ::timegm(&broken_down) : 0;
}

}

ocsp_staple::ocsp_staple(std::filesystem::path const& file, SSL_CTX* context) {
  auto const wrong = [&file](std::string const& why) {
    ERR_clear_error();
    return tls_error("the OCSP response " + file.string() + ", " + why);
  };
  std::ifstream in(file, std::ios::binary);
  response_.assign(std::istreambuf_iterator<char>(in), {});
  if (response_.empty()) throw wrong("which cannot be read");
  unsigned char const* at = response_.data();
  response_ptr const response(
      response_.size() > most_bytes ? nullptr : d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(response_.size())));
  if (!response || at != response_.data() + response_.size()) throw wrong("which is none in DER");
  if (OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) throw wrong("which is an error");
  basic_ptr const said(OCSP_response_get1_basic(response.get()));
  if (!said) throw wrong("which is none in DER");

  X509* const certificate = SSL_CTX_get0_certificate(context);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  X509* const issuer = issuer_of(certificate, chain);
  if (!issuer) throw wrong("which cannot be verified: the chain lacks the certificate's issuer");
  OCSP_SINGLERESP* const word = find_word(said.get(), certificate, issuer);
  if (!word) throw wrong("which says nothing of the certificate");
  if (!is_signed_by(said.get(), issuer, chain)) throw wrong("which its issuer did not sign");

  ASN1_GENERALIZEDTIME* from = nullptr;
  ASN1_GENERALIZEDTIME* until = nullptr;
  if (OCSP_single_get0_status(word, nullptr, nullptr, &from, &until) != V_OCSP_CERTSTATUS_GOOD)
    throw wrong("which does not say that the certificate is good");
  if (OCSP_check_validity(from, until, most_skew_s, -1) != 1) throw wrong("which has expired, or is not valid yet");
  if (until) until_ = seconds_of(until);
}

void ocsp_staple::offer_in(SSL_CTX* context) const {
  // What the macros SSL_CTX_set_tlsext_status_cb and _arg do, without their casts.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, reinterpret_cast<void (*)()>(&ocsp_staple::answer));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, const_cast<ocsp_staple*>(this));
}

// An expired one would be worse than none: some clients give up then.
int ocsp_staple::answer(SSL* session, void* self) {
  auto const& staple = *static_cast<ocsp_staple const*>(self);
  if (staple.until_ && std::time(nullptr) >= *staple.until_) return SSL_TLSEXT_ERR_NOACK;
  void* const copy = OPENSSL_memdup(staple.response_.data(), staple.response_.size());
  if (!copy) return SSL_TLSEXT_ERR_NOACK;
  auto const size = static_cast<long>(staple.response_.size());
  if (SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, size, copy) == 1) return SSL_TLSEXT_ERR_OK;
  OPENSSL_free(copy);
  return SSL_TLSEXT_ERR_NOACK;
}

}
