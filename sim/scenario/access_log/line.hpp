#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// Real access logs: the request in a line, or why the line has none that can be replayed. No I/O except on the stream
/// passed in.
namespace sim::access_log {

/// Why a line is skipped. The first reasons are for lines that are not understood; the others for lines that are
/// understood, but have no request that can be replayed as it was.
enum class skip : std::uint8_t {
  too_long,      // longer than `longest_line`
  not_text,      // NUL bytes, as a crash leaves them
  other_form,    // none of the forms below
  no_client,     // "-" in the client's place
  no_date,       // no valid one
  strange_date,  // outside 1970 to 2199
  blank,         // nothing but blanks
  no_request,    // "-" or "": the client said nothing
  not_http,      // no method that can be replayed, such as TLS sent to a port without
  old_http,      // HTTP/0.9: without a version
  asterisk,      // "*": asks the server itself, and no proxy
  strange_target // with blanks, control characters or "#", longer than 8,000 bytes, or a URI without http
};
inline constexpr std::size_t skips = 12;

constexpr bool is_understood(skip why) { return why >= skip::blank; }

/// For people, after a number: "5 without a date".
std::string_view words(skip why);

inline constexpr std::size_t longest_line = 1u << 16;

/// One request in a log.
struct request {
  std::string client;        // address (canonical, without port), or the name that stands for it
  std::int64_t time_ns = 0;  // UTC, since 1970
  bool to_the_second = true; // the log has no parts of seconds
  std::string method;
  std::string target; // origin form, visible ASCII
  // What it was before:
  bool was_absolute = false;     // the log has "http://HOST/PATH"
  bool was_encoded = false;      // it has bytes outside ASCII, which are %XX now
  bool without_identity = false; // nothing of what identifies clients: `client` is the address
};

/// Understands, without its line end:
/// - NCSA common and combined: `CLIENT IDENT USER [dd/Mon/yyyy:hh:mm:ss +hhmm] "METHOD TARGET HTTP/x.y" …`, with
///   whatever follows; the date may have parts of seconds, or be as RFC 3339 has it. USER may hold blanks.
/// - the same with a virtual host before it: `HOST[:PORT] CLIENT - - […`.
/// - X-Forwarded-For in the client's place: `CLIENT, PROXY - - […`; the first is the client.
/// - JSON objects: crest-gateway's own, and what nginx, Caddy and Traefik write with the usual names.
/// Absolute targets become their paths; bytes outside ASCII are percent-encoded. Escapes in quoted requests (`\"`,
/// `\\`, `\xHH`, `\n` and the like) are undone.
std::variant<request, skip> parse_line(std::string_view line);

}
