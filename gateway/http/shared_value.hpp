#pragma once

#include "gateway/http/accel.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::http {

/// What the shared map holds for a token: `HOST:PORT`, or `HOST:PORT EPOCH` where proxies tell the session's epoch, in
/// decimal without leading zeros, so that Redis can compare two of them as text.
struct shared_value {
  host_port backend;
  std::optional<std::uint64_t> epoch{};

  bool operator==(shared_value const&) const = default;
};

std::string shared_value_text(std::string_view backend, std::optional<std::uint64_t> epoch);

/// Nullopt for a value that no balancer wrote.
std::optional<shared_value> parse_shared_value(std::string_view text);

}
