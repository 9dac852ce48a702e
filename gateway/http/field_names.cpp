#include "gateway/http/field_names.hpp"

#include "gateway/http/fields.hpp"

#include <boost/beast/http/field.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace gateway::http {
namespace {

constexpr std::array<bool, 256> plain_table = [] {
  std::array<bool, 256> table{};
  for (char const c : std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_plain(char c) { return plain_table[static_cast<unsigned char>(c)]; }

/// A name as servers read it: in lower case, with `-` for what is neither letter nor digit. Of more than are in any
/// name below the beginning only.
class folded_name {
public:
  explicit folded_name(std::string_view name)
    : size_(std::min(name.size(), text_.size())) {
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size_), text_.begin(), [](char c) {
      if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
      return is_plain(c) ? c : '-';
    });
  }
  std::string_view text() const { return {text_.data(), size_}; }

private:
  std::array<char, 48> text_;
  std::size_t size_;
};

/// What frames a message or belongs to one connection (RFC 9112 6, RFC 9110 7.6.1), what is for a proxy, and what the
/// gateway says itself.
bool is_forbidden(std::string_view folded) {
  static constexpr std::string_view all[]{"content-length",      "transfer-encoding", "keep-alive",
                                          "proxy-connection",    "http2-settings",    "max-forwards",
                                          "proxy-authorization", "x-forwarded-for",   "x-forwarded-host",
                                          "x-forwarded-proto",   "x-request-id"};
  return is_internal(folded) || std::find(std::begin(all), std::end(all), folded) != std::end(all);
}

/// Whether it begins so, and what a name that replaces parts of a request begins with.
bool is_of_a_family(std::string_view folded) {
  static constexpr std::string_view all[]{
      "x-forward",       "forwarded-",        "x-orig",           "x-rewrit",      "x-replaced-",
      "x-http-",         "x-method",          "x-middleware-",    "x-invoke-",     "x-proxy",
      "x-ssl",           "ssl-client",        "x-remote-",        "remote-",       "x-authenticated-",
      "x-auth-request-", "x-webauth-",        "x-arr-ssl",        "x-client-cert", "x-client-verify",
      "x-client-dn",     "x-envoy-original-", "x-envoy-external-"};
  return std::any_of(std::begin(all), std::end(all), [folded](std::string_view p) { return folded.starts_with(p); });
}

/// By what they replace: host and scheme; target; method; the client's address (also all that ends in `-ip`) and name.
bool is_replacement(std::string_view folded) {
  static constexpr std::string_view all[]{
      "x-host", "x-host-override", "x-backend-host", "x-server-name", "x-port", "x-scheme", "x-url-scheme",
      "x-protocol", "x-https", "x-tls", "front-end-https", "cloudfront-forwarded-proto", "cf-visitor", "fastly-ssl",
      // target
      "x-uri", "x-url", "x-path", "x-path-info", "x-request-uri", "x-request-url", "x-request-path", "request-uri",
      "x-script-name", "script-name", "x-base-url", "x-base-path", "base-url", "x-waws-unencoded-url",
      // method
      "method", "x-requested-method", "http-method-override",
      // client
      "cf-connecting-ipv6", "cf-pseudo-ipv4", "x-azure-clientip", "x-azure-socketip", "x-real-host", "auth-user",
      "x-auth-user", "x-user", "x-username", "x-user-name"};
  return folded.ends_with("-ip") || std::find(std::begin(all), std::end(all), folded) != std::end(all);
}

/// Written by the gateway, on each request.
bool is_own(std::string_view name) {
  return iequals(name, "X-Forwarded-For") || iequals(name, "X-Forwarded-Proto") || iequals(name, "X-Forwarded-Host");
}

}

bool is_odd(std::string_view name) { return !std::all_of(name.begin(), name.end(), is_plain); }

odd_reading reading_of(std::string_view odd_name) {
  folded_name const folded(odd_name);
  std::string_view const text = folded.text();
  if (is_forbidden(text)) return odd_reading::forbidden;
  bool const counts = odd_name.find('_') != std::string_view::npos || is_of_a_family(text) || is_replacement(text) ||
                      boost::beast::http::string_to_field({text.data(), text.size()}) != beast_http::field::unknown;
  return counts ? odd_reading::another : odd_reading::no_other;
}

bool replaces_request(std::string_view name) {
  if (is_own(name)) return false;
  folded_name const folded(name);
  return is_of_a_family(folded.text()) || is_replacement(folded.text());
}

bool holds_credentials(std::string_view name) {
  static constexpr std::string_view endings[]{"token", "-key",     "apikey",    "-auth",      "-authorization",
                                              "-jwt",  "-session", "-password", "-signature", "-credential"};
  folded_name const folded(name);
  return std::any_of(std::begin(endings), std::end(endings),
                     [&](std::string_view ending) { return folded.text().ends_with(ending); });
}

}
