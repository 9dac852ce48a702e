#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <string>

namespace gateway::cache {

/// Bytes in use, whoever holds them. Thread-safe.
struct byte_counter {
  std::atomic<std::size_t> bytes{0};
};

/// From this size on an allocation has pages of its own, which are returned when it is freed: otherwise large contents
/// of many sizes would leave holes that the next ones do not fit into. The shell configures the heap so.
inline constexpr std::size_t mapped_from = 40 * 1024;

/// What an allocation of `size` bytes takes (glibc: a header of 8 bytes and units of 16; of pages, 16 and 4096).
constexpr std::size_t heap_bytes(std::size_t size) {
  if (size >= mapped_from) return (size + 16 + 4095) / 4096 * 4096;
  return size == 0 ? 0 : std::max<std::size_t>(32, (size + 8 + 15) / 16 * 16);
}
/// A string's bytes on the heap: none if it is short.
inline std::size_t heap_bytes_of(std::string const& text) {
  return text.capacity() > std::string().capacity() ? heap_bytes(text.capacity() + 1) : 0;
}

}
