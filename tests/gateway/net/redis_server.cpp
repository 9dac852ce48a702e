#include "tests/gateway/net/redis_server.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <exception>
#include <sstream>

namespace tests::gateway_net {
namespace {

std::filesystem::path find_redis() {
  for (char const* place : {"/usr/bin/redis-server", "/usr/local/bin/redis-server"})
    if (std::filesystem::exists(place)) return place;
  FAIL("no redis-server: tools/setup installs it");
  return {};
}

std::string read_line(raw_connection& from) {
  std::string line = from.read_until("\r\n");
  if (line.ends_with("\r\n")) line.resize(line.size() - 2);
  return line;
}

std::string read_reply(raw_connection& from) {
  std::string const line = read_line(from);
  if (line.empty()) return line;
  std::string const rest = line.substr(1);
  if (line[0] == '$') {
    if (rest == "-1") return "(nil)";
    std::string const text = from.read(static_cast<std::size_t>(std::stoul(rest)));
    from.read(2);
    return text;
  }
  if (line[0] == '*') {
    std::string out;
    for (int left = std::stoi(rest); left > 0; --left) out += read_reply(from) + "\n";
    return out;
  }
  return line[0] == '-' ? line : rest;
}

}

redis_server::redis_server(std::vector<std::string> const& options) { start(options); }

void redis_server::start(std::vector<std::string> const& options) {
  std::vector<std::string> arguments{"--port",       std::to_string(reservation_.port()),
                                     "--bind",       "127.0.0.1",
                                     "--save",       "",
                                     "--appendonly", "no",
                                     "--dir",        scratch_.path().string(),
                                     "--logfile",    (scratch_.path() / "log").string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  process_.emplace(find_redis(), arguments);
  REQUIRE(eventually([&] {
    try {
      return !ask({"PING"}).empty();
    } catch (std::exception const&) {
      return false;
    }
  }));
}

void redis_server::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

std::string redis_server::ask(std::vector<std::string> const& words) const {
  raw_connection connection(reservation_.port());
  std::string command = "*" + std::to_string(words.size()) + "\r\n";
  for (std::string const& word : words) command += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  connection.send(command);
  return read_reply(connection);
}

std::vector<std::string> redis_server::entries() const {
  std::istringstream in(ask({"KEYS", "*"}));
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    if (!line.ends_with("probe")) out.push_back(line);
  return out;
}

}
