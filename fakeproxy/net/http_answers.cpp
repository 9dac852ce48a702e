// The answers of an http_connection, as docs/wire.md says.
#include "fakeproxy/cluster/echo.hpp"
#include "fakeproxy/net/http_connection.hpp"
#include "fakeproxy/net/proxy_server.hpp"

namespace fakeproxy::net {

namespace http = boost::beast::http;
using cluster::append_decimal;
using journal::hop_outcome;

void http_connection::begin_answer(std::string_view status_line, cluster::time_point at) {
  answered_at_ = at;
  keep_ = reader_->is_done() && reader_->keep_alive() && !server_.leaving();
  out_.clear();
  out_ += status_line;
  if (!keep_) {
    out_ += "Connection: close\r\n";
  } else if (facts_.version == 10) {
    out_ += "Connection: keep-alive\r\n";
  }
  if (!server_.behaviour().resources.empty()) out_ += server_.date(at);
  out_ += server_.identity();
  out_ += "Lab-Incarnation: ";
  append_decimal(out_, record_->incarnation);
  out_ += "\r\n";
}

void http_connection::add_length(std::size_t bytes) {
  out_ += "Content-Length: ";
  append_decimal(out_, bytes);
  out_ += "\r\n\r\n";
}

/// What was read, for the sender to compare.
void http_connection::add_echo() {
  if (epoch_ != cluster::session_epoch::none) {
    out_ += server_.backend();
    for (std::string_view const name : {"X-Session-Epoch: ", "Lab-Epoch: "}) { // for balancers; for clients
      out_ += name;
      append_decimal(out_, raw(epoch_));
      out_ += "\r\n";
    }
    if (cluster::corporations const& all = server_.behaviour().corporations; all.any()) {
      out_ += "X-Session-Corporation: ";
      append_decimal(out_, cluster::corporation_of(all, character_, answered_at_));
      out_ += "\r\n";
    }
  } else if (facts_.resource) { // said, lest it be another's in an answer that a cache put together
    out_ += "Lab-Epoch: 0\r\n";
  }
  if (character_ != cluster::character_id::none) {
    out_ += "Lab-Character: ";
    append_decimal(out_, raw(character_));
    out_ += "\r\n";
  } else if (facts_.resource) {
    out_ += "Lab-Character: none\r\n";
  }
  out_ += "Lab-Method: ";
  out_ += facts_.method;
  out_ += "\r\nLab-Target: ";
  cluster::append_escaped_target(out_, facts_.target);
  out_ += "\r\nLab-Fields: ";
  cluster::append_hex(out_, facts_.fields.value());
  out_ += "\r\n";
  if (reader_->is_done()) {
    out_ += "Lab-Body: ";
    out_ += facts_.body.text();
    out_ += "\r\n";
  }
}

void http_connection::answer_served() {
  if (facts_.resource) return answer_resource();
  bool const post = facts_.verb == http::verb::post;
  bool const remove = facts_.verb == http::verb::delete_;
  begin_answer(post ? "HTTP/1.1 201 Created\r\n" : remove ? "HTTP/1.1 204 No Content\r\n" : "HTTP/1.1 200 OK\r\n");
  add_echo();
  finish(hop_outcome::served, post ? 201 : remove ? 204 : 200);
  if (remove) {
    out_ += "\r\n";
    return write();
  }
  out_ += "Content-Type: application/json\r\n";
  auto const number = static_cast<std::uint32_t>(character_);
  // The length stands before the body: the body goes to the end of the same string, and its length is known by then.
  server_.body_scratch().clear();
  cluster::append_answer_body(server_.body_scratch(), facts_.lab_request, number, server_.behaviour().answer_bytes);
  add_length(server_.body_scratch().size());
  if (facts_.verb != http::verb::head) out_ += server_.body_scratch();
  write();
}

void http_connection::answer_redirect() {
  begin_answer("HTTP/1.1 200 OK\r\n");
  out_ += "X-Accel-Redirect: /internal_redirect/";
  boost::asio::ip::address_v4 const host(elsewhere_.where.address);
  out_ += host.to_string();
  out_ += ':';
  append_decimal(out_, elsewhere_.where.http_port);
  out_ += facts_.target;
  out_ += "\r\n";
  add_length(0);
  finish(hop_outcome::redirected, 200);
  write();
}

void http_connection::answer_unavailable() {
  begin_answer("HTTP/1.1 503 Service Unavailable\r\n");
  add_echo();
  out_ += "Retry-After: 1\r\n";
  add_length(0);
  finish(hop_outcome::unavailable, 503);
  write();
}

void http_connection::answer_unauthorized() {
  begin_answer("HTTP/1.1 401 Unauthorized\r\n");
  add_echo();
  out_ += "WWW-Authenticate: Bearer\r\n";
  add_length(0);
  finish(hop_outcome::unauthorized, 401);
  write();
}

void http_connection::answer_malformed() {
  if (!begun_) record_ = server_.begin_hop(facts_, unwritten_);
  begun_ = true;
  begin_answer("HTTP/1.1 400 Bad Request\r\n");
  if (keep_) out_ += "Connection: close\r\n";
  keep_ = false;
  out_ += "Lab-Error: malformed\r\n";
  add_length(0);
  finish(hop_outcome::malformed, 400);
  write();
}

void http_connection::answer_head_echo() {
  begin_answer("HTTP/1.1 200 OK\r\n");
  add_echo();
  out_ += "Content-Type: text/plain\r\n";
  add_length(facts_.head.size());
  if (facts_.verb != http::verb::head) out_ += facts_.head;
  finish(hop_outcome::served, 200);
  write();
}

}
