#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What X-Accel-Redirect names behind HOST:PORT: the request's own target, or another one.
namespace gateway::http {

/// What becomes of a redirect that names another target than the request's.
enum class accel_path : std::uint8_t { same, follow };

/// As a configuration writes it.
constexpr std::string_view name_of(accel_path value) {
  switch (value) {
  case accel_path::same:
    return "same";
  case accel_path::follow:
    return "follow";
  }
  return {};
}

/// `/path?query` behind HOST:PORT, as it stands there; empty: none is named, which is the request's. Of a location that
/// parse_accel_redirect takes.
std::string_view named_target(std::string_view location);

/// Whether `named` is `target` (origin-form or `*`), in one of its spellings: percent-encoding does not count (RFC 3986
/// 6.2.2), but for characters that mean something there (`/ \ ? # % & = + ;`), and an empty query is none. A path that
/// is not named is the target's; with `any_query`, so is a query.
bool names_target(std::string_view named, std::string_view target, bool any_query);

/// `named` as it may be sent in place of `target`: what no target has (blanks, bytes beyond ASCII) percent-encoded, a
/// path that is not named the target's. Nullopt where it has a fragment or dot segments, or leads to the internal
/// location.
std::optional<std::string> followed_target(std::string_view named, std::string_view target);

/// A request's head with another target.
std::string with_target(std::string_view head, std::string_view target);
/// Target of a request's head.
std::string_view target_of(std::string_view head);

}
