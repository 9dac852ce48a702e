#include "tests/live/harness.hpp"

#include "sim/engines/live/nginx_config.hpp"
#include "sim/engines/live/paths.hpp"
#include "tests/live/eventually.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tests::live {
namespace {

constexpr int patience_ms = 20'000;

/// A SyncReadStream over a socket whose reads give up after a while: Asio's own would wait for ever.
struct patient_stream {
  tcp::socket& socket;

  template<class Buffers>
  std::size_t read_some(Buffers const& buffers, boost::system::error_code& ec) {
    pollfd wait{socket.native_handle(), POLLIN, 0};
    if (::poll(&wait, 1, patience_ms) <= 0) {
      ec = boost::asio::error::timed_out;
      return 0;
    }
    return socket.read_some(buffers, ec);
  }
  template<class Buffers>
  std::size_t read_some(Buffers const& buffers) {
    boost::system::error_code ec;
    std::size_t const bytes = read_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return bytes;
  }
};

std::string text(boost::beast::string_view view) { return {view.data(), view.size()}; }

}

std::string upstream_request::field(std::string const& name) const { return text(fields[name]); }
std::string client_answer::field(std::string const& name) const { return text(fields[name]); }

std::string answer(std::string const& fields, std::string const& body, std::string const& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body;
}

scripted_upstream::scripted_upstream(script s)
  : acceptor_(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0))
  , script_(std::move(s)) {
  port_ = acceptor_.local_endpoint().port();
  acceptor_thread_ = std::thread([this] { accept(); });
}

scripted_upstream::~scripted_upstream() {
  die();
  acceptor_thread_.join();
  for (std::thread& thread : threads_) thread.join();
}

void scripted_upstream::die() {
  dead_ = true;
  ::shutdown(acceptor_.native_handle(), SHUT_RDWR); // wakes the blocking accept; the port refuses from now on
  std::lock_guard const lock(mutex_);
  for (tcp::socket& socket : sockets_) ::shutdown(socket.native_handle(), SHUT_RDWR);
}

void scripted_upstream::accept() {
  while (!dead_) {
    boost::system::error_code ec;
    tcp::socket socket(context_);
    acceptor_.accept(socket, ec);
    if (ec) break;
    ++connections_;
    std::lock_guard const lock(mutex_);
    if (dead_) break;
    sockets_.push_back(std::move(socket));
    threads_.emplace_back([this, &connection = sockets_.back()] { serve(connection); });
  }
}

void scripted_upstream::serve(tcp::socket& socket) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(boost::none);
    boost::system::error_code ec;
    http::read(socket, buffer, parser, ec);
    if (ec) break;
    auto const& message = parser.get();
    upstream_request request{text(message.method_string()), text(message.target()), message.body(), message.base()};
    script current;
    {
      std::lock_guard const lock(mutex_);
      requests_.push_back(request);
      current = script_;
    }
    script_answer const next = current(request);
    if (next.stall) {
      char byte = 0;
      boost::asio::read(socket, boost::asio::buffer(&byte, 1), ec); // until the peer or the test gives up
      break;
    }
    boost::asio::write(socket, boost::asio::buffer(next.bytes), ec);
    if (ec || next.close || message.need_eof()) break;
  }
  std::lock_guard const lock(mutex_);
  ::shutdown(socket.native_handle(), SHUT_RDWR);
}

std::vector<upstream_request> scripted_upstream::requests() const {
  std::lock_guard const lock(mutex_);
  return requests_;
}

void scripted_upstream::set_script(script s) {
  std::lock_guard const lock(mutex_);
  script_ = std::move(s);
}

scripted_upstream::script serves_as(std::string const& name) {
  return [name](upstream_request const&) { return script_answer{answer("", name)}; };
}

