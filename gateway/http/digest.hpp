#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Keyed digests of tokens: a token is a secret, so nothing but its digest is kept.
namespace gateway::http {

using digest_key = std::array<unsigned char, 16>;

/// 128-bit SipHash-2-4 of an `Authorization` value.
struct token_digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  bool operator==(token_digest const&) const = default;
};

/// The digest is uniformly distributed: a part of it is a hash.
struct token_digest_hash {
  using is_avalanching = void;
  std::size_t operator()(token_digest const& digest) const noexcept { return digest.low; }
};

/// What the token map keeps of a digest: 96 of its bits (docs/adr/0014-epochs-of-64-bits.md). Among a million tokens
/// two share them once in 10^17 maps; a request that then reaches the wrong proxy is redirected by it.
struct map_key {
  std::array<std::uint32_t, 3> words{};

  map_key() = default;
  map_key(token_digest const& digest) // NOLINT(google-explicit-constructor): look-ups in the map convert
    : words{static_cast<std::uint32_t>(digest.low), static_cast<std::uint32_t>(digest.low >> 32),
            static_cast<std::uint32_t>(digest.high)} {}
  bool operator==(map_key const&) const = default;
};
struct map_key_hash {
  using is_avalanching = void;
  std::size_t operator()(map_key const& key) const noexcept { return key.words[0] | std::uint64_t{key.words[1]} << 32; }
};

/// A key from the system's source of randomness.
digest_key random_digest_key();

/// The digest of any bytes.
token_digest digest_bytes(digest_key const& key, std::string_view bytes);

/// The digest of an `Authorization` value in its one spelling (credentials.hpp), as for all that follow.
token_digest digest_token(digest_key const& key, std::string_view authorization);

/// The digest under a key that is the same on every balancer: for guesses that must agree between balancers
/// (`token_hash`). It decides no access, so it does no harm that others can compute it.
std::uint64_t shared_token_hash(std::string_view authorization);

/// The secret that balancers which share a map have in common: 32 bytes.
using shared_map_key = std::array<unsigned char, 32>;

/// From 64 hexadecimal digits; nullopt for anything else.
std::optional<shared_map_key> parse_shared_map_key(std::string_view digits);

/// A token's name in the shared map: its keyed BLAKE2b (RFC 7693) of 128 bits, as 32 hexadecimal digits. Readers of the
/// map learn no tokens, and without the key cannot even test whether one is there.
std::string shared_name(shared_map_key const& key, std::string_view authorization);

}
