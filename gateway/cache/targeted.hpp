#pragma once

#include "gateway/cache/directives.hpp"

#include <optional>
#include <string_view>

namespace gateway::cache {

/// Directives of a targeted field such as CDN-Cache-Control (RFC 9213 2.1), a Dictionary of structured values (RFC 9651
/// 3.2): one mistake invalidates all of it. Nullopt then, and if it has no members.
std::optional<answer_directives> parse_targeted(std::string_view field);

}
