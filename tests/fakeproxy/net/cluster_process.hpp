#pragma once

#include "base/journal/records.hpp"
#include "fakeproxy/cluster/token.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

/// Real crest-fakeproxy processes, for tests over loopback.
namespace fakeproxy::net::testing {

inline cluster::token_key const key{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
inline constexpr char const* key_text = "000102030405060708090a0b0c0d0e0f";

inline std::string bearer(std::uint32_t character, std::uint32_t rotation = 0) {
  return "Authorization: Bearer " + cluster::make_token(key, character, rotation, 40) + "\r\n";
}

/// A directory that is removed with its owner.
class scratch {
public:
  scratch();
  ~scratch();
  std::filesystem::path const& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// A child process; killed with its owner.
class child {
public:
  /// Starts it with `config` and waits for its ready line; throws when the process ends before.
  child(nlohmann::json const& config, std::filesystem::path const& directory);
  ~child();
  child(child const&) = delete;
  child& operator=(child const&) = delete;

  nlohmann::json const& ready() const { return ready_; }
  /// An address of node `name` from the ready line, such as ("proxy[0]", "http").
  std::string address(std::string const& name, std::string const& which) const;
  std::string admin() const { return ready_.at("admin"); }
  void kill();
  /// SIGTERM.
  void terminate() const;
  /// SIGTERM, and waits for the end; returns the exit code.
  int stop();

private:
  pid_t pid_ = -1;
  nlohmann::json ready_;
};

struct answer {
  int status = 0;
  std::map<std::string, std::string> fields; // names in lower case
  std::string body;
  std::string const& operator[](std::string const& name) const;
};

/// A blocking HTTP client on one connection; every wait ends after five seconds with an exception.
class client {
public:
  explicit client(std::string const& address);
  void send(std::string_view bytes);
  /// Reads one answer; `head`: to a HEAD request.
  answer receive(bool head = false);
  /// Whether the peer closed its side without sending anything first.
  bool at_end();
  answer ask(std::string_view request);

private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_;
  std::string in_;
  bool more();
};

/// One request on a connection of its own.
answer get(std::string const& address, std::string const& target, std::string const& fields = "");
answer post(std::string const& address, std::string const& target, std::string const& fields, std::string const& body);

/// `127.0.0.1:5` and the path from an X-Accel-Redirect.
std::pair<std::string, std::string> redirect_of(answer const& a);

}
