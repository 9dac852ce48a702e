#pragma once

#include "gateway/http/head_parser.hpp"
#include "gateway/http/name_set.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Questions about field lines, and which of them are passed on (RFC 9110 7.6.1).
namespace gateway::http {

/// ASCII case-insensitive equality.
bool iequals(std::string_view a, std::string_view b);
/// ASCII case-insensitive prefix.
bool istarts_with(std::string_view text, std::string_view prefix);

/// The first field with that number, or nullopt. `base` is where the head's bytes are.
std::optional<std::string_view> find(message_head const& head, char const* base, beast_http::field id);
/// The same by name, for fields without a number.
std::optional<std::string_view> find(message_head const& head, char const* base, std::string_view name);

/// Without the blanks at both ends (OWS, RFC 9110 5.6.3).
std::string_view trimmed(std::string_view text);

/// Calls `visit(element)` for each element of a comma-separated list (RFC 9110 5.6.1) until it returns true; returns
/// whether it did.
template<class Visit>
bool any_in_list(std::string_view list, Visit visit) {
  while (!list.empty()) {
    std::size_t const comma = std::min(list.find(','), list.size());
    if (std::string_view const element = trimmed(list.substr(0, comma)); !element.empty() && visit(element))
      return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// The same for a list whose elements may hold commas in quotes; `visit` gets empty elements too. `escapes`: a
/// backslash in quotes makes the next character one of the text (quoted-string, RFC 9110 5.6.4; entity tags have none).
template<class Visit>
bool any_in_quoted_list(std::string_view list, bool escapes, Visit visit) {
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    bool const at_end = i == list.size();
    if (escapes && quoted && i + 1 < list.size() && list[i] == '\\') {
      ++i;
      continue;
    }
    if (!at_end && list[i] == '"') quoted = !quoted;
    if (!at_end && (quoted || list[i] != ',')) continue;
    if (visit(trimmed(list.substr(begin, i - begin)))) return true;
    begin = i + 1;
  }
  return false;
}

/// In lower case (ASCII): one spelling of a field's name.
std::string lower_case(std::string_view text);

/// Whether a comma-separated list (RFC 9110 5.6.1) holds `token`, ASCII case-insensitively.
bool list_contains(std::string_view list, std::string_view token);

/// Whether the message has a Transfer-Encoding that is anything but one `chunked` (RFC 9112 6.1, 7): a coding that only
/// a client which asked for it with TE can undo, and the gateway asks for none.
bool has_other_coding(message_head const& head, char const* base);

/// Fields that are between balancer and proxies only: `X-Accel-*`, `X-Backend`, `X-Session-*`, in any letter case and
/// with `_` for `-`, which many servers do not distinguish (CGI's variables). They are accepted from proxies only, and
/// are dropped from requests, and from answers before they go on.
bool is_internal(std::string_view name);

/// Decides per field line of one message whether it is end-to-end. Hop-by-hop are the fields that RFC 9110 7.6.1 names,
/// those that the message's own `Connection` names, and `Trailer` (trailers are dropped).
class end_to_end_filter {
public:
  end_to_end_filter(message_head const& head, char const* base);
  bool passes(field_line const& line, char const* base) const;

private:
  name_set named_; // by Connection, if it names more than `close` and `keep-alive`
};

/// Appends `name: value CRLF`.
void append_field(std::string& out, std::string_view name, std::string_view value);

/// Appends it in decimal.
void append_number(std::string& out, std::uint64_t number);

}
