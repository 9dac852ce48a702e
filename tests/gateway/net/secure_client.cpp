#include "tests/gateway/net/secure_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <openssl/ssl.h>

#include <cstdlib>
#include <sys/socket.h>
#include <unistd.h>

namespace tests::gateway_net {
namespace asio = boost::asio;

// ---- certificates

test_ca::test_ca(std::vector<std::string> const& names) {
  char name[] = "/tmp/crest-ca-XXXXXX";
  REQUIRE(::mkdtemp(name) != nullptr);
  directory_ = name;
  make(names);
}

test_ca::~test_ca() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void test_ca::make(std::vector<std::string> const& names) {
  std::string command = std::string(CREST_SOURCE_DIR) + "/tools/test-ca " + directory_.string();
  for (std::string const& name : names) command += " " + name;
  REQUIRE(std::system(command.c_str()) == 0);
}

void test_ca::replace(std::string const& name) {
  for (std::string const& gone : {std::string("ca.pem"), name + ".pem"}) std::filesystem::remove(directory_ / gone);
  make({name});
}

// ---- the client

secure_client::secure_client(std::uint16_t port, client_hello const& hello)
  : tls_(asio::ssl::context::tls_client)
  , stream_(context_, tls_) {
  SSL* const session = stream_.native_handle();
  if (!hello.ca_file.empty()) {
    tls_.load_verify_file(hello.ca_file);
    SSL_set1_verify_cert_store(session, SSL_CTX_get_cert_store(tls_.native_handle()));
    SSL_set1_host(session, hello.server_name.c_str());
    SSL_set_verify(session, SSL_VERIFY_PEER, nullptr);
  }
  if (hello.lowest != 0) SSL_set_min_proto_version(session, hello.lowest);
  if (hello.highest != 0) SSL_set_max_proto_version(session, hello.highest);
  if (hello.highest != 0 && hello.highest < TLS1_2_VERSION) SSL_set_cipher_list(session, "ALL:@SECLEVEL=0");
  if (!hello.server_name.empty())
    SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(hello.server_name.c_str()));
  std::string names;
  for (std::string const& name : hello.alpn) names += static_cast<char>(name.size()) + name;
  if (!names.empty())
    SSL_set_alpn_protos(session, reinterpret_cast<unsigned char const*>(names.data()),
                        static_cast<unsigned int>(names.size()));
  if (!hello.ciphers.empty()) SSL_set_cipher_list(session, hello.ciphers.c_str());
  if (hello.asks_status) SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr);
  if (hello.resume) SSL_set_session(session, hello.resume);

  auto& socket = stream_.next_layer();
  socket.open(asio::ip::tcp::v4());
  if (hello.receive_buffer > 0) socket.set_option(asio::socket_base::receive_buffer_size(hello.receive_buffer));
  timeval const patience{20, 0};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  socket.connect({asio::ip::address_v4::loopback(), port});
  boost::system::error_code ec;
  stream_.handshake(asio::ssl::stream_base::client, ec);
  if (ec) failure_ = ec.message();
}

std::string secure_client::protocol() { return SSL_get_version(stream_.native_handle()); }

std::string secure_client::alpn() {
  unsigned char const* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(stream_.native_handle(), &name, &size);
  return {reinterpret_cast<char const*>(name), size};
}

std::string secure_client::certificate_name() {
  X509* const certificate = SSL_get0_peer_certificate(stream_.native_handle());
  if (!certificate) return {};
  char name[256] = {};
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  return name;
}

std::string secure_client::cipher() { return SSL_get_cipher_name(stream_.native_handle()); }

std::string secure_client::staple() {
  unsigned char* response = nullptr;
  long const size = SSL_ctrl(stream_.native_handle(), SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, &response);
  return size > 0 ? std::string(response, response + size) : std::string();
}

bool secure_client::resumed() { return SSL_session_reused(stream_.native_handle()) == 1; }

std::shared_ptr<SSL_SESSION> secure_client::session() {
  return {SSL_get1_session(stream_.native_handle()), SSL_SESSION_free};
}

void secure_client::send(std::string_view bytes) {
  boost::system::error_code ec;
  asio::write(stream_, asio::buffer(bytes), ec);
}

bool secure_client::fill() {
  char block[16384];
  std::size_t const size = stream_.read_some(asio::buffer(block), end_);
  buffer_.append(block, size);
  return !end_;
}

std::string secure_client::read_until(std::string_view end) {
  std::size_t at = std::string::npos;
  while ((at = buffer_.find(end)) == std::string::npos)
    if (!fill()) return std::exchange(buffer_, {});
  return read(at + end.size());
}

std::string secure_client::read(std::size_t bytes) {
  while (buffer_.size() < bytes && fill()) {
  }
  std::string taken = buffer_.substr(0, bytes);
  buffer_.erase(0, taken.size());
  return taken;
}

std::string secure_client::exchange(std::string_view request) {
  send(request);
  std::string const head = read_until("\r\n\r\n");
  auto const length = head.find("Content-Length: ");
  if (length == std::string::npos) return head;
  return head + read(std::stoul(head.substr(length + 16)));
}

bool secure_client::ends_in_form() {
  while (fill()) {
  }
  return end_ == asio::error::eof;
}

}
