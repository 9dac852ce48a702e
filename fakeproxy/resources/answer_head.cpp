#include "fakeproxy/resources/answer_head.hpp"

#include "fakeproxy/resources/conditions.hpp"
#include "fakeproxy/resources/echo.hpp"

namespace fakeproxy::resources {

namespace {

std::string_view reason_of(std::uint16_t status) {
  switch (status) {
  case 200:
    return "200 OK";
  case 201:
    return "201 Created";
  case 204:
    return "204 No Content";
  case 304:
    return "304 Not Modified";
  case 400:
    return "400 Bad Request";
  case 401:
    return "401 Unauthorized";
  case 403:
    return "403 Forbidden";
  default:
    return "503 Service Unavailable";
  }
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
  out += name;
  append_decimal(out, value);
  out += "\r\n";
}

}

void append_answer_start(std::string& out, answer_start const& a) {
  out += "HTTP/1.1 ";
  out += reason_of(a.status);
  out += "\r\n";
  if (!a.connection.empty()) {
    out += "Connection: ";
    out += a.connection;
    out += "\r\n";
  }
  if (a.date_s >= 0) {
    out += "Date: ";
    append_http_date(out, a.date_s);
    out += "\r\n";
  }
  out += "Server: crest-fakeproxy\r\nLab-Proxy: proxy[";
  append_decimal(out, a.proxy_index);
  append_number(out, "]\r\nLab-Incarnation: ", cluster::raw(a.incarnation));
}

void append_answer_echo(std::string& out, answer_echo const& e) {
  if (e.epoch != cluster::session_epoch::none) {
    if (!e.backend.empty()) {
      out += "X-Backend: http://";
      out += e.backend;
      out += "\r\n";
    }
    append_number(out, "X-Session-Epoch: ", cluster::raw(e.epoch)); // for balancers
    append_number(out, "Lab-Epoch: ", cluster::raw(e.epoch));       // for clients
    if (e.corporation != 0) append_number(out, "X-Session-Corporation: ", e.corporation);
  } else if (e.of_resource) { // sent so that an answer combined by a cache does not keep another's
    out += "Lab-Epoch: 0\r\n";
  }
  if (e.character != cluster::character_id::none)
    append_number(out, "Lab-Character: ", cluster::raw(e.character));
  else if (e.of_resource)
    out += "Lab-Character: none\r\n";
  out += "Lab-Method: ";
  out += e.method;
  out += "\r\nLab-Target: ";
  append_escaped_target(out, e.target);
  out += "\r\nLab-Fields: ";
  append_hex(out, e.fields);
  out += "\r\n";
  if (e.body.empty()) return;
  out += "Lab-Body: ";
  out += e.body;
  out += "\r\n";
}

void append_empty_answer_end(std::string& out, std::uint16_t status) {
  if (status == 503) out += "Retry-After: 1\r\n";
  if (status == 401) out += "WWW-Authenticate: Bearer\r\n";
  if (status == 400) out += "Lab-Error: malformed\r\n";
  if (status != 204 && status != 304) out += "Content-Length: 0\r\n";
  out += "\r\n";
}

void append_content_end(std::string& out, std::string_view content_type, std::size_t bytes) {
  out += "Content-Type: ";
  out += content_type;
  append_number(out, "\r\nContent-Length: ", bytes);
  out += "\r\n";
}

}
