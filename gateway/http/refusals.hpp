#pragma once

#include "gateway/http/head_parser.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Every reason for which the gateway refuses a request itself, with what the client is told. docs/gateway.md has the
/// same table; a test keeps both together.
namespace gateway::http {

enum class refusal : std::uint8_t {
  none,
  // While the head is read.
  plain_to_tls,
  malformed_request_line,
  long_method,
  fragment,
  long_target,
  other_version,
  malformed_field,
  unusable_length,
  unusable_coding,
  many_fields,
  large_head,
  slow_head,
  // Of a whole head.
  two_credentials,
  unusable_credentials,
  other_expectation,
  unusable_hops,
  coding_in_http10,
  other_coding,
  not_one_host,
  connect,
  trace,
  other_authority,
  unusable_host,
  no_path,
  internal_location,
  dot_segments,
  // By configuration.
  odd_name,
  other_method,
  other_path,
  no_host_for_https,
  too_many_requests,
  too_many_tunnels,
  // Of a body.
  large_body,
  malformed_chunk,
  malformed_extension,
  malformed_trailer,
  large_trailers,
  slow_body,
  late_body,
  slow_request,
  no_room,
  // Of the cache.
  not_stored,
  count
};

struct refusal_words {
  refusal why = refusal::none;
  unsigned status = 0;
  std::string_view word;    // of the log, and of docs/gateway.md
  std::string_view detail;  // a sentence for people
  std::string_view section; // that requires or allows it
};

inline constexpr std::array<refusal_words, static_cast<std::size_t>(refusal::count)> refusals{{
    {refusal::none, 0, "", "", ""},
    {refusal::plain_to_tls, 400, "plain_to_tls", "this port speaks HTTPS", "RFC 9110 4.2.2"},
    {refusal::malformed_request_line, 400, "malformed_request_line", "the request line cannot be read", "RFC 9112 3"},
    {refusal::long_method, 501, "long_method", "a method that is longer than any", "RFC 9112 3"},
    {refusal::fragment, 400, "fragment", "a target with a fragment", "RFC 9112 3.2"},
    {refusal::long_target, 414, "long_target", "a longer request line than this gateway takes", "RFC 9112 3"},
    {refusal::other_version, 505, "other_version", "another version than HTTP/1.0 or 1.1", "RFC 9110 15.6.6"},
    {refusal::malformed_field, 400, "malformed_field", "a field line that cannot be read", "RFC 9112 5"},
    {refusal::unusable_length, 400, "unusable_length", "a Content-Length that is not one number", "RFC 9110 8.6"},
    {refusal::unusable_coding, 400, "unusable_coding",
     "a Transfer-Encoding that comes twice, or beside a Content-Length", "RFC 9112 6.1"},
    {refusal::many_fields, 431, "many_fields", "more fields than this gateway takes", "RFC 6585 5"},
    {refusal::large_head, 431, "large_head", "a larger head than this gateway takes", "RFC 6585 5"},
    {refusal::slow_head, 408, "slow_head", "the request's head did not arrive in time", "RFC 9110 15.5.9"},
    {refusal::two_credentials, 400, "two_credentials", "more than one Authorization", "RFC 9110 11.6.2"},
    {refusal::unusable_credentials, 400, "unusable_credentials", "an Authorization that is no credentials",
     "RFC 9110 11.4"},
    {refusal::other_expectation, 417, "other_expectation", "an expectation that is not 100-continue",
     "RFC 9110 10.1.1"},
    {refusal::unusable_hops, 400, "unusable_hops", "a Max-Forwards that is not one number", "RFC 9110 7.6.2"},
    {refusal::coding_in_http10, 400, "coding_in_http10", "a transfer coding in HTTP/1.0", "RFC 9112 6.1"},
    {refusal::other_coding, 501, "other_coding", "a transfer coding that is not chunked", "RFC 9112 6.1"},
    {refusal::not_one_host, 400, "not_one_host", "HTTP/1.1 needs one Host", "RFC 9112 3.2"},
    {refusal::connect, 405, "connect", "CONNECT is not for a gateway", "RFC 9110 9.3.6"},
    {refusal::trace, 405, "trace", "TRACE would show fields that are between us and the proxies", "RFC 9110 9.3.8"},
    {refusal::other_authority, 400, "other_authority", "a URI without a host, or with another one than Host",
     "RFC 9112 3.2.2"},
    {refusal::unusable_host, 400, "unusable_host", "a Host that names no host", "RFC 9110 7.2"},
    {refusal::no_path, 400, "no_path", "a target that is neither a path nor a URI", "RFC 9112 3.2"},
    {refusal::internal_location, 404, "internal_location", "not found", "RFC 9110 15.5.5"},
    {refusal::dot_segments, 400, "dot_segments", "a path with dot segments", "RFC 3986 6.2.2.3"},
    {refusal::odd_name, 400, "odd_name", "a field whose name servers could take for another", "RFC 9110 16.3.1"},
    {refusal::other_method, 405, "other_method", "a method that is not served here", "RFC 9110 15.5.6"},
    {refusal::other_path, 404, "other_path", "not found", "RFC 9110 15.5.5"},
    {refusal::no_host_for_https, 400, "no_host_for_https", "a request that names no host cannot be sent to HTTPS",
     "RFC 9112 3.2"},
    {refusal::too_many_requests, 429, "too_many_requests", "more requests than this client may send", "RFC 6585 4"},
    {refusal::too_many_tunnels, 503, "too_many_tunnels", "as many WebSockets as this gateway takes", "RFC 9110 15.6.4"},
    {refusal::large_body, 413, "large_body", "the body is longer than this gateway takes", "RFC 9110 15.5.14"},
    {refusal::malformed_chunk, 400, "malformed_chunk", "a chunk's size that cannot be read, or is not its size",
     "RFC 9112 7.1"},
    {refusal::malformed_extension, 400, "malformed_extension", "chunk extensions that cannot be read, or are too long",
     "RFC 9112 7.1.1"},
    {refusal::malformed_trailer, 400, "malformed_trailer", "a trailer that cannot be read, or frames the message",
     "RFC 9110 6.5.1"},
    {refusal::large_trailers, 431, "large_trailers", "larger trailers than this gateway takes", "RFC 6585 5"},
    {refusal::slow_body, 408, "slow_body", "the request's body comes too slowly", "RFC 9110 15.5.9"},
    {refusal::late_body, 408, "late_body", "the request's body did not arrive in time", "RFC 9110 15.5.9"},
    {refusal::slow_request, 408, "slow_request", "the request did not arrive in time", "RFC 9110 15.5.9"},
    {refusal::no_room, 507, "no_room", "no room to keep the body", "RFC 4918 11.5"},
    {refusal::not_stored, 504, "not_stored", "not in the cache, and nowhere else was to be asked", "RFC 9111 5.2.1.7"},
}};

constexpr refusal_words const& words_of(refusal why) { return refusals[static_cast<std::size_t>(why)]; }

namespace detail {
constexpr bool is_in_order() {
  for (std::size_t i = 0; i != refusals.size(); ++i)
    if (refusals[i].why != static_cast<refusal>(i)) return false;
  return true;
}
}
static_assert(detail::is_in_order());

/// Whether, after this, the end of the message is not known, so that the connection must be closed.
constexpr bool leaves_no_end(refusal why) {
  unsigned const status = words_of(why).status;
  return status == 400 || status == 431 || status == 501;
}

/// Why a head, of which `bytes` have come, cannot be read; `ec` is the parser's error.
refusal refusal_of_head(error_code ec, std::string_view bytes, head_limits const& limits);

/// Why a body cannot be read.
refusal refusal_of_body(error_code ec);

}
