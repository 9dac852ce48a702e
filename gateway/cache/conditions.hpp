#pragma once

#include "gateway/cache/request.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// Conditions and ranges of a request, judged by a stored answer (RFC 9110 13.2.2, 14.2; RFC 9111 4.3.2).
namespace gateway::cache {

/// What conditions are compared with.
struct validators {
  std::string_view etag;                       // empty: none
  std::string_view last_modified;              // verbatim
  std::optional<std::int64_t> last_modified_s; // else Date, else when it came
  std::optional<std::int64_t> date_s;
};

/// Strong and weak comparison of entity tags (RFC 9110 8.8.3.2).
bool matches_strongly(std::string_view a, std::string_view b);
bool matches_weakly(std::string_view a, std::string_view b);
bool is_weak(std::string_view etag);

/// Whether the client already has what is stored: 304. If-Modified-Since counts only without If-None-Match.
bool is_not_modified(request_facts const& request, validators const& stored, std::int64_t now_s);

/// A part of a body, in bytes.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// The outcome of a Range for `size` stored bytes.
struct range_answer {
  enum class kind : std::uint8_t { whole, part, unsatisfiable };
  kind what = kind::whole;
  byte_range part;
};
/// A single range of bytes is served. A field that is malformed, asks for several ranges or fails If-Range gets the
/// complete content (14.2 lets a server ignore it).
range_answer range_of(request_facts const& request, validators const& stored, std::uint64_t size, std::int64_t now_s);

}
