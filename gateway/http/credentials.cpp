#include "gateway/http/credentials.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::http {
namespace {

constexpr std::string_view blanks = " \t";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// Capitalised, as the registered schemes that most servers know are written.
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

/// token / quoted-string, without quotes and escapes; nullopt when there is neither.
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

/// #auth-param in one spelling; nullopt when it is none.
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

/// Whether there is a `=` that is not at the end, where token68 has its.
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
