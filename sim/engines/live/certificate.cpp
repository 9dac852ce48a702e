#include "sim/engines/live/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/stat.h>

namespace sim::live {
namespace {

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a certificate");
}

template<class Write>
void write_file(std::filesystem::path const& file, mode_t mode, Write write) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const out(std::fopen(file.c_str(), "w"), &std::fclose);
  if (!out) throw std::runtime_error(file.string() + ": cannot be written");
  must(::fchmod(::fileno(out.get()), mode) == 0 && write(out.get()) == 1);
}

}

certificate_files make_certificate(std::filesystem::path const& directory) {
  constexpr long lifetime_s = 7 * 24 * 3600, early_s = -3600; // clocks differ
  certificate_files const files{directory / "tls.pem", directory / "tls.key"};
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> const key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  std::unique_ptr<X509, void (*)(X509*)> const made(X509_new(), &X509_free);
  must(key && made);
  X509* const x = made.get();
  must(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
       X509_gmtime_adj(X509_getm_notBefore(x), early_s) && X509_gmtime_adj(X509_getm_notAfter(x), lifetime_s) &&
       X509_set_pubkey(x, key.get()) == 1);
  X509_NAME* const name = X509_get_subject_name(x);
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<unsigned char const*>("localhost"), -1, -1,
                                  0) == 1 &&
       X509_set_issuer_name(x, name) == 1);
  std::unique_ptr<X509_EXTENSION, void (*)(X509_EXTENSION*)> const names(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"), &X509_EXTENSION_free);
  must(names && X509_add_ext(x, names.get(), -1) == 1 && X509_sign(x, key.get(), EVP_sha256()) != 0);
  write_file(files.certificate, 0644, [&](std::FILE* out) { return PEM_write_X509(out, x); });
  write_file(files.key, 0600, [&](std::FILE* out) {
    return PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

}
