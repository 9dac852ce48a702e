// What an http_connection answers for a configured resource, as docs/wire.md says.
#include "fakeproxy/cluster/resource_answer.hpp"
#include "fakeproxy/net/http_connection.hpp"
#include "fakeproxy/net/proxy_server.hpp"

namespace fakeproxy::net {

void http_connection::answer_resource() {
  cluster::resource const& asked = *facts_.resource;
  cluster::time_point const at = now();
  cluster::resource_answer const answer = cluster::answer_for(
      asked, server_.behaviour().corporations, {facts_.target, character_, facts_.resource_fields, at}, wall_seconds);
  begin_answer(answer.status == 403   ? "HTTP/1.1 403 Forbidden\r\n"
               : answer.status == 304 ? "HTTP/1.1 304 Not Modified\r\n"
                                      : "HTTP/1.1 200 OK\r\n",
               at);
  add_echo();
  finish(journal::hop_outcome::served, answer.status);
  cluster::append_resource_fields(out_, asked, answer);
  if (answer.status == 304) {
    out_ += "\r\n";
    return write();
  }
  if (answer.status == 403) {
    add_length(0);
    return write();
  }
  out_ += "Content-Type: text/plain\r\n";
  server_.body_scratch().clear();
  cluster::append_resource_body(server_.body_scratch(), facts_.target, answer.mark, asked.bytes);
  add_length(server_.body_scratch().size());
  if (facts_.verb != boost::beast::http::verb::head) out_ += server_.body_scratch();
  write();
}

}
