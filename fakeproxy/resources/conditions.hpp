#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Conditional GET and HEAD requests (RFC 9110 section 13).
namespace fakeproxy::resources {

/// A field of a request as it was read, without blanks around the value.
struct request_field {
  std::string name; // in any letter case
  std::string value;
};

/// What identifies the current representation.
struct representation {
  std::string etag;                          // with its quotes; empty: none
  std::optional<std::int64_t> last_modified; // seconds since 1970
};

/// Whether the answer is 304: If-None-Match (weak comparison, lists over any number of lines, `*`) or, without it,
/// If-Modified-Since. A condition that does not parse is ignored.
bool is_not_modified(std::span<request_field const> fields, representation const& present);

/// Appends `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 section 5.6.7); `seconds` since 1970.
void append_http_date(std::string& out, std::int64_t seconds);

/// Seconds since 1970, or nothing when `text` is not an IMF-fixdate. The obsolete formats are not read: a condition
/// that uses them is ignored, and the answer is complete.
std::optional<std::int64_t> parse_http_date(std::string_view text);

}
