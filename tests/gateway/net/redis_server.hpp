#pragma once

#include "tests/gateway/net/conversation.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tests::gateway_net {

/// A real redis-server on a port of its own, initially empty; killed and reaped at the end of its scope.
class redis_server {
public:
  /// `options`: for its command line, such as {"--requirepass", "secret"}. Returns once the server answers.
  explicit redis_server(std::vector<std::string> const& options = {});

  std::string address() const { return reservation_.address(); }
  void signal(int number) const { process_->signal(number); }
  /// Kills it without notice.
  void kill();
  /// Starts it on the same port, empty.
  void start(std::vector<std::string> const& options = {});

  /// Sends a command on a connection of its own. Returns the answer as text: a simple string, a number, an error with
  /// its `-`, the elements of an array one per line; "(nil)" for nothing.
  std::string ask(std::vector<std::string> const& words) const;
  /// Names of the entries of gateways, except that of their probe.
  std::vector<std::string> entries() const;

private:
  scratch_directory scratch_;
  sim::live::port_reservation reservation_;
  std::optional<tests::live::child> process_;
};

}
