// The answers of an http_connection, as docs/wire.md says.
#include "fakeproxy/net/http_connection.hpp"
#include "fakeproxy/net/proxy_server.hpp"
#include "fakeproxy/resources/answer_head.hpp"
#include "fakeproxy/resources/echo.hpp"
#include "fakeproxy/resources/resource_answer.hpp"

namespace fakeproxy::net {

namespace http = boost::beast::http;
using journal::hop_outcome;

void http_connection::begin_answer(std::uint16_t status, cluster::time_point at) {
  keep_ = reader_->is_done() && reader_->keep_alive() && !server_.leaving() && status != 400;
  out_.clear();
  resources::append_answer_start(out_, {.status = status,
                                        .connection = !keep_                 ? "close"
                                                      : facts_.version == 10 ? "keep-alive"
                                                                             : "",
                                        .date_s = server_.behaviour().resources.empty() ? -1 : wall_seconds(at),
                                        .proxy_index = server_.index(),
                                        .incarnation = request_.incarnation});
}

void http_connection::add_echo(cluster::time_point at) {
  resources::corporations const& all = server_.behaviour().corporations;
  std::string const body = reader_->is_done() ? facts_.body.text() : std::string();
  resources::append_answer_echo(out_,
                                {.epoch = request_.epoch,
                                 .backend = server_.backend(),
                                 .corporation = all.any() ? resources::corporation_of(all, request_.character, at) : 0,
                                 .character = request_.character,
                                 .of_resource = facts_.resource != nullptr,
                                 .method = facts_.method,
                                 .target = facts_.target,
                                 .fields = facts_.fields.value(),
                                 .body = body});
}

void http_connection::add_content(std::string_view type, std::string_view content) {
  resources::append_content_end(out_, type, content.size());
  if (facts_.verb != http::verb::head) out_ += content;
}

void http_connection::answer() {
  hop_outcome const outcome = request_.outcome;
  if (outcome == hop_outcome::served && facts_.resource) return answer_resource();
  cluster::time_point const at = now();
  std::uint16_t const status = resources::status_of(outcome, facts_.verb);
  begin_answer(status, at);
  if (outcome == hop_outcome::redirected) {
    out_ += "X-Accel-Redirect: /internal_redirect/";
    out_ += to_text({boost::asio::ip::address_v4(request_.where.address), request_.where.http_port});
    out_ += facts_.target;
    out_ += "\r\n";
  } else {
    add_echo(at);
  }
  finish(outcome, status);
  if (outcome == hop_outcome::served && status != 204) {
    std::string& content = server_.body_scratch();
    content.clear();
    resources::append_answer_body(content, facts_.lab_request, raw(request_.character),
                                  server_.behaviour().answer_bytes);
    add_content("application/json", content);
  } else {
    resources::append_empty_answer_end(out_, status);
  }
  write();
}

void http_connection::answer_resource() {
  resources::resource const& asked = *facts_.resource;
  cluster::time_point const at = now();
  resources::resource_answer const shows =
      resources::answer_for(asked, server_.behaviour().corporations,
                            {facts_.target, request_.character, facts_.resource_fields, at}, wall_seconds);
  begin_answer(shows.status, at);
  add_echo(at);
  finish(hop_outcome::served, shows.status);
  resources::append_resource_fields(out_, asked, shows);
  if (shows.status == 200) {
    std::string& content = server_.body_scratch();
    content.clear();
    resources::append_resource_body(content, facts_.target, shows.mark, asked.bytes);
    add_content("text/plain", content);
  } else {
    resources::append_empty_answer_end(out_, shows.status);
  }
  write();
}

void http_connection::answer_malformed() {
  if (!begun_) take_down();
  std::uint16_t const status = resources::status_of(hop_outcome::malformed, facts_.verb);
  begin_answer(status, now());
  finish(hop_outcome::malformed, status);
  resources::append_empty_answer_end(out_, status);
  write();
}

void http_connection::answer_head_echo() {
  cluster::time_point const at = now();
  begin_answer(200, at);
  add_echo(at);
  finish(hop_outcome::served, 200);
  add_content("text/plain", facts_.head);
  write();
}

}
