#include "gateway/http/digest.hpp"

#include "gateway/http/credentials.hpp"

#include <sodium.h>

#include <cstring>

namespace gateway::http {

static_assert(sizeof(digest_key) == crypto_shorthash_siphashx24_KEYBYTES);
static_assert(sizeof(token_digest) == crypto_shorthash_siphashx24_BYTES);

digest_key random_digest_key() {
  digest_key key;
  randombytes_buf(key.data(), key.size());
  return key;
}

token_digest digest_bytes(digest_key const& key, std::string_view bytes) {
  std::array<unsigned char, sizeof(token_digest)> out;
  crypto_shorthash_siphashx24(out.data(), reinterpret_cast<unsigned char const*>(bytes.data()), bytes.size(),
                              key.data());
  token_digest digest;
  std::memcpy(&digest.high, out.data(), sizeof digest.high);
  std::memcpy(&digest.low, out.data() + sizeof digest.high, sizeof digest.low);
  return digest;
}

token_digest digest_token(digest_key const& key, std::string_view authorization) {
  return digest_bytes(key, normal_credentials(authorization).text());
}

std::uint64_t shared_token_hash(std::string_view authorization) {
  static constexpr digest_key shared_key{'c', 'r', 'e', 's', 't', '-', 't', 'o',
                                         'k', 'e', 'n', '-', 'h', 'a', 's', 'h'};
  return digest_token(shared_key, authorization).low;
}

std::optional<shared_map_key> parse_shared_map_key(std::string_view digits) {
  shared_map_key key;
  std::size_t size = 0;
  char const* end = nullptr;
  int const failed = sodium_hex2bin(key.data(), key.size(), digits.data(), digits.size(), nullptr, &size, &end);
  if (failed != 0 || size != key.size() || end != digits.data() + digits.size()) return std::nullopt;
  return key;
}

std::string shared_name(shared_map_key const& key, std::string_view authorization) {
  normal_credentials const credentials(authorization);
  std::string_view const text = credentials.text();
  std::array<unsigned char, 16> digest;
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<unsigned char const*>(text.data()), text.size(),
                     key.data(), key.size());
  std::array<char, 2 * digest.size() + 1> hex;
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  return hex.data();
}

}
