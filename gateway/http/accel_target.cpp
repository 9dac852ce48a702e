#include "gateway/http/accel_target.hpp"

#include "gateway/http/accel.hpp"
#include "gateway/http/characters.hpp"
#include "gateway/http/target.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

constexpr std::string_view delimiters = "/\\?#%&=+;";

/// The next character of `text`, decoded if that does not change its meaning; encoded delimiters get values beyond all
/// characters.
int take_character(std::string_view& text) {
  constexpr int encoded = 256;
  unsigned char const c = static_cast<unsigned char>(text.front());
  int const high = c == '%' && text.size() > 2 ? hex_digit(text[1]) : -1;
  int const low = high < 0 ? -1 : hex_digit(text[2]);
  text.remove_prefix(low < 0 ? 1 : 3);
  if (low < 0) return c == '%' ? encoded + c : c;
  int const decoded = high * 16 + low;
  return delimiters.find(static_cast<char>(decoded)) == std::string_view::npos ? decoded : encoded + decoded;
}

bool are_alike(std::string_view a, std::string_view b) {
  if (a == b) return true;
  while (!a.empty() && !b.empty())
    if (take_character(a) != take_character(b)) return false;
  return a.empty() && b.empty();
}

struct parts {
  std::string_view path, query; // the latter without `?`
  bool has_query = false;
};
parts split(std::string_view target) {
  std::size_t const mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1), true};
}

}

std::string_view named_target(std::string_view location) {
  std::size_t const begin = location.find_first_of("/?*", internal_prefix.size());
  return begin == std::string_view::npos ? std::string_view() : location.substr(begin);
}

bool names_target(std::string_view named, std::string_view target, bool any_query) {
  if (named.empty() || named == target) return true;
  parts const a = split(named), b = split(target);
  if (!a.path.empty() && !are_alike(a.path, b.path)) return false;
  return (any_query && !a.has_query) || are_alike(a.query, b.query);
}

std::optional<std::string> followed_target(std::string_view named, std::string_view target) {
  if (named.empty() || named == target) return std::string(target);
  std::string out;
  if (named.starts_with('?')) out = target == "*" ? "/" : split(target).path;
  for (char const c : named) {
    if (c > ' ' && c < 0x7f) {
      out.push_back(c);
      continue;
    }
    auto const byte = static_cast<unsigned char>(c);
    out.append({'%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]});
  }
  bool const may = out.starts_with('/') && out.find('#') == std::string::npos && !names_internal_location(out) &&
                   !has_dot_segments(out);
  return may ? std::optional(std::move(out)) : std::nullopt;
}

std::string_view target_of(std::string_view head) {
  std::size_t const begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::string with_target(std::string_view head, std::string_view target) {
  std::string_view const old = target_of(head);
  auto const begin = static_cast<std::size_t>(old.data() - head.data());
  return std::string(head.substr(0, begin)).append(target).append(head.substr(begin + old.size()));
}

}
