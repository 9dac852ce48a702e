#pragma once

#include "base/journal/records.hpp"

#include <cstdint>
#include <type_traits>

/// Types that the whole cluster shares. Numbers that could be confused have types of their own.
namespace fakeproxy::cluster {

/// Nanoseconds of a monotonic clock, real or simulated.
using time_point = std::int64_t;
using duration = std::int64_t;
inline constexpr duration millisecond = 1'000'000;

enum class character_id : std::uint32_t { none = journal::no_character };

/// One life of a proxy: (proxy index << 48) | microseconds of its start.
enum class incarnation : journal::incarnation_id { none = 0 };

/// Number of a session of one character; only grows.
enum class session_epoch : std::uint64_t { none = 0 };

template<class Number>
constexpr std::underlying_type_t<Number> raw(Number number) {
  return static_cast<std::underlying_type_t<Number>>(number);
}

constexpr incarnation make_incarnation(std::uint16_t proxy_index, time_point start) {
  constexpr std::uint64_t mask = (std::uint64_t{1} << 48) - 1;
  return static_cast<incarnation>((std::uint64_t{proxy_index} << 48) |
                                  (static_cast<std::uint64_t>(start / 1000) & mask));
}
constexpr std::uint16_t proxy_index_of(incarnation id) { return static_cast<std::uint16_t>(raw(id) >> 48); }

/// Where a proxy listens.
struct endpoint {
  std::uint32_t address = 0; // IPv4, host order
  std::uint16_t http_port = 0;
  std::uint16_t eve_port = 0;
  bool operator==(endpoint const&) const = default;
  bool known() const { return http_port != 0; }
};

}
