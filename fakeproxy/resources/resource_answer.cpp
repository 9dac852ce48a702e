#include "fakeproxy/resources/resource_answer.hpp"

namespace fakeproxy::resources {
namespace {

void append_field(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.append(name).append(": ").append(value).append("\r\n");
}

}

void append_resource_fields(std::string& out, resource const& of, resource_answer const& answer) {
  append_field(out, "Cache-Control", of.cache_control);
  append_field(out, "Vary", of.vary);
  if (answer.status == 403) return;
  append_field(out, "ETag", answer.present.etag);
  if (answer.present.last_modified) {
    out += "Last-Modified: ";
    append_http_date(out, *answer.present.last_modified);
    out += "\r\n";
  }
  out += "Lab-Resource: ";
  append_mark(out, answer.mark);
  out += "\r\n";
}

}
