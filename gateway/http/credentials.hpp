#pragma once

#include <string>
#include <string_view>

/// The value of Authorization: who asks, and how many ways there are to write it (RFC 9110 11.4).
namespace gateway::http {

/// One spelling of credentials, by which they are compared, counted and digested; what is forwarded is what came.
///
///     credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
///
/// The scheme is case-insensitive: `Bearer` for `bearer` and `BEARER`. Between it and the rest is one blank, whether
/// blanks or tabs were there, and none is at the ends. What token68 holds stays byte for byte, but for Basic (RFC 7617
/// 2): that is base64, and what decodes to the same is the same, without padding. Decoders are lenient: what is outside
/// of the alphabet counts as little as the bits that belong to no byte. Of parameters (11.2) names are in lower case,
/// values in quotes, without blanks around
/// `=` and `,`, in the order of their names.
/// What is no such thing, or one word alone (which proves nothing, and may be a bare key), stays as it is but for
/// blanks at its ends. No memory is taken for what already is in this form, as `Bearer …` is, and
/// `Basic …` with its padding or without.
class normal_credentials {
public:
  /// Views `authorization` as long as this lives.
  explicit normal_credentials(std::string_view authorization);
  normal_credentials(normal_credentials const&) = delete;
  normal_credentials& operator=(normal_credentials const&) = delete;

  std::string_view text() const { return text_; }

private:
  std::string rewritten_;
  std::string_view text_;
};

/// Whether all bytes beyond ASCII are in quotes, as credentials have them. Elsewhere some servers take a few of them
/// for blanks (U+0085, U+00A0, …): one token would have as many spellings as there are rows of them.
bool is_ascii_outside_quotes(std::string_view authorization);

}
