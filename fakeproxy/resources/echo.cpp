#include "fakeproxy/resources/echo.hpp"

#include "base/journal/records.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace fakeproxy::resources {

namespace {

constexpr std::uint64_t fnv_prime = 0x100000001b3u;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_lower(std::string_view name, std::string_view lower_case) {
  return name.size() == lower_case.size() &&
         std::equal(name.begin(), name.end(), lower_case.begin(), [](char a, char b) { return lower(a) == b; });
}

bool counts(std::string_view name) {
  static constexpr std::array<std::string_view, 5> plain{"authorization", "accept", "accept-language", "content-type",
                                                         "cookie"};
  if (name.size() > 4 && equals_lower(name.substr(0, 4), "lab-")) return !equals_lower(name, "lab-request");
  return std::any_of(plain.begin(), plain.end(), [&](std::string_view one) { return equals_lower(name, one); });
}

std::uint64_t fold(std::uint64_t state, char c) { return (state ^ static_cast<unsigned char>(c)) * fnv_prime; }

/// One step over a whole word; the rotation carries high bits down, which the multiplication alone does not.
std::uint64_t fold_word(std::uint64_t state, std::uint64_t word) {
  std::uint64_t const mixed = (state ^ word) * fnv_prime;
  return mixed ^ (mixed >> 29);
}

}

std::string escape_target(std::string_view target) {
  std::string out;
  append_escaped_target(out, target);
  return out;
}

void append_escaped_target(std::string& out, std::string_view target) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (char const c : target) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte >= '!' && byte <= '~' && byte != '%') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

std::uint64_t fold_text(std::uint64_t state, std::string_view text) {
  for (char const c : text) state = fold(state, c);
  return state;
}

std::uint64_t fold_lower(std::uint64_t state, std::string_view text) {
  for (char const c : text) state = fold(state, lower(c));
  return state;
}

void fields_digest::add(std::string_view name, std::string_view value) {
  if (!counts(name)) return;
  state_ = fold(fold_lower(state_, name), ':');
  state_ = fold(fold_text(state_, value), '\n');
}

std::string fields_digest::text() const {
  std::string out;
  append_hex(out, state_);
  return out;
}

void body_digest::add(std::string_view piece) {
  while (!piece.empty() && length_ % 8 != 0) {
    pending_ |= std::uint64_t{static_cast<unsigned char>(piece.front())} << (8 * (length_ % 8));
    piece.remove_prefix(1);
    if (++length_ % 8 == 0) {
      state_ = fold_word(state_, pending_);
      pending_ = 0;
    }
  }
  for (; piece.size() >= 8; piece.remove_prefix(8), length_ += 8) {
    state_ = fold_word(state_, boost::endian::load_little_u64(reinterpret_cast<unsigned char const*>(piece.data())));
  }
  for (char const c : piece) pending_ |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * (length_++ % 8));
}

std::string body_digest::text() const {
  std::uint64_t const last = length_ % 8 != 0 ? fold_word(state_, pending_) : state_;
  std::string out;
  append_decimal(out, length_);
  out += '-';
  append_hex(out, fold_word(last, length_));
  return out;
}

std::string answer_body(std::uint64_t request_id, std::uint32_t character, std::size_t size) {
  std::string out;
  append_answer_body(out, request_id, character, size);
  return out;
}

void append_answer_body(std::string& out, std::uint64_t request_id, std::uint32_t character, std::size_t size) {
  std::size_t const start = out.size();
  out += "{\"request\":";
  append_decimal(out, request_id);
  std::size_t const digits = out.size() - start - 11;
  out += ",\"character\":";
  if (character == journal::no_character) {
    out += "null";
  } else {
    append_decimal(out, character);
  }
  out += ",\"pad\":\"";
  static constexpr std::string_view end = "\",\"end\":";
  std::size_t const fixed = out.size() - start + end.size() + digits + 1;
  if (size > fixed) out.append(size - fixed, 'x');
  out += end;
  append_decimal(out, request_id);
  out += '}';
}

void append_hex(std::string& out, std::uint64_t value) {
  static constexpr std::string_view digits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += digits[(value >> shift) & 15];
}

void append_decimal(std::string& out, std::uint64_t value) {
  std::array<char, 20> digits;
  auto const end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}
