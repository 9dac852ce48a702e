#include "gateway/http/references.hpp"

#include "gateway/http/browser_host.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>

namespace gateway::http {
namespace {

constexpr std::string_view slashes = "/\\";

/// Schemes after which browsers read an authority, whatever slashes there are (WHATWG URL, "special scheme").
struct special_scheme {
  std::string_view name;
  std::uint16_t port;
};
constexpr special_scheme schemes[] = {{"http:", 80}, {"https:", 443}, {"ws:", 80}, {"wss:", 443}, {"ftp:", 21}};

/// Together with the ports that an authority without one can mean.
bool names_upstream(std::string_view written, std::uint16_t default_port, upstream_question const& is_upstream) {
  written.remove_prefix(std::min(written.rfind('@') + 1, written.size())); // npos + 1 is 0
  std::string const authority = browser_authority(written);
  std::uint16_t const both[] = {80, 443};
  for (std::uint16_t const port : both) {
    auto const named = parse_authority(authority, default_port == 0 ? port : default_port);
    if (named && is_upstream(*named)) return true;
  }
  return false;
}

/// As browsers begin: without tabs and line ends, and without blanks and controls at its ends.
std::string without_blanks(std::string_view text) {
  auto const is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::string out(text);
  std::erase_if(out, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  return out;
}

/// The path after an authority, written so that it cannot be read as an authority.
std::string as_path(std::string_view rest) {
  std::string path(rest);
  if (path.empty() || slashes.find(path.front()) == std::string_view::npos) path.insert(path.begin(), '/');
  path.front() = '/';
  if (path.size() > 1 && slashes.find(path[1]) != std::string_view::npos) path.insert(0, "/.");
  return path;
}

outward_value changed_to(std::optional<std::string> value) {
  using kind = outward_value::kind;
  return value ? outward_value{kind::changed, *std::move(value)} : outward_value{};
}

/// Where the value begins, if the parameter at `at` is an `anchor`; else npos.
std::size_t anchor_at(std::string_view value, std::size_t at) {
  constexpr std::string_view blanks = " \t";
  constexpr std::string_view name = "anchor";
  at = std::min(value.find_first_not_of(blanks, at), value.size());
  if (!istarts_with(value.substr(at), name)) return std::string_view::npos;
  at = std::min(value.find_first_not_of(blanks, at + name.size()), value.size());
  return at < value.size() && value[at] == '=' ? value.find_first_not_of(blanks, at + 1) : std::string_view::npos;
}

/// `<URI>; rel=…; anchor="URI", <URI>; …` (RFC 8288 3).
outward_value link_without(std::string_view value, upstream_question const& is_upstream) {
  std::string out;
  bool any = false;
  for (std::size_t at = 0; at < value.size();) {
    std::size_t const found = std::min(value.find_first_of("<;", at), value.size());
    std::size_t begin = std::min(found + 1, value.size());
    std::size_t end = begin;
    if (found < value.size() && value[found] == '<') {
      end = value.find('>', begin);
    } else if (std::size_t const anchor = anchor_at(value, begin); anchor != std::string_view::npos) {
      bool const is_quoted = value[anchor] == '"';
      begin = anchor + (is_quoted ? 1 : 0);
      end = value.find_first_of(is_quoted ? "\"" : ";, \t", begin);
    }
    end = std::min(end, value.size());
    std::string_view const uri = value.substr(begin, end - begin);
    auto const relative = uri.empty() ? std::nullopt : relative_reference(uri, is_upstream);
    any = any || relative;
    out.append(value.substr(at, begin - at)).append(relative ? *relative : uri);
    at = end;
  }
  return any ? changed_to(std::move(out)) : outward_value{};
}

/// `5; url=URI`, as browsers read it (HTML, "shared declarative refresh steps"): a time, a separator that may be a
/// blank, and a URI with or without `url=` and quotes.
outward_value refresh_without(std::string_view value, upstream_question const& is_upstream) {
  constexpr std::string_view blanks = " \t";
  auto const skip = [value](std::size_t from, std::string_view characters) {
    return std::min(value.find_first_not_of(characters, from), value.size());
  };
  std::size_t const time = skip(0, blanks);
  std::size_t const end_of_time = skip(time, "0123456789.");
  std::size_t at = skip(end_of_time, blanks);
  if (at < value.size() && (value[at] == ';' || value[at] == ',')) at = skip(at + 1, blanks);
  if (time == end_of_time || at == end_of_time) return {};
  if (istarts_with(value.substr(at), "url")) {
    std::size_t const equals = skip(at + 3, blanks);
    if (equals < value.size() && value[equals] == '=') at = skip(equals + 1, blanks);
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

/// `h2="host:port"; ma=…, …` (RFC 7838 3): whether an alternative is an upstream. One without a host means the host
/// that was asked.
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
  std::string const clean = without_blanks(uri);
  std::string_view rest = clean;
  std::uint16_t default_port = 0; // that of the client's scheme
  for (auto const& [scheme, port] : schemes)
    if (istarts_with(rest, scheme)) {
      default_port = port;
      rest.remove_prefix(scheme.size());
      break;
    }
  std::size_t const begin = std::min(rest.find_first_not_of(slashes), rest.size());
  // After a scheme other than the page's, any number of slashes begins an authority; else two or more do.
  if (default_port == 0 && begin == 1) return std::nullopt;
  rest.remove_prefix(begin);
  std::size_t const path = std::min(rest.find_first_of("/\\?#"), rest.size());
  std::string_view const authority = rest.substr(0, path);
  if (default_port == 0 && begin == 0) { // HOST:PORT, which cannot be meant as a scheme
    auto const named = parse_host_port(authority);
    if (!named || !is_upstream(*named)) return std::nullopt;
  } else if (!names_upstream(authority, default_port, is_upstream)) {
    return std::nullopt;
  }
  return as_path(rest.substr(path));
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
