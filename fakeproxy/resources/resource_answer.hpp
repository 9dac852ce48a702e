#pragma once

#include "fakeproxy/resources/conditions.hpp"
#include "fakeproxy/resources/resources.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fakeproxy::resources {

/// What a proxy answers to GET or HEAD of a configured resource, apart from what all its answers have.
struct resource_answer {
  std::uint16_t status = 200; // or 304, 403
  resource_mark mark;         // not set for 403
  representation present;     // likewise
};

/// Who asks, and when.
struct resource_question {
  std::string_view target;
  cluster::character_id character = cluster::character_id::none;
  std::span<request_field const> fields; // of the request
  cluster::time_point at = 0;
};

/// `wall_seconds`: seconds since 1970 of a time_point.
template<class WallSeconds>
resource_answer answer_for(resource const& of, corporations const& all, resource_question const& asked,
                           WallSeconds wall_seconds) {
  resource_answer out;
  if (!admits(of, asked.target, all, asked.character, asked.at)) {
    out.status = 403;
    return out;
  }
  out.mark = mark_of(of, asked.target, asked.character, variant_of(of.vary, asked.fields), asked.at);
  if (of.validators == validators::etag || of.validators == validators::both)
    out.present.etag = etag_of(asked.target, out.mark);
  if (of.validators == validators::last_modified || of.validators == validators::both)
    out.present.last_modified = wall_seconds(begin_of_version(of, out.mark.version));
  if (is_not_modified(asked.fields, out.present)) out.status = 304;
  return out;
}

/// Appends the field lines that say what may be done with the answer, and what it is: Cache-Control, Vary, ETag,
/// Last-Modified, Lab-Resource.
void append_resource_fields(std::string& out, resource const& of, resource_answer const& answer);

}
