#include "gateway/http/browser_host.hpp"

#include "gateway/http/characters.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace gateway::http {
namespace {

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int const high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    int const low = high < 0 ? -1 : hex_digit(text[i + 2]);
    out.push_back(low < 0 ? text[i] : static_cast<char>(high * 16 + low));
    if (low >= 0) i += 2;
  }
  return out;
}

bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// The UTF-8 character at the beginning of `text`, and its number of bytes; if it is not valid UTF-8, one byte that is
/// not ASCII.
struct code_point {
  char32_t value;
  std::size_t size;
};
code_point first_of(std::string_view text) {
  auto const lead = static_cast<unsigned char>(text.front());
  std::size_t const size = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
  if (size == 1 || text.size() < size) return {0xfffd, 1};
  char32_t value = lead & (0x7fU >> size);
  for (char const c : text.substr(1, size - 1)) {
    auto const byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) return {0xfffd, 1};
    value = (value << 6) | (byte & 0x3fU);
  }
  return {value, size};
}

/// Ranges of characters that stand for ASCII ones: one by one, repeating from the beginning. Without any, they stand
/// for nothing.
struct other_forms {
  char32_t first, last;
  std::string_view ascii;
};
constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"; // large and small
constexpr std::string_view printable = "!\"#$%&'()*+,-./0123456789:;<=>?@abcdefghijklmnopqrstuvwxyz[\\]^_`"
                                       "abcdefghijklmnopqrstuvwxyz{|}~";
constexpr other_forms forms[] = {
    {0x00aa, 0x00aa, "a"},       {0x00ad, 0x00ad, ""},     {0x00b2, 0x00b3, "23"},        {0x00b9, 0x00b9, "1"},
    {0x00ba, 0x00ba, "o"},       {0x017f, 0x017f, "s"},    {0x034f, 0x034f, ""},          {0x180b, 0x180d, ""},
    {0x200b, 0x200b, ""},        {0x2060, 0x2060, ""},     {0x2064, 0x2064, ""},          {0x2070, 0x2071, "0i"},
    {0x2074, 0x2079, "456789"},  {0x207f, 0x207f, "n"},    {0x2080, 0x2089, digits},      {0x2102, 0x2102, "c"},
    {0x210a, 0x210e, "ghhhh"},   {0x2110, 0x2113, "iill"}, {0x2115, 0x2115, "n"},         {0x2119, 0x211d, "pqrrr"},
    {0x2124, 0x2124, "z"},       {0x2128, 0x2128, "z"},    {0x212a, 0x212a, "k"},         {0x212c, 0x212d, "bc"},
    {0x212f, 0x2131, "eef"},     {0x2133, 0x2134, "mo"},   {0x2160, 0x2160, "i"},         {0x2164, 0x2164, "v"},
    {0x2169, 0x2169, "x"},       {0x216c, 0x216f, "lcdm"}, {0x2170, 0x2170, "i"},         {0x2174, 0x2174, "v"},
    {0x2179, 0x2179, "x"},       {0x217c, 0x217f, "lcdm"}, {0x2460, 0x2468, "123456789"}, {0x24b6, 0x24e9, letters},
    {0x24ea, 0x24ea, "0"},       {0x3002, 0x3002, "."},    {0xfe00, 0xfe0f, ""},          {0xfeff, 0xfeff, ""},
    {0xff01, 0xff5e, printable}, {0xff61, 0xff61, "."},    {0x1d400, 0x1d6a3, letters},   {0x1d7ce, 0x1d7ff, digits},
    {0x1fbf0, 0x1fbf9, digits},  {0xe0100, 0xe01ef, ""}};
static_assert(printable.size() == 0xff5e - 0xff01 + 1);

std::string in_ascii(std::string text) {
  if (std::all_of(text.begin(), text.end(), is_ascii)) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    code_point const at = is_ascii(rest.front()) ? code_point{0, 1} : first_of(rest);
    auto const* const form = std::find_if(std::begin(forms), std::end(forms), [&](other_forms const& f) {
      return at.value >= f.first && at.value <= f.last;
    });
    if (form == std::end(forms))
      out.append(rest.substr(0, at.size));
    else if (!form->ascii.empty())
      out.push_back(form->ascii[(at.value - form->first) % form->ascii.size()]);
    rest.remove_prefix(at.size);
  }
  return out;
}

/// `0x…`, `0…` or decimal; numbers too large for an address are cut to a value that is too large. Nullopt: not a
/// number.
std::optional<std::uint64_t> number_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  constexpr std::uint64_t too_large = 1ULL << 32;
  std::uint64_t value = 0;
  for (char const c : text) {
    int const digit = hex_digit(c);
    if (digit < 0 || static_cast<unsigned>(digit) >= base) return std::nullopt;
    value = std::min(value * base + static_cast<unsigned>(digit), too_large);
  }
  return value;
}

/// One to four numbers, of which the last fills the rest of the address.
std::optional<std::string> ipv4_of(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  std::uint64_t address = 0;
  for (int left = 4; left > 0; --left) {
    std::size_t const dot = std::min(host.find('.'), host.size());
    auto const number = number_of(host.substr(0, dot));
    bool const is_last = dot == host.size();
    int const bits = is_last ? 8 * left : 8;
    if (!number || *number >> bits != 0) return std::nullopt;
    address = (address << bits) | *number;
    if (is_last) {
      std::string out;
      for (int shift = 24; shift >= 0; shift -= 8)
        out.append(out.empty() ? "" : ".").append(std::to_string((address >> shift) & 0xff));
      return out;
    }
    host.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

}

std::string browser_authority(std::string_view written) {
  std::string authority = in_ascii(percent_decoded(written));
  if (authority.starts_with('[')) return authority;
  std::size_t const colon = std::min(authority.find(':'), authority.size());
  if (auto const address = ipv4_of(std::string_view(authority).substr(0, colon))) authority.replace(0, colon, *address);
  return authority;
}

}
