#pragma once

#include "sim/scenario/access_log/line.hpp"

namespace sim::access_log {

/// A line that is a JSON object, with the names that servers give to client, date and request.
std::variant<request, skip> parse_json(std::string_view line);

/// From a request line, "GET /x HTTP/1.1", or from its parts.
std::variant<request, skip> request_of(std::string client, std::int64_t time_ns, bool to_the_second,
                                       std::string_view asked);
std::variant<request, skip> request_of(std::string client, std::int64_t time_ns, bool to_the_second,
                                       std::string_view method, std::string_view target);

}
