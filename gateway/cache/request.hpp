#pragma once

#include "gateway/cache/directives.hpp"
#include "gateway/cache/moment.hpp"
#include "gateway/http/digest.hpp"
#include "gateway/http/forward.hpp"
#include "gateway/http/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gateway::cache {

/// What a request asks of a cache. Owns its strings: it outlives the buffer that the request came in.
struct request_facts {
  enum class kind : std::uint8_t {
    lookup, // GET, HEAD: may be answered from the store
    safe,   // OPTIONS and the like: passes the cache by
    unsafe  // changes what is stored (RFC 9111 4.4), if it succeeds
  };
  kind what = kind::safe;
  bool is_head = false;
  bool authorized = false; // has Authorization
  bool has_cookie = false;
  bool has_key = false; // credentials in another field than Authorization and Cookie
  bool has_body = false;
  bool has_unkeyed_fields = false; // which servers may take for the request's host, target or method
  request_directives control;
  // Conditions and ranges, verbatim; empty without (RFC 9110 13, 14).
  std::string if_match, if_none_match, if_modified_since, if_unmodified_since, if_range, range;

  bool is_conditional() const {
    return !if_match.empty() || !if_none_match.empty() || !if_modified_since.empty() || !if_unmodified_since.empty();
  }
};
/// `ignored`: lower-case names of fields that these upstreams ignore, although other servers may not.
request_facts read_request(http::message_head const& head, char const* base, http::request_summary const& summary,
                           std::span<std::string const> ignored = {});

/// The key of a stored answer: `scheme://host/path?query`, the host in lower case.
void append_key(std::string& out, std::string_view scheme, std::string_view host, std::string_view target);

/// `scheme://host` of a key.
std::string_view origin_of(std::string_view key);

/// The key that a Location or Content-Location names, if it is of the same origin as `key` (RFC 9111 4.4); empty
/// otherwise.
std::string referred_key(std::string_view key, std::string_view reference);

}
