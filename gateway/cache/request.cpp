#include "gateway/cache/request.hpp"

#include "gateway/http/field_names.hpp"
#include "gateway/http/fields.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>

namespace gateway::cache {
namespace {

request_facts::kind kind_of(http::beast_http::verb method) {
  using enum http::beast_http::verb;
  switch (method) {
  case get:
  case head:
    return request_facts::kind::lookup;
  case options:
  case trace:
  case propfind:
  case report:
  case search:
    return request_facts::kind::safe;
  default: // an unknown one may do anything (RFC 9111 4.4)
    return request_facts::kind::unsafe;
  }
}

void look_at_name(request_facts& facts, std::string_view name, std::span<std::string const> ignored) {
  if (http::holds_credentials(name)) facts.has_key = true;
  if (facts.has_unkeyed_fields || !http::replaces_request(name)) return;
  facts.has_unkeyed_fields = std::none_of(ignored.begin(), ignored.end(),
                                          [name](std::string const& other) { return http::iequals(name, other); });
}

/// `https://a:443` equals `https://a` (RFC 9110 4.2.3).
std::string_view without_usual_port(std::string_view origin) {
  std::string_view const port = origin.starts_with("https:") ? ":443" : ":80";
  return origin.ends_with(port) ? origin.substr(0, origin.size() - port.size()) : origin;
}

}

request_facts read_request(http::message_head const& head, char const* base, http::request_summary const& summary,
                           std::span<std::string const> ignored) {
  using field = http::beast_http::field;
  request_facts facts;
  facts.what = kind_of(head.verb);
  facts.is_head = summary.is_head;
  facts.authorized = summary.has_authorization;
  if (facts.what != request_facts::kind::lookup) return facts;
  bool has_control = false;
  bool asks_for_fresh = false; // Pragma, which counts without Cache-Control only (RFC 9111 5.4)
  for (http::field_line const& line : head.fields) {
    std::string_view const value = line.value.in(base);
    switch (line.id) {
    case field::cache_control:
      has_control = true;
      facts.control.read(value);
      break;
    case field::forwarded:
      facts.has_unkeyed_fields =
          facts.has_unkeyed_fields || std::find(ignored.begin(), ignored.end(), "forwarded") == ignored.end();
      break;
    case field::cookie:
    case field::cookie2:
      facts.has_cookie = true;
      break;
    case field::path: // these three are registered for other protocols
    case field::protocol:
    case field::uri:
    case field::unknown:
      look_at_name(facts, line.name.in(base), ignored);
      break;
    case field::pragma:
      asks_for_fresh = asks_for_fresh || http::list_contains(value, "no-cache");
      break;
    case field::if_match:
      facts.if_match = value;
      break;
    case field::if_none_match:
      facts.if_none_match.append(facts.if_none_match.empty() ? "" : ", ").append(value);
      if (facts.if_none_match.empty()) facts.if_none_match = ","; // a condition that no tag meets
      break;
    case field::if_modified_since:
      // Several values are not a date, and count as none (RFC 9110 13.1.3).
      facts.if_modified_since.append(facts.if_modified_since.empty() ? "" : ", ").append(value);
      break;
    case field::if_unmodified_since:
      facts.if_unmodified_since = value;
      break;
    case field::if_range:
      facts.if_range = value;
      break;
    case field::range:
      facts.range.append(facts.range.empty() ? "" : ",").append(value);
      break;
    default:
      break;
    }
  }
  if (asks_for_fresh && !has_control) facts.control.no_cache = true;
  return facts;
}

void append_key(std::string& out, std::string_view scheme, std::string_view host, std::string_view target) {
  out.append(scheme).append("://").append(http::lower_case(host)).append(target);
}

std::string_view origin_of(std::string_view key) {
  std::size_t const host = key.find("://") + 3;
  return key.substr(0, std::min(key.find_first_of("/*?", host), key.size()));
}

std::string referred_key(std::string_view key, std::string_view reference) {
  auto const base = boost::urls::parse_uri(key);
  auto const relative = boost::urls::parse_uri_reference(reference);
  boost::urls::url resolved;
  if (!base || !relative || !boost::urls::resolve(*base, *relative, resolved)) return {};
  resolved.remove_fragment();
  auto const origin = resolved.encoded_origin();
  std::string const there = http::lower_case(std::string_view(origin.data(), origin.size()));
  if (without_usual_port(there) != without_usual_port(origin_of(key))) return {};
  auto const target = resolved.encoded_target();
  // An empty path is `/` (RFC 9110 4.2.3).
  std::string_view const root = resolved.encoded_path().empty() ? "/" : "";
  return std::string(origin_of(key)).append(root).append(target.data(), target.size());
}

}
