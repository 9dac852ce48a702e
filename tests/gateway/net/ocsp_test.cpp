// OCSP stapling (RFC 6066 8, RFC 6960): which responses are accepted from a file, and which clients get them.
#include "tests/gateway/net/conversation.hpp"
#include "tests/gateway/net/secure_client.hpp"

#include <catch2/catch.hpp>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

template<auto Free>
struct freed {
  template<class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using certificate_ptr = std::unique_ptr<X509, freed<X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using file_ptr = std::unique_ptr<std::FILE, freed<std::fclose>>;

certificate_ptr certificate_in(std::string const& name) {
  file_ptr const file(std::fopen(name.c_str(), "r"));
  REQUIRE(file);
  return certificate_ptr(PEM_read_X509(file.get(), nullptr, nullptr, nullptr));
}

key_ptr key_in(std::string const& name) {
  file_ptr const file(std::fopen(name.c_str(), "r"));
  REQUIRE(file);
  return key_ptr(PEM_read_PrivateKey(file.get(), nullptr, nullptr, nullptr));
}

/// What a response says, and who says it.
struct word {
  std::string of = "localhost.pem";
  int status = V_OCSP_CERTSTATUS_GOOD;
  long from_s = -3600, until_s = 3600; // from now; until 0: not stated
  enum class signer { issuer, trusted, untrusted, somebody } by = signer::issuer;
  bool sha256_id = false;
};

/// A delegate whose certificate the authority signs, and whom it trusts with OCSP if `usage` says so.
certificate_ptr delegate(X509* authority, EVP_PKEY* authority_key, EVP_PKEY* own, char const* usage) {
  certificate_ptr made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 77);
  X509_set_issuer_name(made.get(), X509_get_subject_name(authority));
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<unsigned char const*>("responder"), -1, -1, 0);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), own);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_ext_key_usage, usage);
  X509_add_ext(made.get(), extension, -1);
  X509_EXTENSION_free(extension);
  REQUIRE(X509_sign(made.get(), authority_key, EVP_sha256()) > 0);
  return made;
}

