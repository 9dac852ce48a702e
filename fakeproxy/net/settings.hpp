#pragma once

#include "base/config/document.hpp"
#include "fakeproxy/cluster/token.hpp"
#include "fakeproxy/net/sockets.hpp"
#include "fakeproxy/proxy/proxy_process.hpp"
#include "fakeproxy/resources/resources.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fakeproxy::net {

/// The schema of the configuration file, as text.
extern std::string_view const config_schema;

enum class role : std::uint8_t { proxy, sol };

/// As the configuration writes it.
constexpr std::string_view name_of(role value) {
  switch (value) {
  case role::proxy:
    return "proxy";
  case role::sol:
    return "sol";
  }
  return {};
}

struct node_settings {
  net::role role = net::role::proxy;
  std::uint16_t index = 0;
  tcp::endpoint listen;     // proxy: HTTP; sol: RPC
  tcp::endpoint eve_listen; // proxy

  std::string name() const { return (role == role::proxy ? "proxy[" : "sol[") + std::to_string(index) + ']'; }
};

/// How every proxy of the process behaves.
struct proxy_behaviour {
  proxy::proxy_process::settings process; // except what is set per node
  randomness::time_distribution service;
  std::size_t answer_bytes = 256;
  std::vector<resources::resource> resources; // with distinct paths
  resources::corporations corporations;
};

/// One process, as its configuration file or flags describe it.
struct process_settings {
  cluster::token_key token_key{};
  std::optional<tcp::endpoint> admin;
  bool reuse_port = false;                 // other processes may hold the addresses or listen there as well
  std::filesystem::path journal_directory; // empty: no journals
  std::uint64_t seed = 1;
  cluster::duration lease = 3'000 * cluster::millisecond;
  std::vector<tcp::endpoint> sols; // all of the cluster, by index
  std::vector<node_settings> nodes;
  proxy_behaviour proxy;
  cluster::duration rpc_delay = 0; // of a sol's answers
};

/// From a document that `config_schema` allows; validates it first. Throws config::bad_input.
process_settings read_settings(config::document const& file);

}
