#include "gateway/http/forward.hpp"

#include "gateway/http/accel.hpp"
#include "gateway/http/credentials.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/target.hpp"
#include "gateway/http/websocket.hpp"

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace gateway::http {
namespace {

constexpr std::string_view crlf = "\r\n";

/// Brings an absolute-form target (RFC 9112 3.2.2: servers must accept it) into origin-form. It must name the same host
/// as Host (an origin server would ignore the latter, but an intermediary might not). False if it does not.
bool to_origin_form(request_summary& s, bool is_options) {
  for (std::string_view const scheme : {std::string_view("http://"), std::string_view("https://")})
    if (istarts_with(s.target, scheme)) {
      std::size_t const path = std::min(s.target.find_first_of("/?", scheme.size()), s.target.size());
      std::string_view const authority = s.target.substr(scheme.size(), path - scheme.size());
      if (authority.empty() || (s.has_host && !iequals(authority, s.host))) return false;
      s.host = authority;
      s.has_host = true;
      s.target.remove_prefix(path);
      if (s.target.empty()) {
        s.target = is_options ? "*" : "/";
      } else if (s.target.front() == '?') { // an empty path is `/` (RFC 9110 4.2.3)
        s.completed_target = std::make_shared<std::string const>("/" + std::string(s.target));
        s.target = *s.completed_target;
      }
      return true;
    }
  return true;
}

/// Fields that the gateway writes itself, from what it knows.
bool is_replaced_in_request(beast_http::field id, std::string_view name) {
  using enum beast_http::field;
  switch (id) {
  case content_length:
  case via:
  case expect:
  case host:
    return true;
  default:
    break;
  }
  if (name.size() < 12 || (name[0] != 'X' && name[0] != 'x')) return false;
  return iequals(name, "X-Forwarded-For") || iequals(name, "X-Forwarded-Proto") || iequals(name, "X-Forwarded-Host") ||
         iequals(name, "X-Request-Id");
}

/// Fields that a client cannot have meant for a server behind a gateway: credentials for a proxy (RFC 9110 11.7), and
/// Proxy, which CGI would make HTTP_PROXY of.
bool is_dropped_in_request(beast_http::field id, std::string_view name) {
  return id == beast_http::field::proxy_authorization || iequals(name, "Proxy");
}

bool is_dropped_for_its_name(std::string_view name, odd_names how) {
  if (!is_odd(name)) return false;
  return how != odd_names::pass || reading_of(name) == odd_reading::forbidden;
}

/// Fields by which an upstream would ask something of a client that it does not talk to (RFC 9110 11.7).
bool is_dropped_in_answer(beast_http::field id) {
  return id == beast_http::field::proxy_authenticate || id == beast_http::field::proxy_authentication_info;
}

/// A Max-Forwards value: decimal digits; a number that does not fit counts as the largest that does (RFC 9110 7.6.2).
std::optional<std::uint64_t> parse_hops(std::string_view text) {
  std::uint64_t hops = 0;
  auto const read = std::from_chars(text.data(), text.data() + text.size(), hops);
  if (text.empty() || read.ptr != text.data() + text.size()) return std::nullopt;
  return read.ec == std::errc::result_out_of_range ? std::numeric_limits<std::uint64_t>::max() : hops;
}

/// `name: VALUES, last` with the values that the message had, comma-joined (RFC 9110 5.3).
void append_joined(std::string& out, message_head const& head, char const* base, std::string_view name,
                   std::string_view last) {
  out.append(name).append(": ");
  for (field_line const& line : head.fields)
    if (line.name.size == name.size() && iequals(line.name.in(base), name))
      out.append(line.value.in(base)).append(", ");
  out.append(last).append(crlf);
}

/// The number in a Content-Length that may be a list, whose elements the parser found equal.
void append_first_number(std::string& out, std::string_view name, std::string_view list) {
  std::string_view const first = trimmed(list.substr(0, list.find(',')));
  std::uint64_t number = 0;
  std::from_chars(first.data(), first.data() + first.size(), number);
  out.append(name).append(": ");
  append_number(out, number);
  out.append(crlf);
}

}

bool usable_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void append_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append(crlf);
}

void append_status_line(std::string& out, unsigned status, std::string_view reason) {
  out.append("HTTP/1.1 ");
  append_number(out, status);
  out.append(" ").append(reason).append(crlf);
}

void append_connection(std::string& out, bool close, bool http10) {
  if (close)
    out.append("Connection: close\r\n");
  else if (http10)
    out.append("Connection: keep-alive\r\n");
}

bool is_idempotent(beast_http::verb verb) {
  using enum beast_http::verb;
  switch (verb) {
  case get:
  case head:
  case options:
  case trace:
  case put:
  case delete_:
  case propfind:
  case report:
    return true;
  default:
    return false;
  }
}

