#pragma once

#include <cstdint>
#include <string_view>

/// What servers make of the names of request fields. CGI (RFC 3875 4.1.18) and what descends from it (WSGI, Rack, PHP,
/// lighttpd, …) make variables of them: upper case, `_` for `-`, and some of them `_` for all that is neither letter
/// nor digit. So X-Real-IP, X_Real_IP and X.Real.IP are one name there, and three on the way.
namespace gateway::http {

/// What becomes of the fields whose names are odd, below.
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
  another,  // a server may take it for another name: nobody but the server knows in which it believes
  forbidden // as `another`, of what no client may say, or what the gateway says itself: never passes
};

/// How an odd name is read.
odd_reading reading_of(std::string_view odd_name);

/// Whether servers and frameworks take what such a field says for the request's own host, scheme, target or method, or
/// for who the client is, so that an answer may depend on it, whatever Vary says. In any letter case, odd spellings
/// too. Not those that the gateway writes itself (X-Forwarded-For, -Proto, -Host), unless they are spelt oddly.
bool replaces_request(std::string_view name);

/// Whether such a field, like Authorization and Cookie, says who asks: the keys and tokens that APIs have of their own,
/// and what a proxy in front that knows the user says of him.
bool holds_credentials(std::string_view name);

}
