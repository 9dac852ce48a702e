#pragma once

#include <cstdint>
#include <string_view>

/// How servers read the names of request fields. CGI (RFC 3875 4.1.18) and its descendants (WSGI, Rack, PHP, lighttpd,
/// …) turn them into variables: upper case, `_` for `-`, and in some of them for everything that is neither letter nor
/// digit. So X-Real-IP, X_Real_IP and X.Real.IP are one name there, and three on the way.
namespace gateway::http {

/// What becomes of fields with odd names (below).
enum class odd_names : std::uint8_t { drop, refuse, pass };

/// As a configuration writes it.
constexpr std::string_view name_of(odd_names value) {
  switch (value) {
  case odd_names::drop:
    return "drop";
  case odd_names::refuse:
    return "refuse";
  case odd_names::pass:
    return "pass";
  }
  return {};
}

/// Whether there is anything in it but letters, digits and `-`.
bool is_odd(std::string_view name);

enum class odd_reading : std::uint8_t {
  another,  // a server may take it for another name; only the server knows which ones it believes
  forbidden // the same for a field that no client may set, or that the gateway writes itself: never passes
};

/// How an odd name is read.
odd_reading reading_of(std::string_view odd_name);

/// Whether servers and frameworks take such a field's value for the request's own host, scheme, target or method, or
/// for the client, so that an answer may depend on it, whatever Vary says. In any letter case, odd spellings included.
/// Not those that the gateway writes itself (X-Forwarded-For, -Proto, -Host), unless they are spelt oddly.
bool replaces_request(std::string_view name);

/// Whether such a field, like Authorization and Cookie, says who is asking: an API's own keys and tokens, and what a
/// proxy in front says about the user.
bool holds_credentials(std::string_view name);

}