std::string response_of(test_ca const& ca, word const& w) {
  auto const authority = certificate_in(ca.file("ca.pem"));
  auto const authority_key = key_in(ca.file("ca.key"));
  auto const certificate = certificate_in(ca.file(w.of));
  std::unique_ptr<OCSP_BASICRESP, freed<OCSP_BASICRESP_free>> const said(OCSP_BASICRESP_new());
  std::unique_ptr<OCSP_CERTID, freed<OCSP_CERTID_free>> const id(
      OCSP_cert_to_id(w.sha256_id ? EVP_sha256() : EVP_sha1(), certificate.get(), authority.get()));
  std::unique_ptr<ASN1_TIME, freed<ASN1_TIME_free>> const from(X509_gmtime_adj(nullptr, w.from_s)),
      until(w.until_s == 0 ? nullptr : X509_gmtime_adj(nullptr, w.until_s));
  OCSP_basic_add1_status(said.get(), id.get(), w.status, OCSP_REVOKED_STATUS_NOSTATUS, from.get(), from.get(),
                         until.get());
  if (w.by == word::signer::issuer) {
    REQUIRE(OCSP_basic_sign(said.get(), authority.get(), authority_key.get(), EVP_sha256(), nullptr, 0) == 1);
  } else {
    key_ptr const own(EVP_EC_gen("P-256"));
    bool const stranger = w.by == word::signer::somebody; // a stranger signs for himself
    auto const signer = delegate(authority.get(), stranger ? own.get() : authority_key.get(), own.get(),
                                 w.by == word::signer::untrusted ? "serverAuth" : "OCSPSigning");
    REQUIRE(OCSP_basic_sign(said.get(), signer.get(), own.get(), EVP_sha256(), nullptr, 0) == 1);
  }
  std::unique_ptr<OCSP_RESPONSE, freed<OCSP_RESPONSE_free>> const response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, said.get()));
  std::string bytes(static_cast<std::size_t>(i2d_OCSP_RESPONSE(response.get(), nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(bytes.data());
  i2d_OCSP_RESPONSE(response.get(), &at);
  return bytes;
}

std::string error_response() {
  std::unique_ptr<OCSP_RESPONSE, freed<OCSP_RESPONSE_free>> const response(
      OCSP_response_create(OCSP_RESPONSE_STATUS_TRYLATER, nullptr));
  std::string bytes(static_cast<std::size_t>(i2d_OCSP_RESPONSE(response.get(), nullptr)), '\0');
  auto* at = reinterpret_cast<unsigned char*>(bytes.data());
  i2d_OCSP_RESPONSE(response.get(), &at);
  return bytes;
}

void write(std::string const& file, std::string const& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

/// The first certificate has the staple, the others have none.
nlohmann::json stapling(test_ca const& ca, std::vector<std::string> const& names, std::string const& file) {
  nlohmann::json certificates = nlohmann::json::array();
  for (std::string const& name : names)
    certificates.push_back({{"certificate", ca.file(name + ".pem")}, {"key", ca.file(name + ".key")}});
  certificates[0]["ocsp"] = file;
  return {{"listen", {{{"address", "127.0.0.1:0"}, {"tls", true}}}}, {"tls", {{"certificates", certificates}}}};
}

std::string staple(std::uint16_t port, std::string const& name, int version, bool asks = true) {
  secure_client c(port, {.server_name = name, .lowest = version, .highest = version, .asks_status = asks});
  REQUIRE(c.connected());
  return c.staple();
}

}

TEST_CASE("a client that asks gets the response of its certificate, before and after a reload") {
  test_ca const ca({"localhost", "other.test"});
  scripted_upstream upstream(serves_as());
  std::string const file = ca.file("localhost.ocsp");
  for (word const& w : {word{}, word{.sha256_id = true}, word{.until_s = 0}, word{.by = word::signer::trusted}}) {
    std::string const first = response_of(ca, w);
    write(file, first);
    configured_gateway gateway({upstream.address()}, stapling(ca, {"localhost", "other.test"}, file));
    for (int const version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
      CHECK(staple(gateway.port(), "localhost", version) == first);
      CHECK(staple(gateway.port(), "unknown.test", version) == first); // a client that gets the first certificate
      CHECK(staple(gateway.port(), "other.test", version).empty());
      CHECK(staple(gateway.port(), "localhost", version, false).empty());
    }
    std::string const second = response_of(ca, {.from_s = -60});
    write(file, second);
    gateway->process().signal(SIGHUP);
    CHECK(eventually([&] { return staple(gateway.port(), "localhost", TLS1_3_VERSION) == second; }));
  }
}

TEST_CASE("a response that has expired meanwhile is not sent") {
  test_ca const ca;
  scripted_upstream upstream(serves_as());
  std::string const file = ca.file("localhost.ocsp"), response = response_of(ca, {.until_s = 2});
  write(file, response);
  configured_gateway gateway({upstream.address()}, stapling(ca, {"localhost"}, file));
  CHECK(eventually([&] { return staple(gateway.port(), "localhost", TLS1_3_VERSION).empty(); }));
}

TEST_CASE("a response that is no use is one line and exit code 2, and a reload with it changes nothing") {
  test_ca const ca({"localhost", "other.test"});
  test_ca const stranger({"localhost"});
  std::string const file = ca.file("localhost.ocsp"), good = response_of(ca, {});
  struct row {
    char const* name;
    std::string bytes;
    char const* why;
  };
  std::vector<row> const rows{
      {"nothing", "", "cannot be read"},
      {"a PEM file", "-----BEGIN OCSP RESPONSE-----\n", "none in DER"},
      {"cut short", good.substr(0, good.size() - 1), "none in DER"},
      {"with something behind", good + "x", "none in DER"},
      {"longer than any is", std::string(100'000, '0'), "none in DER"},
      {"an error", error_response(), "an error"},
      {"of another certificate", response_of(ca, {.of = "other.test.pem"}), "says nothing of the certificate"},
      {"of another authority", response_of(stranger, {}), "says nothing of the certificate"},
      {"revoked", response_of(ca, {.status = V_OCSP_CERTSTATUS_REVOKED}), "certificate is good"},
      {"unknown", response_of(ca, {.status = V_OCSP_CERTSTATUS_UNKNOWN}), "certificate is good"},
      {"expired", response_of(ca, {.from_s = -7200, .until_s = -3600}), "expired"},
      {"of the future", response_of(ca, {.from_s = 3600, .until_s = 7200}), "not valid yet"},
      {"signed by whom nobody trusts with it", response_of(ca, {.by = word::signer::untrusted}), "did not sign"},
      {"signed by somebody", response_of(ca, {.by = word::signer::somebody}), "did not sign"},
  };
  scripted_upstream upstream(serves_as());
  write(file, good);
  configured_gateway gateway({upstream.address()}, stapling(ca, {"localhost"}, file));
  nlohmann::json configuration = stapling(ca, {"localhost"}, file);
  configuration["upstreams"] = {"127.0.0.1:1"};
  write(ca.file("check.json"), configuration.dump());
  std::size_t complaints = 0;
  for (row const& r : rows) {
    INFO(r.name);
    write(file, r.bytes);
    auto const done = run_gateway({"--check", "--config", ca.file("check.json")});
    CHECK(done.exit_code == 2);
    CHECK(std::count(done.errors.begin(), done.errors.end(), '\n') == 1);
    CHECK(done.errors.find("the OCSP response " + file) != std::string::npos);
    CHECK(done.errors.find(r.why) != std::string::npos);
    gateway->process().signal(SIGHUP);
    ++complaints;
    CHECK(eventually([&] {
      std::string const errors = gateway->process().errors();
      std::size_t seen = 0;
      for (std::size_t at = 0; (at = errors.find("the OCSP response", at)) != std::string::npos; ++at) ++seen;
      return seen == complaints;
    }));
    CHECK(staple(gateway.port(), "localhost", TLS1_3_VERSION) == good);
  }
  write(file, good);
  CHECK(run_gateway({"--check", "--config", ca.file("check.json")}).exit_code == 0);
}