refusal_words summarise(message_head const& head, char const* base, request_summary& out) {
  out = {};
  out.target = head.target.in(base);
  out.idempotent = is_idempotent(head.verb);
  out.is_head = head.verb == beast_http::verb::head;
  std::size_t hosts = 0;
  bool has_length = false, has_upgrade = false;
  for (field_line const& line : head.fields) {
    switch (line.id) {
    case beast_http::field::authorization:
      if (out.has_authorization) return words_of(refusal::two_credentials);
      out.has_authorization = true;
      out.authorization = line.value.in(base);
      if (!is_ascii_outside_quotes(out.authorization)) return words_of(refusal::unusable_credentials);
      break;
    case beast_http::field::host:
      ++hosts;
      out.has_host = true;
      out.host = line.value.in(base);
      break;
    case beast_http::field::content_length: {
      // Beast accepts several that agree, as RFC 9110 8.6 allows; others on the way might not.
      std::string_view const digits = line.value.in(base);
      if (std::exchange(has_length, true) || digits.find_first_not_of("0123456789") != std::string_view::npos)
        return words_of(refusal::unusable_length);
      break;
    }
    case beast_http::field::expect:
      if (!iequals(line.value.in(base), "100-continue")) return words_of(refusal::other_expectation);
      out.expects_continue = head.version >= 11;
      break;
    case beast_http::field::max_forwards:
      if (head.verb != beast_http::verb::options) break; // some do ignore it
      if (out.max_forwards || !(out.max_forwards = parse_hops(line.value.in(base))))
        return words_of(refusal::unusable_hops);
      break;
    case beast_http::field::transfer_encoding:
      // Beast treats unknown codings as none: the body would be taken for the next request.
      if (head.version < 11) return words_of(refusal::coding_in_http10);
      if (!iequals(line.value.in(base), "chunked")) return words_of(refusal::other_coding);
      break;
    case beast_http::field::upgrade:
      has_upgrade = true;
      break;
    case beast_http::field::unknown:
      if (is_odd(line.name.in(base))) ++out.odd_names;
      if (line.name.size == 11 && iequals(line.name.in(base), "Lab-Request")) {
        std::string_view const text = line.value.in(base);
        std::from_chars(text.data(), text.data() + text.size(), out.lab_request);
      }
      break;
    default:
      break;
    }
  }
  if (has_upgrade) out.websocket_key = websocket_key(head, base);
  if (hosts > 1 || (hosts == 0 && head.version >= 11)) return words_of(refusal::not_one_host);
  if (head.verb == beast_http::verb::connect) return words_of(refusal::connect);
  if (head.verb == beast_http::verb::trace) return words_of(refusal::trace);
  bool const has_authority = to_origin_form(out, head.verb == beast_http::verb::options);
  if (!has_authority) return words_of(refusal::other_authority);
  if (!out.host.empty() && !is_authority(out.host)) return words_of(refusal::unusable_host);
  bool const asterisk = out.target == "*" && head.verb == beast_http::verb::options;
  if (!out.target.starts_with('/') && !asterisk) return words_of(refusal::no_path);
  if (names_internal_location(out.target)) return words_of(refusal::internal_location);
  if (has_dot_segments(out.target)) return words_of(refusal::dot_segments);
  return {};
}

std::string_view append_request_head(std::string& out, message_head const& head, char const* base,
                                     request_summary const& summary, forwarding const& add) {
  out.append(head.method.in(base)).append(" ").append(summary.target).append(" HTTP/1.1\r\n");
  append_field(out, "Host", summary.has_host ? summary.host : host_of_none);
  end_to_end_filter const filter(head, base);
  bool via = false;
  bool forwarded_for = false;
  std::string_view client_id;
  for (field_line const& line : head.fields) {
    std::string_view const name = line.name.in(base);
    if (is_replaced_in_request(line.id, name)) {
      via = via || line.id == beast_http::field::via;
      forwarded_for = forwarded_for || iequals(name, "X-Forwarded-For");
      if (iequals(name, "X-Request-Id")) client_id = line.value.in(base);
      continue;
    }
    if (!filter.passes(line, base) || is_internal(name) || is_dropped_in_request(line.id, name)) continue;
    if (summary.odd_names != 0 && is_dropped_for_its_name(name, add.odd)) continue;
    if (line.id == beast_http::field::max_forwards && summary.max_forwards) {
      out.append(name).append(": ");
      append_number(out, *summary.max_forwards - 1);
      out.append(crlf);
      continue;
    }
    if (!add.keep_forwarded_for && line.id == beast_http::field::forwarded) continue;
    append_field(out, name, line.value.in(base));
  }
  if (!add.keep_forwarded_for) forwarded_for = false;
  if (via)
    append_joined(out, head, base, "Via", head.version >= 11 ? "1.1 crest-gateway" : "1.0 crest-gateway");
  else
    append_field(out, "Via", head.version >= 11 ? "1.1 crest-gateway" : "1.0 crest-gateway");
  if (forwarded_for)
    append_joined(out, head, base, "X-Forwarded-For", add.peer_address);
  else
    append_field(out, "X-Forwarded-For", add.peer_address);
  append_field(out, "X-Forwarded-Proto", add.scheme);
  if (!summary.host.empty()) append_field(out, "X-Forwarded-Host", summary.host);
  out.append("X-Request-Id: ");
  std::size_t const id_at = out.size();
  out.append(usable_request_id(client_id) ? client_id : add.request_id);
  std::size_t const id_size = out.size() - id_at;
  out.append(crlf);
  if (add.websocket) out.append(websocket_upgrade);
  if (add.chunked)
    out.append("Transfer-Encoding: chunked\r\n");
  else if (add.body_length)
    append_length(out, *add.body_length);
  out.append(crlf);
  return std::string_view(out).substr(id_at, id_size);
}

