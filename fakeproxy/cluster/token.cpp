#include "fakeproxy/cluster/token.hpp"

#include "fakeproxy/cluster/siphash.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstring>

namespace fakeproxy::cluster {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<std::uint8_t, 256> make_reverse() {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = 0xff;
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}
constexpr std::array<std::uint8_t, 256> reverse_alphabet = make_reverse();

/// Character and rotation in one word, hidden by a stream that depends on the check and the key.
std::uint64_t mask(token_key const& key, std::uint64_t check) {
  std::array<std::uint8_t, 9> seed{};
  boost::endian::store_big_u64(seed.data(), check);
  seed[8] = 'm';
  return siphash(key, seed.data(), seed.size());
}

std::uint64_t check_of(token_key const& key, std::uint64_t plain, std::uint64_t length) {
  std::array<std::uint8_t, 16> input{};
  boost::endian::store_big_u64(input.data(), plain);
  boost::endian::store_big_u64(input.data() + 8, length);
  return siphash(key, input.data(), input.size());
}

/// Digit `i` of the padding: any text would do, but equal arguments must give equal text and a forgery must be
/// detected.
char padding_digit(std::uint64_t check, std::size_t i) {
  std::uint64_t const mixed = (check ^ (i * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
  return alphabet[mixed >> 58];
}

}

std::string make_token(token_key const& key, std::uint32_t character, std::uint32_t rotation, std::size_t length) {
  std::size_t const size = std::max(length, min_token_length);
  std::uint64_t const plain = (std::uint64_t{character} << 32) | rotation;
  std::uint64_t const check = check_of(key, plain, size);
  std::uint64_t const hidden = plain ^ mask(key, check);
  std::string text;
  text.reserve(size);
  for (unsigned shift = 0; shift < 66; shift += 6) text += alphabet[(shift < 64 ? hidden >> shift : 0) & 63];
  for (unsigned shift = 0; shift < 66; shift += 6) text += alphabet[(shift < 64 ? check >> shift : 0) & 63];
  while (text.size() < size) text += padding_digit(check, text.size());
  return text;
}

std::optional<token_content> parse_token(token_key const& key, std::string_view text) {
  if (text.size() < min_token_length) return std::nullopt;
  std::array<std::uint64_t, 2> words{};
  for (std::size_t i = 0; i < min_token_length; ++i) {
    std::uint64_t const digit = reverse_alphabet[static_cast<unsigned char>(text[i])];
    unsigned const shift = static_cast<unsigned>(i % 11) * 6;
    if (digit > 63 || (shift == 60 && digit > 15)) return std::nullopt;
    words[i / 11] |= digit << shift;
  }
  std::uint64_t const plain = words[0] ^ mask(key, words[1]);
  if (check_of(key, plain, text.size()) != words[1]) return std::nullopt;
  for (std::size_t i = min_token_length; i < text.size(); ++i) {
    if (text[i] != padding_digit(words[1], i)) return std::nullopt;
  }
  return token_content{static_cast<std::uint32_t>(plain >> 32), static_cast<std::uint32_t>(plain)};
}

std::optional<token_key> parse_token_key(std::string_view hex) {
  token_key key{};
  if (hex.size() != 2 * key.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    char const c = hex[i];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return std::nullopt;
    key[i / 2] = static_cast<std::uint8_t>((key[i / 2] << 4) | digit);
  }
  return key;
}

}
