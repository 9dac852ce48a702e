#pragma once

#include <cstddef>

namespace memory {

/// Brings `bytes` bytes at `from` into the processor's caches, for a call that comes soon. Any address is allowed.
[[gnu::always_inline]] inline void prefetch(void const* from, std::size_t bytes = 1) {
  for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<char const*>(from) + at);
  asm volatile("" : : "r"(from)); // else GCC 12 believes that the caller has no effect, and removes calls of it
}

}