void append_answer_fields(std::string& out, message_head const& head, char const* base, answer_forwarding const& add,
                          bool (*drops)(beast_http::field id)) {
  end_to_end_filter const filter(head, base);
  name_set without;
  for (std::string const& name : add.without) without.add(name);
  without.seal();
  bool date_due = !add.date.empty();
  bool length_due = head.status >= 200 && head.status != 204;
  for (field_line const& line : head.fields) {
    std::string_view const name = line.name.in(base);
    if (drops(line.id) || is_internal(name) || is_dropped_in_answer(line.id) || !filter.passes(line, base)) continue;
    if (!add.hsts.empty() && line.id == beast_http::field::strict_transport_security) continue;
    if (!add.vary.empty() && line.id == beast_http::field::vary) continue;
    date_due = date_due && line.id != beast_http::field::date;
    if (line.id == beast_http::field::content_length) {
      if (std::exchange(length_due, false)) append_first_number(out, name, line.value.in(base));
      continue;
    }
    if (without.contains(name)) continue;
    outward_value const outward =
        add.is_upstream ? without_upstreams(line.id, name, line.value.in(base), *add.is_upstream) : outward_value{};
    if (outward.what == outward_value::kind::dropped) continue;
    append_field(out, name, outward.what == outward_value::kind::changed ? outward.value : line.value.in(base));
  }
  if (!add.vary.empty()) append_field(out, "Vary", add.vary);
  if (date_due) append_field(out, "Date", add.date);
}

void append_answer_head(std::string& out, message_head const& head, char const* base, answer_forwarding const& add) {
  append_status_line(out, head.status, head.reason.in(base));
  bool const has_length = add.framing == answer_framing::none || add.framing == answer_framing::length;
  append_answer_fields(
      out, head, base, add, has_length ? [](beast_http::field) { return false; } : [](beast_http::field id) {
        return id == beast_http::field::content_length;
      });
  if (!add.hsts.empty()) append_field(out, "Strict-Transport-Security", add.hsts);
  if (!add.cache_status.empty()) append_field(out, "Cache-Status", add.cache_status);
  if (add.framing == answer_framing::chunked) out.append("Transfer-Encoding: chunked\r\n");
  if (add.upgrade) out.append(websocket_upgrade);
  append_connection(out, add.close, add.http10);
  out.append(crlf);
}

std::string_view reason_phrase(unsigned status) {
  auto const phrase = beast_http::obsolete_reason(beast_http::int_to_status(status));
  return phrase.empty() ? std::string_view("Unknown") : std::string_view(phrase.data(), phrase.size());
}

void append_own_answer(std::string& out, own_answer const& answer) {
  std::string_view const reason = reason_phrase(answer.status);
  append_status_line(out, answer.status, reason);
  if (!answer.date.empty()) append_field(out, "Date", answer.date);
  out.append("Content-Type: text/plain\r\n");
  append_length(out, std::to_string(answer.status).size() + reason.size() + answer.detail.size() + 4);
  if (!answer.proxy_status.empty()) append_field(out, "Proxy-Status", answer.proxy_status);
  if (answer.retry_after != 0) append_field(out, "Retry-After", std::to_string(answer.retry_after));
  if (!answer.location.empty()) append_field(out, "Location", answer.location);
  if (!answer.hsts.empty()) append_field(out, "Strict-Transport-Security", answer.hsts);
  if (answer.status == 405 || answer.status == 200) append_field(out, "Allow", answer.allow);
  append_connection(out, answer.close, answer.http10);
  out.append(crlf);
  if (answer.is_head) return;
  append_number(out, answer.status);
  out.append(" ").append(reason).append(": ").append(answer.detail).append("\n");
}

}
