#include "sim/actors/request_head.hpp"

namespace sim::actors {
namespace {

namespace resources = fakeproxy::resources;

void append_first_lines(std::string& out, request_head const& head) {
  out.append(head.method).append(" ").append(head.target).append(" HTTP/1.1\r\nHost: ").append(head.host) += "\r\n";
}

// Spreads the request id, so that Lab-Check differs in all digits from request to request.
std::uint64_t check_value(std::uint64_t id) { return (id + 1) * 0x9e3779b97f4a7c15u; }

/// RFC 9110 8.6: a request whose method anticipates content states its length even when it has none.
bool anticipates_content(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}

void append_request_head(std::string& out, request_head const& head, resources::fields_digest* sent) {
  append_first_lines(out, head);
  auto const took = [&](std::string_view lower_name, std::string_view value) {
    if (sent) sent->add(lower_name, value);
  };
  if (!head.authorization.empty()) {
    out.append("Authorization: ").append(head.authorization) += "\r\n";
    took("authorization", head.authorization);
  }
  out += "Lab-Request: ";
  resources::append_decimal(out, head.request);
  out += "\r\nLab-Check: ";
  std::size_t const check = out.size();
  resources::append_hex(out, check_value(head.request));
  took("lab-check", std::string_view(out).substr(check));
  constexpr std::string_view accept = "application/json", cookie = "lab=1; taste=oat",
                             type = "application/octet-stream";
  out.append("\r\nAccept: ").append(accept).append("\r\nCookie: ").append(cookie) += "\r\n";
  took("accept", accept);
  took("cookie", cookie);
  out += head.more;
  if (head.has_content()) {
    out.append("Content-Type: ").append(type) += "\r\n";
    took("content-type", type);
  }
  if (head.chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  } else if (head.has_content() || anticipates_content(head.method)) {
    out += "Content-Length: ";
    resources::append_decimal(out, head.body_bytes);
    out += "\r\n";
  }
  out += "\r\n";
}

void append_plain_head(std::string& out, request_head const& head) {
  append_first_lines(out, head);
  out += "\r\n";
}

}
