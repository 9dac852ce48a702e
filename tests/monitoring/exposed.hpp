#pragma once

#include "tests/live/lab.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// What the real programs serve at /metrics.
namespace tests::monitoring {

using live::eventually;

/// A family as one program serves it, without the program's prefix.
struct family {
  std::string type, help;
  std::set<std::string> labels; // of its samples, without `le`
  std::uint64_t samples = 0;
};

/// Reads Prometheus' text format, and fails the test where it breaks its rules: a sample without a family, a family
/// described twice, a sample that comes twice, a value that is no number.
std::map<std::string, family> families_of(std::string const& text, std::string const& prefix);

/// GET /metrics; `accept` empty: no such field. The answer's head is in `fields`.
struct answer {
  unsigned status = 0;
  std::string type, body;
};
answer get_metrics(std::uint16_t port, std::string const& accept = {});

/// A gateway with a cache and a shared map, in front of an upstream, which has answered some requests.
class busy_gateway {
public:
  busy_gateway();
  std::uint16_t admin_port() const { return admin_port_; }
  std::uint16_t port() const { return port_; }

private:
  live::scripted_upstream upstream_;
  live::scratch_directory scratch_;
  std::optional<live::child> process_;
  std::uint16_t port_ = 0, admin_port_ = 0;
};

/// A proxy and a sol in one process, of which a client has asked something.
class busy_cluster {
public:
  busy_cluster();
  std::uint16_t admin_port() const { return admin_port_; }

private:
  live::scratch_directory scratch_;
  std::optional<live::child> process_;
  std::uint16_t admin_port_ = 0;
};

/// A run that goes on until it is told to end, with load under way.
class running_run {
public:
  running_run();
  std::uint16_t port() const { return port_; }
  /// Ends it; its exit code.
  int end();

private:
  live::scratch_directory scratch_;
  std::optional<live::child> process_;
  std::uint16_t port_ = 0;
};

/// The exit code of a command, and what it said.
struct outcome {
  int exit_code = 0;
  std::string said;
};
outcome run_command(std::string const& command);

}
