#include "cluster_process.hpp"

#include "fakeproxy/net/sockets.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace fakeproxy::net::testing {

namespace asio = boost::asio;

scratch::scratch() {
  std::string pattern = (std::filesystem::temp_directory_path() / "fakeproxy-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

scratch::~scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

child::child(nlohmann::json const& config, std::filesystem::path const& directory) {
  static int number = 0;
  auto const file = directory / ("config-" + std::to_string(++number) + ".json");
  std::ofstream(file) << config.dump(2);
  int out[2];
  if (::pipe(out) != 0) throw std::runtime_error("no pipe");
  std::string const program = CREST_BIN_DIR "/crest-fakeproxy";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], 1);
    ::close(out[0]);
    ::close(out[1]);
    ::execl(program.c_str(), program.c_str(), "--config", file.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(out[1]);
  std::string line;
  char c = 0;
  while (::read(out[0], &c, 1) == 1 && c != '\n') line += c;
  ::close(out[0]);
  ready_ = nlohmann::json::parse(line, nullptr, false);
  if (ready_.is_discarded()) {
    stop();
    throw std::runtime_error("crest-fakeproxy ended before it was ready");
  }
}

child::~child() {
  if (pid_ > 0) kill();
}

void child::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void child::terminate() const { ::kill(pid_, SIGTERM); }

int child::stop() {
  terminate();
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

std::string child::address(std::string const& name, std::string const& which) const {
  for (auto const& node : ready_.at("nodes")) {
    if (node.at("name") == name) return node.at(which);
  }
  throw std::runtime_error("no node " + name);
}

std::string const& answer::operator[](std::string const& name) const {
  static std::string const none;
  auto const at = fields.find(name);
  return at == fields.end() ? none : at->second;
}

client::client(std::string const& address)
  : socket_(io_) {
  socket_.connect(parse_endpoint(address));
  socket_.set_option(asio::ip::tcp::no_delay(true));
}

void client::send(std::string_view bytes) { asio::write(socket_, asio::buffer(bytes)); }

bool client::more() {
  pollfd wait{socket_.native_handle(), POLLIN, 0};
  if (::poll(&wait, 1, 5000) <= 0) throw std::runtime_error("no answer in five seconds; so far: " + in_);
  char buffer[65536];
  boost::system::error_code ec;
  std::size_t const bytes = socket_.read_some(asio::buffer(buffer), ec);
  in_.append(buffer, bytes);
  return !ec;
}

bool client::at_end() { return in_.empty() && !more() && in_.empty(); }

answer client::receive(bool head) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) throw std::runtime_error("closed in the middle of an answer: " + in_);
  }
  answer a;
  a.status = std::stoi(in_.substr(9, 3));
  for (std::size_t at = in_.find("\r\n") + 2; at < end + 2;) {
    std::size_t const stop = in_.find("\r\n", at);
    std::size_t const colon = in_.find(": ", at);
    std::string name = in_.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    a.fields[name] = in_.substr(colon + 2, stop - colon - 2);
    at = stop + 2;
  }
  in_.erase(0, end + 4);
  std::size_t const length = head || a["content-length"].empty() ? 0 : std::stoul(a["content-length"]);
  while (in_.size() < length) {
    if (!more()) throw std::runtime_error("closed in the middle of a body");
  }
  a.body = in_.substr(0, length);
  in_.erase(0, length);
  return a;
}

answer client::ask(std::string_view request) {
  send(request);
  return receive(request.starts_with("HEAD "));
}

answer get(std::string const& address, std::string const& target, std::string const& fields) {
  return client(address).ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n");
}

answer post(std::string const& address, std::string const& target, std::string const& fields, std::string const& body) {
  return client(address).ask("POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                             std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body);
}

std::pair<std::string, std::string> redirect_of(answer const& a) {
  std::string const prefix = "/internal_redirect/";
  std::string const& value = a["x-accel-redirect"];
  if (!value.starts_with(prefix)) return {};
  std::size_t const slash = value.find('/', prefix.size());
  return {value.substr(prefix.size(), slash - prefix.size()), value.substr(slash)};
}

}
