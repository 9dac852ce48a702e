#include "gateway/cache/serve.hpp"

#include "gateway/cache/date.hpp"
#include "gateway/http/field_text.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <array>

namespace gateway::cache {
namespace {

/// What a 304 carries of the stored fields (RFC 9110 15.4.5), and those that say who answers.
bool is_of_not_modified(std::string_view name) {
  static constexpr std::array<std::string_view, 8> fields{"Cache-Control", "Content-Location", "Date", "ETag",
                                                          "Expires",       "Last-Modified",    "Vary", "Set-Cookie"};
  return std::any_of(fields.begin(), fields.end(), [&](std::string_view field) { return http::iequals(name, field); });
}

void append_some_fields(std::string& out, std::string_view head) {
  http::for_each_field(head, [&](std::string_view name, std::string_view value) {
    if (is_of_not_modified(name)) http::append_field(out, name, value);
  });
}

void append_content_range(std::string& out, byte_range const* part, std::size_t size) {
  out.append("Content-Range: bytes ");
  if (part) {
    http::append_number(out, part->first);
    out.push_back('-');
    http::append_number(out, part->first + part->count - 1);
  } else {
    out.push_back('*');
  }
  out.push_back('/');
  http::append_number(out, size);
  out.append("\r\n");
}

}

served append_served(std::string& out, stored_answer const& stored, request_facts const& request, serving const& how,
                     moment now) {
  std::string_view const content = stored.body->bytes();
  validators const compared = stored.compared();
  served sent{stored.status, content};
  std::string_view const fields = std::string_view(stored.head).substr(stored.head.find("\r\n") + 2);
  if (stored.status == 200 && request.is_conditional() && is_not_modified(request, compared, now.wall_s)) {
    sent = {304, {}};
    http::append_status_line(out, 304, "Not Modified");
    append_some_fields(out, stored.head);
  } else if (range_answer const range = stored.status == 200 && !request.range.empty() && !request.is_head
                                            ? range_of(request, compared, content.size(), now.wall_s)
                                            : range_answer{};
             range.what == range_answer::kind::part) {
    sent = {206, content.substr(range.part.first, range.part.count)};
    http::append_status_line(out, 206, "Partial Content");
    if (request.if_range.empty())
      out.append(fields);
    else // the client has the rest (RFC 9110 15.3.7)
      append_some_fields(out, stored.head);
    append_content_range(out, &range.part, content.size());
    http::append_length(out, range.part.count);
  } else if (range.what == range_answer::kind::unsatisfiable) {
    sent = {416, {}};
    http::append_status_line(out, 416, "Range Not Satisfiable");
    http::append_field(out, "Date", http_date(now.wall_s));
    append_content_range(out, nullptr, content.size());
    http::append_length(out, 0);
  } else {
    out.append(stored.head);
    if (stored.status != 204) http::append_length(out, content.size());
    if (request.is_head) sent.content = {};
  }
  out.append("Age: ");
  http::append_number(out, static_cast<std::uint64_t>(std::max<std::int64_t>(0, stored.fresh.age_s(now))));
  out.append("\r\n");
  if (!how.hsts.empty()) http::append_field(out, "Strict-Transport-Security", how.hsts);
  if (!how.cache_status.empty()) http::append_field(out, "Cache-Status", how.cache_status);
  http::append_connection(out, how.close, how.http10);
  out.append("\r\n");
  return sent;
}

}