child::child(std::filesystem::path const& program, std::vector<std::string> const& arguments) {
  int out[2];
  REQUIRE(::pipe2(out, O_CLOEXEC) == 0);
  std::string log = (std::filesystem::temp_directory_path() / "crest-test-log-XXXXXX").string();
  int const log_fd = ::mkostemp(log.data(), O_CLOEXEC);
  REQUIRE(log_fd >= 0);
  log_ = log;
  std::string const path = program.string();
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (std::string const& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(log_fd, STDERR_FILENO);
    ::execv(path.c_str(), argv.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(log_fd);
  out_ = out[0];
}

child::~child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(out_);
  std::error_code ignored;
  std::filesystem::remove(log_, ignored);
}

std::string child::ready_line() {
  std::string line;
  char c = 0;
  while (::read(out_, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

std::string child::rest() {
  std::string text;
  char bytes[4096];
  for (ssize_t got; (got = ::read(out_, bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<std::size_t>(got));
  return text;
}

void child::signal(int number) const { ::kill(pid_, number); }

int child::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string child::errors() const {
  std::ifstream in(log_);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

scratch_directory::scratch_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "crest-test-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

scratch_directory::~scratch_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

char const* name_of(kind k) {
  switch (k) {
  case kind::gateway:
    return "gateway";
  case kind::nginx_guess:
    return "nginx guess";
  case kind::nginx_lua:
    return "nginx lua_map";
  }
  return "";
}

balancer::balancer(kind k, std::vector<std::string> const& upstreams, std::vector<std::string> const& flags,
                   std::vector<std::string> const& listeners) {
  if (k == kind::gateway) {
    std::vector<std::string> arguments{"--admin", "127.0.0.1:0"};
    arguments.insert(arguments.end(), listeners.begin(), listeners.end());
    for (std::string const& upstream : upstreams) {
      arguments.emplace_back("--upstream");
      arguments.push_back(upstream);
    }
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    process_.emplace(std::filesystem::path(CREST_BIN_DIR) / "crest-gateway", arguments);
    std::string const line = process_->ready_line();
    INFO(process_->errors());
    REQUIRE_FALSE(line.empty());
    auto const ready = nlohmann::json::parse(line);
    auto const port_of = [](std::string const& address) {
      return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
    };
    port_ = port_of(ready["listen"][0]);
    admin_port_ = port_of(ready["admin"]);
    return;
  }
  reservation_.emplace();
  port_ = reservation_->port();
  sim::scenario::balancer_group group;
  group.kind = sim::scenario::balancer_kind::nginx;
  group.nginx_config = k == kind::nginx_guess ? sim::scenario::nginx_rules::guess : sim::scenario::nginx_rules::lua_map;
  sim::live::balancer_place place;
  place.listen = reservation_->address();
  place.upstreams = upstreams;
  place.prefix = scratch_.path();
  place.config = scratch_.path() / "nginx.conf";
  std::ofstream(place.config) << sim::live::nginx_config(group, place).text;
  process_.emplace(sim::live::find_nginx(), sim::live::nginx_arguments(place));
  bool const accepts = eventually([&] { // nginx has no ready line
    boost::asio::io_context context;
    tcp::socket probe(context);
    boost::system::error_code ec;
    probe.connect({boost::asio::ip::address_v4::loopback(), port_}, ec);
    return !ec;
  });
  if (!accepts) FAIL("nginx did not start: " + process_->errors());
}

std::string balancer::admin(std::string const& target) const {
  client c(admin_port_);
  client_answer const got = c.exchange("GET " + target + " HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n");
  REQUIRE(got.complete);
  return got.body;
}

std::uint64_t balancer::count(std::string const& name) const {
  return nlohmann::json::parse(admin("/status")).at(name).get<std::uint64_t>();
}

client::client(std::uint16_t port)
  : socket_(context_) {
  socket_.connect({boost::asio::ip::address_v4::loopback(), port});
}

void client::send(std::string const& bytes) {
  boost::system::error_code ignored; // what went wrong shows in what is received
  boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
}

client_answer client::receive(bool to_head) {
  client_answer out;
  http::response_parser<http::string_body> parser;
  parser.body_limit(boost::none);
  if (to_head) parser.skip(true);
  boost::system::error_code ec;
  patient_stream stream{socket_};
  http::read_header(stream, buffer_, parser, ec);
  if (!ec) {
    out.status = parser.get().result_int();
    http::read(stream, buffer_, parser, ec);
  }
  out.complete = !ec && parser.is_done();
  out.fields = parser.get().base();
  out.body = parser.get().body();
  return out;
}

void client::half_close() { socket_.shutdown(tcp::socket::shutdown_send); }

void client::reset() {
  socket_.set_option(boost::asio::socket_base::linger(true, 0));
  socket_.close();
}

std::optional<std::string> client::line() {
  for (;;) {
    std::string_view const have(static_cast<char const*>(buffer_.data().data()), buffer_.data().size());
    if (std::size_t const end = have.find('\n'); end != std::string_view::npos) {
      std::string text(have.substr(0, end));
      buffer_.consume(end + 1);
      if (text.ends_with('\r')) text.pop_back();
      return text;
    }
    boost::system::error_code ec;
    std::size_t const size = patient_stream{socket_}.read_some(buffer_.prepare(1 << 16), ec);
    if (ec) return std::nullopt;
    buffer_.commit(size);
  }
}

bool client::closed() {
  char byte = 0;
  boost::system::error_code ec;
  patient_stream{socket_}.read_some(boost::asio::buffer(&byte, 1), ec);
  return ec == boost::asio::error::eof || ec == boost::asio::error::connection_reset;
}

std::string request(std::string const& method, std::string const& target, std::string const& token,
                    std::string const& fields, std::string const& body) {
  std::string out = method + " " + target + " HTTP/1.1\r\nHost: api.example\r\n" + fields;
  if (!token.empty()) out += "Authorization: Bearer " + token + "\r\n";
  if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return out + "\r\n" + body;
}

}
