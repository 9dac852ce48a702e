#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// What a proxy reports about the request that it read, so that the sender can see whether it arrived intact.
/// The load generator computes the same from what it sent. See docs/wire.md for the header fields.
namespace fakeproxy::resources {

/// `target` with every byte outside `!`–`~`, and `%` itself, as `%XX` (upper-case digits).
std::string escape_target(std::string_view target);
/// The same, appended to `out`.
void append_escaped_target(std::string& out, std::string_view target);

/// FNV-1a, 64 bits, over a stream of bytes: detects accidents, not attacks. Start value of all digests.
inline constexpr std::uint64_t fnv_offset = 0xcbf29ce484222325u;
/// The state after `text`; after `text` in lower case.
std::uint64_t fold_text(std::uint64_t state, std::string_view text);
std::uint64_t fold_lower(std::uint64_t state, std::string_view text);

/// Digest of the request fields that must arrive end to end, in the order in which they stood.
class fields_digest {
public:
  /// Adds the field if it counts: `authorization`, `accept`, `accept-language`, `content-type`, `cookie`, and every
  /// `lab-*` except `lab-request`; names in any letter case. `value` is without leading and trailing blanks. Other
  /// fields are ignored.
  void add(std::string_view name, std::string_view value);

  /// 16 lower-case hexadecimal digits.
  std::string text() const;
  std::uint64_t value() const { return state_; }

private:
  std::uint64_t state_ = fnv_offset;
};

/// Length and digest of a body that arrives in pieces; how it is cut does not matter.
class body_digest {
public:
  void add(std::string_view piece);
  std::uint64_t length() const { return length_; }

  /// `LENGTH-H`: decimal length, `-`, 16 lower-case hexadecimal digits.
  std::string text() const;

private:
  std::uint64_t state_ = fnv_offset;
  std::uint64_t pending_ = 0; // bytes that do not yet fill a word, the first in the low byte
  std::uint64_t length_ = 0;
};

/// The body of a served answer: `{"request":N,"character":C,"pad":"…","end":N}`, padded to `size` bytes; just the parts
/// without padding when `size` is smaller. Without a character (no token) C is `null`.
std::string answer_body(std::uint64_t request_id, std::uint32_t character, std::size_t size);
/// The same, appended to `out`.
void append_answer_body(std::string& out, std::uint64_t request_id, std::uint32_t character, std::size_t size);

/// Appends 16 lower-case hexadecimal digits.
void append_hex(std::string& out, std::uint64_t value);
/// Appends `value` in decimal.
void append_decimal(std::string& out, std::uint64_t value);

}
