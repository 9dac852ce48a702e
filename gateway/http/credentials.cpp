#include "gateway/http/credentials.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::http {
namespace {

constexpr std::string_view blanks = " \t";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// Capitalised, like the registered schemes that most servers know.
bool is_normal_scheme(std::string_view scheme) {
  return !is_lower(scheme.front()) && std::none_of(scheme.begin() + 1, scheme.end(), is_upper);
}

std::string normal_scheme(std::string_view scheme) {
  std::string out = lower_case(scheme);
  if (is_lower(out.front())) out.front() = static_cast<char>(out.front() - 'a' + 'A');
  return out;
}

std::string_view take(std::string_view& text, std::size_t size) {
  std::string_view const front = text.substr(0, size);
  text.remove_prefix(front.size());
  return front;
}

void skip(std::string_view& text, std::string_view characters) {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

std::string_view take_token(std::string_view& text) {
  return take(text,
              static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_token_character) - text.begin()));
}

/// token / quoted-string, without quotes and escapes; nullopt if there is neither.
std::optional<std::string> take_value(std::string_view& text) {
  if (!text.starts_with('"')) {
    std::string_view const token = take_token(text);
    return token.empty() ? std::nullopt : std::optional(std::string(token));
  }
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && ++i == text.size()) break;
    value.push_back(text[i]);
  }
  return std::nullopt;
}

/// #auth-param in one spelling; nullopt if it is not one.
std::optional<std::string> normal_parameters(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> all;
  for (skip(text, " \t,"); !text.empty(); skip(text, " \t,")) {
    std::string_view const name = take_token(text);
    skip(text, blanks);
    if (name.empty() || !text.starts_with('=')) return std::nullopt;
    text.remove_prefix(1);
    skip(text, blanks);
    auto value = take_value(text);
    skip(text, blanks);
    if (!value || (!text.empty() && text.front() != ',')) return std::nullopt;
    all.emplace_back(lower_case(name), *std::move(value));
  }
  std::stable_sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
  std::string out;
  for (auto const& [name, value] : all) {
    out.append(out.empty() ? "" : ",").append(name).append("=\"");
    for (char const c : value) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  return out;
}

constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of a character in base64 (RFC 4648 4), or `no_base64`.
constexpr std::uint8_t no_base64 = 64;
constexpr auto base64_table = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_base64);
  for (std::uint8_t i = 0; i != base64_alphabet.size(); ++i) table[static_cast<unsigned char>(base64_alphabet[i])] = i;
  return table;
}();
std::uint8_t base64_value(char c) { return base64_table[static_cast<unsigned char>(c)]; }

/// The same without the bits that belong to no byte, if it is the last of `size` characters.
std::uint8_t without_spare_bits(std::uint8_t value, std::size_t size) {
  std::size_t const over = size % 4;
  std::uint8_t const spare = over == 2 ? 0x0f : over == 3 ? 0x03 : 0;
  return static_cast<std::uint8_t>(value & ~spare);
}

/// Whether it is canonical base64, without padding.
bool is_normal_base64(std::string_view text) {
  return !text.empty() && text.size() % 4 != 1 &&
         std::all_of(text.begin(), text.end(), [](char c) { return base64_value(c) != no_base64; }) &&
         without_spare_bits(base64_value(text.back()), text.size()) == base64_value(text.back());
}

/// One spelling for everything that lenient decoders read alike: they skip characters outside the alphabet, padding
/// that completes nothing, and a character that begins a byte without ending it; and they stop at padding that
/// completes four characters. `=` if nothing is left.
std::string normal_base64(std::string_view text) {
  std::string out;
  for (std::size_t i = 0, padding = 0; i != text.size(); ++i) {
    if (text[i] == '=' && out.size() % 4 >= 2 && out.size() % 4 + ++padding == 4) break;
    if (base64_value(text[i]) == no_base64) continue;
    out.push_back(text[i]);
    padding = 0;
  }
  if (out.size() % 4 == 1) out.pop_back();
  if (out.empty()) return "=";
  out.back() = base64_alphabet[without_spare_bits(base64_value(out.back()), out.size())];
  return out;
}

/// Whether there is a `=` before the end; token68 allows them only there.
bool may_be_parameters(std::string_view text) {
  std::size_t const last = text.find_last_not_of('=');
  return last != std::string_view::npos && text.find('=') < last;
}

}

normal_credentials::normal_credentials(std::string_view authorization)
  : text_(trimmed(authorization)) {
  std::string_view rest = text_;
  std::string_view const scheme = take_token(rest);
  std::size_t const gap = std::min(rest.find_first_not_of(blanks), rest.size());
  if (scheme.empty() || gap == 0) return;
  bool const is_normal = is_normal_scheme(scheme) && gap == 1 && rest.front() == ' ';
  rest.remove_prefix(gap);
  if (iequals(scheme, "Basic")) {
    std::string_view const unpadded = rest.substr(0, rest.find_last_not_of('=') + 1); // npos + 1 is 0
    bool const is_base64 = is_normal_base64(unpadded);
    if (is_normal && is_base64)
      text_.remove_suffix(rest.size() - unpadded.size());
    else
      text_ = rewritten_ = std::string("Basic ").append(is_base64 ? unpadded : normal_base64(rest));
    return;
  }
  auto const parameters = may_be_parameters(rest) ? normal_parameters(rest) : std::nullopt;
  if (is_normal && !parameters) return;
  rewritten_ = normal_scheme(scheme).append(" ").append(parameters ? std::string_view(*parameters) : rest);
  text_ = rewritten_;
}

bool is_ascii_outside_quotes(std::string_view authorization) {
  auto const is_foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
  if (std::none_of(authorization.begin(), authorization.end(), is_foreign)) return true;
  bool quoted = false;
  for (std::size_t i = 0; i != authorization.size(); ++i) {
    if (authorization[i] == '"') quoted = !quoted;
    if (!quoted && is_foreign(authorization[i])) return false;
    if (quoted && authorization[i] == '\\' && i + 1 != authorization.size()) ++i;
  }
  return true;
}

}
