#pragma once

#include <string>
#include <string_view>

/// The value of Authorization, and the many ways to write it (RFC 9110 11.4).
namespace gateway::http {

/// One spelling of credentials, by which they are compared, counted and digested. Upstreams get them as they came.
///
///     credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
///
/// The scheme is case-insensitive: `Bearer` for `bearer` and `BEARER`. Blanks and tabs between it and the rest become
/// one blank, and those at the ends are removed. token68 stays byte for byte, except for Basic (RFC 7617 2), which is
/// base64: what decodes to the same becomes the same, without padding. Decoders are lenient: characters outside the
/// alphabet are ignored, as are bits that belong to no byte. Parameters (11.2) have names in lower case, values in
/// quotes, no blanks around `=` and `,`, and are sorted by name. Anything else, or a single word (which may be a bare
/// key), stays as it is except for blanks at its ends. Values that are already in this form take no memory, such as
/// `Bearer …`, and `Basic …` with or without padding.
class normal_credentials {
public:
  /// May hold a view of `authorization`, which must live as long.
  explicit normal_credentials(std::string_view authorization);
  normal_credentials(normal_credentials const&) = delete;
  normal_credentials& operator=(normal_credentials const&) = delete;

  std::string_view text() const { return text_; }

private:
  std::string rewritten_;
  std::string_view text_;
};

/// Whether all bytes beyond ASCII are within quotes, as in valid credentials. Elsewhere some servers take a few of them
/// for blanks (U+0085, U+00A0, …), which would give one token endless spellings.
bool is_ascii_outside_quotes(std::string_view authorization);

}
