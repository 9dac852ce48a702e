#pragma once

#include "sim/scenario/access_log/form.hpp"
#include "sim/scenario/access_log/line.hpp"

namespace sim::access_log {

/// A line that is a JSON object, with the names that servers give to client, date and request.
std::variant<request, skip> parse_json(std::string_view line);

/// The same with `how.identity`, whose names are keys of the object ("a.b": b of the object a; of a list its first).
/// `cookie_NAME` is looked for in `http_cookie`, `cookie` and Caddy's `request.headers.Cookie` too.
std::variant<request, skip> parse_json(std::string_view line, form const& how);

/// From a request line, "GET /x HTTP/1.1", or from its parts.
std::variant<request, skip> request_of(std::string client, std::int64_t time_ns, bool to_the_second,
                                       std::string_view asked);
std::variant<request, skip> request_of(std::string client, std::int64_t time_ns, bool to_the_second,
                                       std::string_view method, std::string_view target);

}
