#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Bearer tokens as a token service would issue them: opaque to balancers, readable by whoever holds the key.
namespace fakeproxy::cluster {

/// Secret that the load generator and the proxies of one run share.
using token_key = std::array<std::uint8_t, 16>;

/// What a token says: its character, and which of that character's successive tokens it is.
struct token_content {
  std::uint32_t character = 0;
  std::uint32_t rotation = 0;
  bool operator==(token_content const&) const = default;
};

/// Bytes of the shortest token: 16 bytes (character, rotation, SipHash-2-4 of both and the padding) in base64url.
inline constexpr std::size_t min_token_length = 22;

/// The token of `character`, after its `rotation`-th change, as [A-Za-z0-9_-] text of exactly
/// max(`length`, `min_token_length`) bytes. Equal arguments give equal text; character and rotation are masked with the
/// key, so neither is visible.
std::string make_token(token_key const& key, std::uint32_t character, std::uint32_t rotation, std::size_t length);

/// The content of `text` (without "Bearer "), or nothing when `make_token` with this key did not make it.
std::optional<token_content> parse_token(token_key const& key, std::string_view text);

/// A key from 32 hexadecimal digits, or nothing.
std::optional<token_key> parse_token_key(std::string_view hex);

}
