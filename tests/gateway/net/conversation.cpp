#include "tests/gateway/net/conversation.hpp"

#include "tests/base/memory/resident.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace tests::gateway_net {
namespace {

constexpr int patience_ms = 20'000;

bool becomes(short events, int descriptor, int wait_ms) {
  pollfd wait{descriptor, events, 0};
  return ::poll(&wait, 1, wait_ms) > 0;
}

bool readable(int descriptor, int wait_ms) { return becomes(POLLIN, descriptor, wait_ms); }

}

raw_connection::raw_connection(std::uint16_t port, int receive_buffer)
  : context_(std::make_shared<boost::asio::io_context>())
  , socket_(*context_) {
  socket_.open(tcp::v4());
  if (receive_buffer > 0) socket_.set_option(boost::asio::socket_base::receive_buffer_size(receive_buffer));
  socket_.connect({boost::asio::ip::address_v4::loopback(), port});
}

raw_connection::raw_connection(std::shared_ptr<boost::asio::io_context> context, tcp::socket socket)
  : context_(std::move(context))
  , socket_(std::move(socket)) {}

bool raw_connection::send(std::string_view bytes) {
  do {
    bytes.remove_prefix(send_some(bytes));
  } while (!bytes.empty() && would_block_ && becomes(POLLOUT, socket_.native_handle(), patience_ms));
  return bytes.empty();
}

std::size_t raw_connection::send_some(std::string_view bytes) {
  std::size_t sent = 0;
  ssize_t now = 0;
  while (sent < bytes.size() && now >= 0) {
    now = ::send(socket_.native_handle(), bytes.data() + sent, bytes.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (now > 0) sent += static_cast<std::size_t>(now);
  }
  would_block_ = now < 0 && errno == EAGAIN;
  return sent;
}

bool raw_connection::fill() {
  if (!readable(socket_.native_handle(), patience_ms)) return false;
  char bytes[64 * 1024];
  boost::system::error_code ec;
  std::size_t const got = socket_.read_some(boost::asio::buffer(bytes), ec);
  buffer_.append(bytes, got);
  ended_ = got == 0;
  return got > 0;
}

std::string raw_connection::read_until(std::string_view end) {
  std::size_t at = 0;
  while ((at = buffer_.find(end)) == std::string::npos)
    if (!fill()) return std::exchange(buffer_, {});
  std::string out = buffer_.substr(0, at + end.size());
  buffer_.erase(0, out.size());
  return out;
}

std::string raw_connection::read(std::size_t bytes) {
  while (buffer_.size() < bytes && fill()) {
  }
  std::string out = buffer_.substr(0, bytes);
  buffer_.erase(0, out.size());
  return out;
}

std::string raw_connection::read_all() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

void raw_connection::half_close() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void raw_connection::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void raw_connection::reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

raw_upstream::raw_upstream()
  : acceptor_(*context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0))
  , port_(acceptor_.local_endpoint().port()) {}

raw_connection raw_upstream::accept() {
  REQUIRE(readable(acceptor_.native_handle(), patience_ms));
  return raw_connection(context_, acceptor_.accept());
}

bool raw_upstream::has_connection() { return readable(acceptor_.native_handle(), 0); }

// Closing is not enough: a gateway started since then holds a copy of the descriptor.
void raw_upstream::close() { ::shutdown(acceptor_.native_handle(), SHUT_RDWR); }

configured_gateway::configured_gateway(std::vector<std::string> const& upstreams, nlohmann::json const& configuration,
                                       std::vector<std::string> const& flags) {
  std::vector<std::string> all = flags;
  if (!configuration.is_null()) {
    rewrite(configuration.dump());
    all.emplace_back("--config");
    all.push_back((scratch_.path() / "gateway.json").string());
  }
  if (configuration.is_object() && configuration.contains("listen"))
    balancer_ = std::make_unique<balancer>(kind::gateway, upstreams, all, std::vector<std::string>{});
  else
    balancer_ = std::make_unique<balancer>(kind::gateway, upstreams, all);
}

void configured_gateway::rewrite(std::string const& text) const {
  std::ofstream(scratch_.path() / "gateway.json") << text;
}

std::size_t configured_gateway::open_descriptors() const {
  std::filesystem::directory_iterator const open("/proc/" + std::to_string(balancer_->process().pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(open), end(open)));
}

std::size_t configured_gateway::resident_bytes() const {
  return tests::resident_bytes("/proc/" + std::to_string(balancer_->process().pid()));
}

void ask_at_once(configured_gateway& gateway, raw_upstream& owner, std::uint64_t clients) {
  std::vector<std::unique_ptr<client>> all;
  for (std::uint64_t i = 0; i < clients; ++i) {
    all.push_back(std::make_unique<client>(gateway.port()));
    all.back()->send(request("GET", "/x", "t"));
  }
  raw_connection first = owner.accept();
  first.read_until("\r\n\r\n");
  CHECK(eventually([&] { return gateway.count("guess_waits") == clients - 1; }));
  CHECK_FALSE(owner.has_connection());
  std::string const served =
      tests::live::answer("X-Backend: http://" + owner.address() + "\r\nConnection: close\r\n", "served");
  first.send(served);
  for (std::uint64_t i = 1; i < clients; ++i) {
    raw_connection next = owner.accept();
    next.read_until("\r\n\r\n");
    next.send(served);
  }
  for (auto const& c : all) CHECK(c->receive().body == "served");
}

nlohmann::json with_cache(nlohmann::json cache) { return {{"cache", std::move(cache)}, {"admin_writes", true}}; }

script_answer redirect_to(std::string const& owner, upstream_request const& r) {
  return {tests::live::answer("X-Accel-Redirect: /internal_redirect/" + owner + r.target + "\r\n", "")};
}

script_answer served_by(std::string const& owner, std::string const& body) {
  return {tests::live::answer("X-Backend: http://" + owner + "\r\n", body)};
}

finished run_gateway(std::vector<std::string> const& arguments) {
  tests::live::child program(std::filesystem::path(CREST_BIN_DIR) / "crest-gateway", arguments);
  finished out;
  out.out = program.ready_line();
  out.exit_code = program.wait();
  out.errors = program.errors();
  return out;
}

}
