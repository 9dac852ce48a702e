#pragma once

#include "fakeproxy/cluster/token.hpp"

#include <cstddef>
#include <cstdint>

namespace fakeproxy::cluster {

/// SipHash-2-4 of `size` bytes at `data`, as a number.
std::uint64_t siphash(token_key const& key, void const* data, std::size_t size);

}
