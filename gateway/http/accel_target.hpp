#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The target that X-Accel-Redirect names after HOST:PORT: the request's own, or another one.
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

/// Whether `named` is `target` (origin-form or `*`) in one of its spellings: percent-encoding is ignored (RFC 3986
/// 6.2.2), except of characters with a meaning (`/ \ ? # % & = + ;`), and an empty query counts as none. If no path is
/// named, the target's is meant; with `any_query`, the same holds for the query.
bool names_target(std::string_view named, std::string_view target, bool any_query);

/// `named` as it may be sent in place of `target`: characters that a target may not have (blanks, bytes beyond ASCII)
/// are percent-encoded, and if no path is named, the target's is used. Nullopt if it has a fragment or dot segments, or
/// leads to the internal location.
std::optional<std::string> followed_target(std::string_view named, std::string_view target);

/// The request's head with its target replaced.
std::string with_target(std::string_view head, std::string_view target);
/// Target of a request's head.
std::string_view target_of(std::string_view head);

}
