// What an http_connection answers for a configured resource, as docs/wire.md says.
#include "fakeproxy/net/http_connection.hpp"
#include "fakeproxy/net/proxy_server.hpp"

#include <utility>

namespace fakeproxy::net {

using cluster::validators;

void http_connection::add_caching(cluster::resource const& of) {
  for (auto const& [name, value] : {std::pair("Cache-Control: ", std::string_view(of.cache_control)),
                                    std::pair("Vary: ", std::string_view(of.vary))}) {
    if (value.empty()) continue;
    out_ += name;
    out_ += value;
    out_ += "\r\n";
  }
}

void http_connection::answer_forbidden(cluster::resource const& of, cluster::time_point at) {
  begin_answer("HTTP/1.1 403 Forbidden\r\n", at);
  add_echo();
  finish(journal::hop_outcome::served, 403);
  add_caching(of);
  add_length(0);
  write();
}

void http_connection::answer_resource() {
  cluster::resource const& asked = *facts_.resource;
  cluster::time_point const at = now();
  if (!cluster::admits(asked, facts_.target, server_.behaviour().corporations, character_, at))
    return answer_forbidden(asked, at);
  auto const variant = cluster::variant_of(asked.vary, facts_.resource_fields);
  auto const mark = cluster::mark_of(asked, facts_.target, character_, variant, at);
  cluster::representation present;
  if (asked.validators == validators::etag || asked.validators == validators::both)
    present.etag = cluster::etag_of(facts_.target, mark);
  if (asked.validators == validators::last_modified || asked.validators == validators::both)
    present.last_modified = wall_seconds(cluster::begin_of_version(asked, mark.version));
  bool const unchanged = cluster::is_not_modified(facts_.resource_fields, present);

  begin_answer(unchanged ? "HTTP/1.1 304 Not Modified\r\n" : "HTTP/1.1 200 OK\r\n", at);
  add_echo();
  finish(journal::hop_outcome::served, unchanged ? 304 : 200);
  add_caching(asked);
  if (!present.etag.empty()) out_ += "ETag: " + present.etag + "\r\n";
  if (present.last_modified) {
    out_ += "Last-Modified: ";
    cluster::append_http_date(out_, *present.last_modified);
    out_ += "\r\n";
  }
  out_ += "Lab-Resource: ";
  cluster::append_mark(out_, mark);
  out_ += "\r\n";
  if (unchanged) {
    out_ += "\r\n";
    return write();
  }
  out_ += "Content-Type: text/plain\r\n";
  server_.body_scratch().clear();
  cluster::append_resource_body(server_.body_scratch(), facts_.target, mark, asked.bytes);
  add_length(server_.body_scratch().size());
  if (facts_.verb != boost::beast::http::verb::head) out_ += server_.body_scratch();
  write();
}

}
