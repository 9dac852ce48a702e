#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// Quantities as people write them in configuration.
namespace config {

/// Bytes, as nginx writes sizes: `512`, `64k`, `10m`, `1g` (1024-based, either case). Nullopt for anything else or more
/// than 2^60.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// A duration: a decimal number and one of `us`, `ms`, `s`, `m`, `h`, such as `200ms` or `1.5s`. Nullopt for anything
/// else, negative values, or more than a year.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

}
