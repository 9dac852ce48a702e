#include "gateway/http/references.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

constexpr std::string_view slashes = "/\\";

/// With the ports that an authority without one can mean.
bool names_upstream(std::string_view authority, std::uint16_t default_port, upstream_question const& is_upstream) {
  authority.remove_prefix(std::min(authority.rfind('@') + 1, authority.size())); // npos + 1 is 0
  std::uint16_t const both[] = {80, 443};
  for (std::uint16_t const port : both) {
    auto const named = parse_authority(authority, default_port == 0 ? port : default_port);
    if (named && is_upstream(*named)) return true;
  }
  return false;
}

std::string without_tabs(std::string_view text) {
  std::string out(text);
  std::erase(out, '\t');
  return std::string(trimmed(out));
}

outward_value changed_to(std::optional<std::string> value) {
  using kind = outward_value::kind;
  return value ? outward_value{kind::changed, *std::move(value)} : outward_value{};
}

/// `<URI>; rel=…, <URI>; …` (RFC 8288 3).
outward_value link_without(std::string_view value, upstream_question const& is_upstream) {
  std::string out;
  bool any = false;
  while (!value.empty()) {
    std::size_t const open = std::min(value.find('<'), value.size());
    std::size_t const close = std::min(value.find('>', open), value.size());
    out.append(value.substr(0, std::min(open + 1, value.size())));
    if (open == value.size()) break;
    std::string_view const uri = value.substr(open + 1, close - open - 1);
    auto const relative = relative_reference(uri, is_upstream);
    any = any || relative;
    out.append(relative ? *relative : uri);
    value.remove_prefix(close);
  }
  return any ? changed_to(std::move(out)) : outward_value{};
}

/// `5; url=URI`, as browsers have it (HTML, "shared declarative refresh steps").
outward_value refresh_without(std::string_view value, upstream_question const& is_upstream) {
  std::size_t const separator = value.find_first_of(";,");
  if (separator == std::string_view::npos) return {};
  std::size_t at = std::min(value.find_first_not_of(" \t", separator + 1), value.size());
  if (istarts_with(value.substr(at), "url")) {
    std::size_t const equals = value.find_first_not_of(" \t", at + 3);
    if (equals != std::string_view::npos && value[equals] == '=')
      at = std::min(value.find_first_not_of(" \t", equals + 1), value.size());
  }
  std::string_view uri = value.substr(at);
  std::string_view tail;
  if (!uri.empty() && (uri.front() == '\'' || uri.front() == '"')) {
    std::size_t const end = std::min(uri.find(uri.front(), 1), uri.size());
    tail = uri.substr(end);
    uri = uri.substr(1, end - 1);
    ++at;
  }
  auto const relative = relative_reference(uri, is_upstream);
  if (!relative) return {};
  return changed_to(std::string(value.substr(0, at)).append(*relative).append(tail));
}

/// `h2="host:port"; ma=…, …` (RFC 7838 3): whether an alternative is an upstream. One without a host is the host that
/// was asked.
bool offers_upstream(std::string_view value, upstream_question const& is_upstream) {
  for (std::size_t open = value.find('"'); open != std::string_view::npos;) {
    std::size_t const close = std::min(value.find('"', open + 1), value.size());
    if (names_upstream(value.substr(open + 1, close - open - 1), 0, is_upstream)) return true;
    open = close == value.size() ? std::string_view::npos : value.find('"', close + 1);
  }
  return false;
}

}

std::optional<std::string> relative_reference(std::string_view uri, upstream_question const& is_upstream) {
  std::string const clean = without_tabs(uri);
  std::string_view rest = clean;
  std::uint16_t default_port = 0; // that of the client's scheme
  if (istarts_with(rest, "http:")) {
    default_port = 80;
    rest.remove_prefix(5);
  } else if (istarts_with(rest, "https:")) {
    default_port = 443;
    rest.remove_prefix(6);
  }
  std::size_t const begin = std::min(rest.find_first_not_of(slashes), rest.size());
  if (begin < 2) return std::nullopt;
  rest.remove_prefix(begin);
  std::size_t const path = std::min(rest.find_first_of("/\\?#"), rest.size());
  if (!names_upstream(rest.substr(0, path), default_port, is_upstream)) return std::nullopt;
  std::string relative(rest.substr(path));
  if (relative.empty() || slashes.find(relative.front()) == std::string_view::npos)
    relative.insert(relative.begin(), '/');
  relative.front() = '/';
  if (relative.size() > 1 && slashes.find(relative[1]) != std::string_view::npos) relative.insert(0, "/.");
  return relative;
}

outward_value without_upstreams(boost::beast::http::field id, std::string_view name, std::string_view value,
                                upstream_question const& is_upstream) {
  using enum boost::beast::http::field;
  switch (id) {
  case location:
  case content_location:
    return changed_to(relative_reference(value, is_upstream));
  case link:
    return link_without(value, is_upstream);
  case alt_svc:
    if (offers_upstream(value, is_upstream)) return {outward_value::kind::dropped};
    break;
  case unknown:
    if (iequals(name, "Refresh")) return refresh_without(value, is_upstream);
    break;
  default:
    break;
  }
  return {};
}

}
