#include "sim/scenario/access_log/fields.hpp"

#include "sim/scenario/access_log/client.hpp"
#include "sim/scenario/access_log/date.hpp"
#include "sim/scenario/access_log/json_line.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace sim::access_log {
namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '@';
}

std::variant<moment, skip> date_from(lookup const& fields) {
  for (std::string_view const name : {"time_iso8601", "time_local", "msec"}) {
    std::string const text = value_of(fields, name);
    if (text.empty()) continue;
    double seconds = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    bool const number = error == std::errc{} && end == text.data() + text.size();
    auto const date = number ? date_of(seconds) : parse_date(text);
    if (auto const* m = std::get_if<moment>(&date)) return *m;
    return std::get<no_moment>(date) == no_moment::out_of_range ? skip::strange_date : skip::no_date;
  }
  return skip::no_date;
}

std::string_view first_of_list(std::string_view text) { return text.substr(0, text.find(',')); }

std::string query_value(std::string_view target, std::string_view name) {
  std::size_t at = target.find('?');
  while (at != std::string_view::npos) {
    std::string_view const pair = target.substr(at + 1, target.find('&', at + 1) - at - 1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('='))
      return std::string(pair.substr(name.size() + 1));
    at = target.find('&', at + 1);
  }
  return {};
}

void append_utf8(std::string& out, unsigned code) {
  auto const byte = [&out](unsigned value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6), byte(0x80 | (code & 63));
  } else {
    byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 63)), byte(0x80 | (code & 63));
  }
}

}

std::string value_of(lookup const& fields, std::string_view name) {
  std::string text = fields(name);
  return text == "-" ? std::string() : text;
}

std::variant<request, skip> request_from(lookup const& fields) {
  auto const date = date_from(fields);
  if (auto const* why = std::get_if<skip>(&date)) return *why;
  moment const when = std::get<moment>(date);
  std::string client;
  for (std::string_view const name :
       {"remote_addr", "realip_remote_addr", "http_x_forwarded_for", "proxy_protocol_addr"})
    if (client.empty()) client = canonical(first_of_list(value_of(fields, name)));
  if (std::string const asked = fields("request"); !asked.empty())
    return request_of(std::move(client), when.ns, when.to_the_second, asked);
  std::string target = value_of(fields, "request_uri");
  if (target.empty()) {
    target = value_of(fields, "uri");
    if (std::string const query = value_of(fields, "args"); !query.empty()) target.append("?").append(query);
  }
  return request_of(std::move(client), when.ns, when.to_the_second, value_of(fields, "request_method"), target);
}

identity_rule::identity_rule(std::string_view text) {
  std::string literal;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      literal += text[at++];
      continue;
    }
    std::size_t end = ++at;
    while (end < text.size() && is_name(text[end])) ++end;
    if (end == at)
      throw std::invalid_argument("found '$' without a name; allowed: fields of the log such as \"$cookie_session\"");
    names_.emplace_back(text.substr(at, end - at));
    before_.push_back(std::exchange(literal, {}));
    at = end;
  }
  after_ = literal;
  if (names_.empty())
    throw std::invalid_argument("found no field of the log; allowed: at least one, such as \"$cookie_session\"");
}

std::string identity_rule::of(lookup const& fields, std::string_view target) const {
  std::string text;
  bool any = false;
  for (std::size_t i = 0; i != names_.size(); ++i) {
    std::string_view const name = names_[i];
    std::string value = value_of(fields, name);
    if (value.empty() && name.starts_with("cookie_")) value = cookie_in(fields("http_cookie"), name.substr(7));
    if (value.empty() && name.starts_with("arg_")) value = query_value(target, name.substr(4));
    if (name == "http_x_forwarded_for") value = first_of_list(value);
    any = any || !value.empty();
    text += before_[i];
    text += canonical(value);
  }
  return any ? text + after_ : std::string();
}

std::string_view cookie_in(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    std::string_view pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(pair.size() + 1, cookies.size()));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
  }
  return {};
}

std::string without_escapes(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    char const kind = at + 1 < text.size() && text[at] == '\\' ? text[at + 1] : '\0';
    std::size_t const digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 0;
    constexpr std::string_view controls = "abtnvfr"; // 7 to 13
    if (digits > 0 && at + 2 + digits <= text.size()) {
      unsigned code = 0;
      char const* const end = text.data() + at + 2 + digits;
      if (std::from_chars(text.data() + at + 2, end, code, 16).ptr == end) {
        kind == 'x' ? out.push_back(static_cast<char>(code)) : append_utf8(out, code);
        at += 2 + digits;
        continue;
      }
    } else if (kind == '"' || kind == '\\' || kind == '/') {
      out += kind;
      at += 2;
      continue;
    } else if (std::size_t const c = controls.find(kind); kind != '\0' && c != std::string_view::npos) {
      out += static_cast<char>(7 + c);
      at += 2;
      continue;
    }
    out += text[at++];
  }
  return out;
}

}
