#pragma once

#include <cstddef>
#include <cstdint>

namespace tests::gateway_routing {

/// The smallest key that a token map takes, with upper bits that are well mixed.
struct key {
  std::uint64_t value = 0;
  bool operator==(key const&) const = default;
};
struct key_hash {
  std::size_t operator()(key const& k) const noexcept { return k.value * 0x9e3779b97f4a7c15u; }
};

}
