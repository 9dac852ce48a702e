#pragma once

#include <boost/beast/core/error.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// The chunked transfer coding (RFC 9112 7.1).
namespace gateway::http {

using boost::beast::error_code;

/// The result of one step over body bytes.
struct body_step {
  std::size_t consumed = 0; // bytes of input used up
  std::string_view data;    // payload bytes, a view into the input; may be empty
};

/// Parses a chunked body as it arrives, looking at each byte once and keeping none: whatever comes is consumed, so that
/// no line can fill a buffer. Everything besides the content is bounded:
/// - a size has at most `most_size_digits`, leading zeros included;
/// - a chunk's extensions have at most `most_extension_bytes`;
/// - size lines and extensions together are at most `most_overhead` beyond what the content makes up for: 16 bytes and
///   twice its size for each chunk;
/// - trailers together have at most the bytes that are given to it, the same as a head's.
///
/// Errors, each at the byte that makes it certain: `bad_chunk` (a size), `bad_chunk_extension`, `bad_field` (a trailer,
/// including one that would frame the message, RFC 9110 6.5.1), all of them Beast's, and `header_limit` for trailers
/// that are too large. After an error the parser must not be used again.
class chunk_decoder {
public:
  static constexpr std::size_t most_size_digits = 64;
  static constexpr std::size_t most_extension_bytes = 4 * 1024;
  static constexpr std::size_t most_overhead = 16 * 1024;

  explicit chunk_decoder(std::size_t trailer_limit)
    : trailer_limit_(trailer_limit) {}

  /// One call returns at most one piece of content; call again while it consumes anything.
  body_step decode(char const* data, std::size_t size, error_code& ec);
  /// Bytes of content that are still missing from the present chunk, by its size.
  std::uint64_t announced() const { return state_ == state::data ? size_ : 0; }
  /// After the last CRLF.
  bool done() const { return state_ == state::done; }

private:
  enum class state : std::uint8_t {
    size_begin,
    size,
    before_semicolon, // blanks, which must be followed by an extension
    name_begin,
    name,
    before_equals, // blanks after a name
    value_begin,
    value,
    quoted,
    escaped,
    behind_quote,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_begin,
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
    done
  };

  void take(char c, error_code& ec);
  void take_of_size(char c, error_code& ec);
  void take_of_extension(char c, error_code& ec);
  void take_of_trailer(char c, error_code& ec);
  void end_extension(char c, error_code& ec);
  void end_size_line(error_code& ec);
  bool frames() const;

  std::size_t trailer_limit_;
  state state_ = state::size_begin;
  std::uint64_t size_ = 0; // of the chunk; in `data`: what is left of it
  std::size_t digits_ = 0;
  std::size_t line_ = 0;     // bytes of this size line
  std::size_t overhead_ = 0; // not yet offset by content
  std::size_t trailer_bytes_ = 0;
  std::array<char, 18> name_{}; // of a trailer, lower-case, as far as it matters
  std::size_t name_size_ = 0;
};

}
