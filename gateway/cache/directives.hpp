#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Cache-Control (RFC 9111 5.2, RFC 5861, RFC 8246).
namespace gateway::cache {

/// The longest time that a directive or Age can state, in seconds (RFC 9111 1.2.2).
inline constexpr std::int64_t longest_s = 2'147'483'648;

/// Non-negative decimal seconds, at most `longest_s`; nullopt for anything else.
std::optional<std::int64_t> parse_delta_seconds(std::string_view text);

/// Of requests (RFC 9111 5.2.1). Durations in seconds.
struct request_directives {
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  std::optional<std::int64_t> max_age, min_fresh;
  std::optional<std::int64_t> max_stale; // `longest_s` without an argument: however stale

  /// Adds one line of the field.
  void read(std::string_view field);
};

/// Of answers (RFC 9111 5.2.2). A freshness directive that is not understood means stale (4.2.1); if one occurs twice,
/// the first counts.
struct answer_directives {
  bool no_store = false;
  bool no_cache = false;   // without an argument
  bool is_private = false; // without an argument
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool immutable = false;
  std::optional<std::int64_t> max_age, s_maxage;
  std::optional<std::int64_t> stale_while_revalidate, stale_if_error;
  std::vector<std::string> withheld; // lower-case: the fields that `private="…"` and `no-cache="…"` name

  void read(std::string_view field);

  /// Whether the origin forbids serving it stale under any circumstances (RFC 9111 4.2.4).
  bool forbids_stale() const { return no_cache || must_revalidate || proxy_revalidate; }
};

}
