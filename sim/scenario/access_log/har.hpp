#pragma once

#include "sim/scenario/access_log/form.hpp"
#include "sim/scenario/access_log/reader.hpp"

#include <cstdint>
#include <functional>
#include <istream>

namespace sim::access_log {

/// Reads a HAR file (HTTP Archive 1.2, as browsers save it): hands each entry's request to `take` with its number from
/// 1, until `take` returns false. Its lines are entries. Fields for `how.identity`: `cookie_NAME`, `http_NAME` (a field
/// of the request, lower case, `_` for `-`), `connection`, `pageref`; without, all requests are of one client. The
/// answers are not kept in memory. Throws std::invalid_argument ("found …; allowed: …") for what is no HAR file.
account read_har(std::istream& file, form const& how, std::function<bool(request&&, std::uint64_t entry)> const& take);

}
