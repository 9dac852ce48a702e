#include "gateway/http/answer_faults.hpp"

#include "gateway/http/fields.hpp"

#include <boost/beast/http/error.hpp>

namespace gateway::http {
namespace {

constexpr std::string_view protocol_error = "http_protocol_error";

answer_fault fault_of(error_code ec) {
  using error = beast_http::error;
  if (ec == error::header_limit || ec == error::buffer_overflow)
    return {"http_response_header_section_size", "the upstream's answer has a larger head than this gateway takes"};
  if (ec == error::bad_version)
    return {protocol_error, "the upstream's answer is of no version that this gateway speaks"};
  if (ec == error::bad_status || ec == error::bad_reason)
    return {protocol_error, "the upstream's answer has a malformed status line"};
  if (ec == error::bad_content_length || ec == error::multiple_content_length || ec == error::body_limit)
    return {protocol_error, "the upstream's answer has a Content-Length that is not one number"};
  if (ec == error::bad_transfer_encoding)
    return {protocol_error,
            "the upstream's answer has a Transfer-Encoding beside a Content-Length, or a malformed one"};
  return {protocol_error, "the upstream's answer has a malformed head"};
}

}

answer_fault fault_of(error_code ec, message_head const& head, char const* base, answer_parser const& parser) {
  if (ec) return fault_of(ec);
  if (head.status == 101) return {protocol_error, "the upstream switches to a protocol that nobody asked it for"};
  // RFC 9112 6.1: its framing is faulty, whatever else it says.
  if (!parser.done() && head.version < 11 && find(head, base, beast_http::field::transfer_encoding))
    return {protocol_error, "the upstream's answer has a transfer coding in HTTP/1.0"};
  if (head.status < 100) return {protocol_error, "the upstream's answer has a status that is none"};
  // Without the coding's name the client would take the coded bytes for the content, and may not be able to decode
  // them: neither it nor the gateway sent TE (RFC 9110 10.1.4).
  if (!parser.done() && has_other_coding(head, base))
    return {"http_response_transfer_coding", "the upstream's answer has a transfer coding that nobody asked for"};
  return {};
}

bool may_begin_answer(std::string_view bytes) {
  constexpr std::string_view begin = "HTTP/";
  return begin.starts_with(bytes.substr(0, begin.size()));
}

std::string_view body_fault_of(error_code ec) {
  bool const is_of_http = ec.category() == beast_http::make_error_code(beast_http::error::bad_chunk).category();
  return is_of_http && ec != beast_http::error::partial_message ? protocol_error : "http_response_incomplete";
}

}
