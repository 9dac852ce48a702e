#include "gateway/http/field_names.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace gateway::http {
namespace {

/// A name as servers read it: in lower case, with `-` for everything that is neither letter nor digit. Of a name longer
/// than any that servers know, only the beginning.
class folded_name {
public:
  explicit folded_name(std::string_view name)
    : size_(std::min(name.size(), text_.size())) {
    std::transform(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size_), text_.begin(),
                   [](char c) { return is_plain_character(c) ? lower_case(c) : '-'; });
  }
  std::string_view text() const { return {text_.data(), size_}; }

private:
  std::array<char, 128> text_;
  std::size_t size_;
};

template<std::size_t N>
bool is_one_of(std::string_view text, std::string_view const (&all)[N]) {
  return std::find(std::begin(all), std::end(all), text) != std::end(all);
}
template<std::size_t N>
bool ends_with_one_of(std::string_view text, std::string_view const (&all)[N]) {
  return std::any_of(std::begin(all), std::end(all), [text](std::string_view e) { return text.ends_with(e); });
}

/// Fields that frame a message or belong to one connection (RFC 9112 6, RFC 9110 7.6.1), that are for a proxy, or that
/// the gateway writes itself.
bool is_forbidden(std::string_view folded) {
  static constexpr std::string_view all[]{"content-length",      "transfer-encoding", "keep-alive",
                                          "proxy-connection",    "http2-settings",    "max-forwards",
                                          "proxy-authorization", "x-forwarded-for",   "x-forwarded-host",
                                          "x-forwarded-proto",   "x-request-id"};
  return is_internal(folded) || is_one_of(folded, all);
}

std::string_view last_word(std::string_view folded) { return folded.substr(folded.rfind('-') + 1); }

/// The beginnings of names that replace parts of a request.
bool is_of_a_family(std::string_view folded) {
  static constexpr std::string_view all[]{"x-forward",
                                          "forwarded-",
                                          "x-orig",
                                          "x-rewrit",
                                          "x-replaced-",
                                          "x-http-",
                                          "x-method",
                                          "x-middleware-",
                                          "x-invoke-",
                                          "x-proxy",
                                          "x-ssl",
                                          "ssl-client",
                                          "x-remote-",
                                          "remote-",
                                          "x-authenticated-",
                                          "x-auth-request-",
                                          "x-webauth-",
                                          "x-arr-ssl",
                                          "x-client-cert",
                                          "x-client-verify",
                                          "x-client-dn",
                                          "x-envoy-original-",
                                          "x-envoy-external-",
                                          "client-cert",
                                          "wl-proxy-",
                                          "x-now-",
                                          "x-nextjs-"};
  return std::any_of(std::begin(all), std::end(all), [folded](std::string_view p) { return folded.starts_with(p); });
}

/// Names that end alike but mean something else: HTTP's own field, what a browser says by itself (no script can set
/// Sec-), the method that a preflight asks for, and, like Referer, the page on which a script runs.
bool is_no_replacement(std::string_view folded) {
  static constexpr std::string_view all[]{"host", "access-control-request-method", "hx-current-url", "next-url"};
  return folded.starts_with("sec-") || is_one_of(folded, all);
}

/// By what they replace, as the last word of the name tells: host and scheme; target; method; the client's address.
/// Then those with other words, and those that say who the client is.
bool is_replacement(std::string_view folded) {
  static constexpr std::string_view last_words[]{"host", "hostname", "vhost", "domain", "authority", "port", "proto",
                                                 "protocol", "scheme", "ssl", "tls", "https",
                                                 // target and method
                                                 "url", "uri", "path", "prefix", "method", "override",
                                                 // client
                                                 "ip", "ipv4", "ipv6", "addr", "clientip", "socketip"};
  static constexpr std::string_view whole[]{"x-server-name", "server-name", "cf-visitor",    "x-path-info",
                                            "path-info",     "script-name", "x-script-name", "auth-user",
                                            "x-auth-user",   "x-user",      "x-username",    "x-user-name"};
  if (is_no_replacement(folded)) return false;
  return is_one_of(last_word(folded), last_words) || is_one_of(folded, whole);
}

/// Written by the gateway on each request.
bool is_own(std::string_view name) {
  return iequals(name, "X-Forwarded-For") || iequals(name, "X-Forwarded-Proto") || iequals(name, "X-Forwarded-Host");
}

}

bool is_odd(std::string_view name) { return !std::all_of(name.begin(), name.end(), is_plain_character); }

odd_reading reading_of(std::string_view odd_name) {
  return is_forbidden(folded_name(odd_name).text()) ? odd_reading::forbidden : odd_reading::another;
}

bool replaces_request(std::string_view name) {
  if (is_own(name)) return false;
  folded_name const folded(name);
  return is_of_a_family(folded.text()) || is_replacement(folded.text());
}

bool holds_credentials(std::string_view name) {
  static constexpr std::string_view endings[]{
      "token",       "apikey",         "accesskey",  "sessionid",  "sessid",      "userid",
      "cert",        "-key",           "-key-id",    "-user",      "-user-id",    "-client-id",
      "-account-id", "-authorization", "-member-id", "-device-id", "-customer-id"};
  static constexpr std::string_view words[]{
      "auth",        "authenticated", "jwt",   "dpop",      "oidc",     "saml",      "assertion", "credential",
      "credentials", "session",       "sid",   "principal", "identity", "signature", "password",  "secret",
      "email",       "username",      "login", "uid",       "cert",     "clientcert"};
  folded_name const folded(name);
  if (folded.text().starts_with("sec-fetch-")) return false; // what the browser intends to do with the answer
  if (ends_with_one_of(folded.text(), endings)) return true;
  for (std::string_view rest = folded.text();;) { // word by word
    std::size_t const end = rest.find('-');
    if (is_one_of(rest.substr(0, end), words)) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

}
