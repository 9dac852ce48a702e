#include "sim/scenario/access_log/line.hpp"

#include "sim/scenario/access_log/client.hpp"
#include "sim/scenario/access_log/date.hpp"
#include "sim/scenario/access_log/json_line.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace sim::access_log {
namespace {

/// The methods that can be replayed: those of the scenario schema's mix.
constexpr std::array<std::string_view, 17> known_methods = {
    "GET",   "HEAD", "POST", "PUT",  "PATCH",  "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH",
    "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH",  "PURGE"};

bool is_known(std::string_view method) {
  return std::find(known_methods.begin(), known_methods.end(), method) != known_methods.end();
}

/// What Apache writes for control characters, as in C.
char unescaped(char c) {
  constexpr std::string_view names = "abtnvfr"; // 7 to 13
  std::size_t const at = names.find(c);
  return at == std::string_view::npos ? c : static_cast<char>(7 + at);
}

/// The quoted string that begins at `at` (after its quote), without its escapes; `at` moves past the closing quote.
std::optional<std::string> unquoted(std::string_view line, std::size_t& at) {
  std::string text;
  while (at < line.size() && line[at] != '"') {
    if (line[at] != '\\') {
      text += line[at++];
      continue;
    }
    if (at + 1 >= line.size()) return std::nullopt;
    char const escape = line[at + 1];
    at += 2;
    if (escape == 'x') {
      unsigned value = 0;
      if (at + 2 > line.size() ||
          std::from_chars(line.data() + at, line.data() + at + 2, value, 16).ptr != line.data() + at + 2) {
        return std::nullopt;
      }
      text += static_cast<char>(value);
      at += 2;
    } else {
      text += unescaped(escape);
    }
  }
  if (at >= line.size()) return std::nullopt;
  ++at;
  return text;
}

constexpr std::size_t longest_target = 8000;

bool is_origin_form(std::string_view target) {
  return target.starts_with('/') && target.size() <= longest_target && target.find('#') == std::string_view::npos &&
         std::all_of(target.begin(), target.end(), [](char c) { return c >= '!' && c <= '~'; });
}

/// What follows the authority of an absolute http URI; nullopt for anything else.
std::optional<std::string> path_of_absolute(std::string_view target) {
  for (std::string_view const scheme : {"http://", "https://"}) {
    bool const same = target.size() > scheme.size() &&
                      std::equal(scheme.begin(), scheme.end(), target.begin(),
                                 [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
    if (!same) continue;
    target.remove_prefix(scheme.size());
    std::size_t const end = target.find_first_of("/?");
    if (end == 0) return std::nullopt; // no host
    if (end == std::string_view::npos) return "/";
    return (target[end] == '?' ? "/" : "") + std::string(target.substr(end));
  }
  return std::nullopt;
}

/// Bytes outside ASCII as %XX.
std::string encoded(std::string_view target) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (char const c : target) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      text += c;
    else
      text.append("%").append({digits[byte >> 4], digits[byte & 15]});
  }
  return text;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    std::size_t const end = std::min(text.find(' '), text.size());
    if (end > 0) all.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

/// The client, from the words before the date. A user's name may have blanks in it, so a fourth word does not imply a
/// virtual host.
std::variant<std::string, skip> client_of(std::vector<std::string_view> const& words) {
  if (words.size() < 3) return skip::other_form;
  std::string_view client = words[0];
  if (client.ends_with(',')) { // X-Forwarded-For
    client.remove_suffix(1);
  } else if (words.size() > 3) {
    bool const address_second = is_address(words[1]);
    bool const fields_after = words[2] == "-" && words[1] != "-" && !is_address(words[0]);
    if (address_second || (has_port(words[0]) && !is_address(words[0])) || fields_after) client = words[1];
  }
  if (client == "-") return skip::no_client;
  return canonical(client);
}

std::variant<request, skip> parse_ncsa(std::string_view line) {
  skip why = skip::other_form;
  std::size_t close = 0; // looked for once: it is the same for all that begin before it
  // A user's name may contain what looks like the beginning of a date, so take the first valid date.
  for (std::size_t open = line.find(" ["); open != std::string_view::npos; open = line.find(" [", open + 1)) {
    if (close < open) close = line.find(']', open);
    if (close == std::string_view::npos) break;
    auto const date = parse_date(line.substr(open + 2, close - open - 2));
    if (auto const* none = std::get_if<no_moment>(&date)) {
      if (why == skip::other_form || *none == no_moment::out_of_range)
        why = *none == no_moment::out_of_range ? skip::strange_date : skip::no_date;
      continue;
    }
    std::size_t at = close + 3;
    if (line.substr(close + 1, 2) != " \"") return skip::other_form;
    auto client = client_of(words_of(line.substr(0, open)));
    if (auto const* none = std::get_if<skip>(&client)) return *none;
    auto const asked = unquoted(line, at);
    if (!asked) return skip::other_form;
    moment const when = std::get<moment>(date);
    return request_of(std::get<std::string>(std::move(client)), when.ns, when.to_the_second, *asked);
  }
  return why;
}

}

std::string_view words(skip why) {
  switch (why) {
  case skip::too_long:
    return "longer than 64 KiB";
  case skip::not_text:
    return "with NUL bytes";
  case skip::other_form:
    return "of another form";
  case skip::no_client:
    return "without a client";
  case skip::no_date:
    return "without a date";
  case skip::strange_date:
    return "with a date outside 1970 to 2199";
  case skip::blank:
    return "blank";
  case skip::no_request:
    return "without a request";
  case skip::not_http:
    return "with no HTTP method that can be replayed";
  case skip::old_http:
    return "of HTTP/0.9";
  case skip::asterisk:
    return "for the server itself (*)";
  case skip::strange_target:
    return "with a target that is no path";
  }
  return "";
}

std::variant<request, skip> request_of(std::string client, std::int64_t time_ns, bool to_the_second,
                                       std::string_view method, std::string_view target) {
  if (method.empty() || method == "-") return skip::no_request;
  if (!is_known(method)) return skip::not_http;
  if (target == "*") return skip::asterisk;
  if (target.size() > longest_target) return skip::strange_target;
  auto path = path_of_absolute(target);
  std::string const plain = encoded(path ? std::string_view(*path) : target);
  if (!is_origin_form(plain)) return skip::strange_target;
  request one{std::move(client), time_ns, to_the_second, std::string(method), plain};
  one.was_absolute = path.has_value();
  one.was_encoded = plain.size() != (path ? path->size() : target.size());
  return one;
}

std::variant<request, skip> request_of(std::string client, std::int64_t time_ns, bool to_the_second,
                                       std::string_view asked) {
  if (asked.empty() || asked == "-") return skip::no_request;
  std::size_t const first = asked.find(' '), last = asked.rfind(' ');
  std::string_view const method = asked.substr(0, first);
  if (!is_known(method)) return skip::not_http;
  if (first == std::string_view::npos) return skip::not_http;
  if (last == first || !asked.substr(last + 1).starts_with("HTTP/"))
    return asked.find(' ', first + 1) == std::string_view::npos ? skip::old_http : skip::strange_target;
  return request_of(std::move(client), time_ns, to_the_second, method, asked.substr(first + 1, last - first - 1));
}

std::variant<request, skip> parse_line(std::string_view line) {
  if (line.size() > longest_line) return skip::too_long;
  if (line.find('\0') != std::string_view::npos) return skip::not_text;
  std::size_t const begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return skip::blank;
  return line[begin] == '{' ? parse_json(line.substr(begin)) : parse_ncsa(line);
}

}
