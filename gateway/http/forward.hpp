#pragma once

#include "gateway/http/field_names.hpp"
#include "gateway/http/head_parser.hpp"
#include "gateway/http/references.hpp"
#include "gateway/http/refusals.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Heads as they are passed on: re-serialised from what was parsed, so that no two parsers can disagree about them.
namespace gateway::http {

/// Whether a request may be sent again (RFC 9110 9.2.2; PROPFIND and REPORT as RFC 4918 and RFC 3253 have them).
bool is_idempotent(boost::beast::http::verb method);

/// What the gateway needs to know of a request's head.
struct request_summary {
  std::string_view target;        // as sent to the upstream: origin-form
  std::string_view authorization; // empty without
  std::string_view host;          // of an absolute-form target, else of Host
  std::uint64_t lab_request = 0;  // Lab-Request, 0 without
  bool has_authorization = false;
  bool has_host = false;
  bool expects_continue = false;
  bool idempotent = true; // RFC 9110 9.2.2
  bool is_head = false;
  std::string_view websocket_key{};            // empty: it asks for no WebSocket
  std::uint32_t odd_names = 0;                 // fields whose names servers may take for others (field_names.hpp)
  std::optional<std::uint64_t> max_forwards{}; // of OPTIONS (RFC 9110 7.6.2); 0: it ends here
  // What `target` refers to if the message has no such text: `/?q` for `http://host?q`.
  std::shared_ptr<std::string const> completed_target{};
};

/// Checks a request's head beyond its grammar and summarises it. Views point into the message at `base`. Returns why it
/// is refused without a hop; status 0: it is not.
refusal_words summarise(message_head const& head, char const* base, request_summary& out);

/// A client's X-Request-Id is kept when it is short and harmless in a log.
bool usable_request_id(std::string_view id);

/// What the gateway adds to a request.
struct forwarding {
  std::string_view peer_address{};            // appended to X-Forwarded-For, …
  bool keep_forwarded_for = true;             // … or, if set, replaces it, whatever came; then Forwarded is dropped
  odd_names odd = odd_names::drop;            // what becomes of fields with odd names
  std::string_view scheme = "http";           // X-Forwarded-Proto
  std::string_view request_id{};              // X-Request-Id, unless the client sent a usable one
  std::optional<std::uint64_t> body_length{}; // framing of the body: Content-Length, …
  bool chunked = false;                       // … or chunked, or (neither) no body
  bool websocket = false;                     // Upgrade is passed on, for WebSocket alone
};

/// Host for a request without one, as HTTP/1.0 allows.
inline constexpr std::string_view host_of_none = "localhost";

/// Appends the request's head as an upstream gets it: method and target unchanged, end-to-end fields in their order,
/// Host first, hop-by-hop and internal fields dropped, `Via`, `X-Forwarded-*` and `X-Request-Id` added (RFC 9110 7.6).
/// What becomes of each field is a table in docs/gateway.md.
/// Returns the view of X-Request-Id's value within `out`.
std::string_view append_request_head(std::string& out, message_head const& head, char const* base,
                                     request_summary const& summary, forwarding const& add);

/// How an answer's body is framed towards the client.
enum class answer_framing : std::uint8_t {
  none,   // no body follows (HEAD, 204, 304), not even an empty one: the upstream's Content-Length, if any, passes
  length, // Content-Length as the upstream gave it
  chunked,
  until_close
};

struct answer_forwarding {
  answer_framing framing = answer_framing::length;
  bool upgrade = false;                   // names WebSocket in Upgrade: a 101, or a 426 that asks for it
  bool close = false;                     // the client connection ends after this answer
  bool http10 = false;                    // the client speaks HTTP/1.0: keep-alive must be said
  std::string_view hsts{};                // value of Strict-Transport-Security, in place of the upstream's; empty: none
  std::string_view vary{};                // value of Vary, likewise; empty: as the upstream has it
  std::string_view date{};                // value of Date for an answer that has none (RFC 9110 6.6.1); empty: none
  std::string_view cache_status{};        // value of a Cache-Status line of our own (RFC 9211); empty: none
  std::span<std::string const> without{}; // names, lower-case, of fields to leave out
  upstream_question const* is_upstream = nullptr; // for fields that can name one; nullptr: they stay as they are
};

/// Appends `HTTP/1.1 STATUS REASON CRLF`.
void append_status_line(std::string& out, unsigned status, std::string_view reason);

/// Appends the fields that travel on, internal and hop-by-hop ones dropped, except those that `drops(id)`. A
/// Content-Length has one number (RFC 9110 8.6), and is not there where none may be: in 1xx and 204.
void append_answer_fields(std::string& out, message_head const& head, char const* base, answer_forwarding const& add,
                          bool (*drops)(beast_http::field id));

/// Appends `Content-Length: N CRLF`.
void append_length(std::string& out, std::uint64_t length);

/// Appends a Connection field, if one is needed.
void append_connection(std::string& out, bool close, bool http10);

/// Appends the answer's head as the client gets it: internal and hop-by-hop fields dropped.
void append_answer_head(std::string& out, message_head const& head, char const* base, answer_forwarding const& add);

/// Standard reason phrase, such as "Bad Gateway"; "Unknown" where there is none.
std::string_view reason_phrase(unsigned status);

/// Value of Allow where the configuration names no methods.
inline constexpr std::string_view usual_methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// A complete answer of the gateway's own. `proxy_status` is the value of a Proxy-Status field (RFC 9209), empty for
/// none.
struct own_answer {
  unsigned status = 502;
  std::string_view detail; // one line for people, the body
  std::string_view proxy_status{};
  unsigned retry_after = 0; // seconds; 0: no Retry-After
  bool close = false;
  bool is_head = false;
  bool http10 = false;
  std::string_view date{};                // value of Date (RFC 9110 6.6.1); empty: none
  std::string_view allow = usual_methods; // value of Allow, with 405, and 200 to OPTIONS
  std::string_view hsts{};                // value of Strict-Transport-Security; empty: none
  std::string_view location{};            // value of Location; empty: none
};
void append_own_answer(std::string& out, own_answer const& answer);

}
