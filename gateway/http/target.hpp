#pragma once

#include <string_view>

/// Where a request's target leads, however servers decode it (RFC 3986). Targets are in origin-form.
namespace gateway::http {

/// Whether a client's target leads to the internal location, in any spelling that a server could decode to it
/// (percent-encoding, letter case, doubled slashes, dot segments).
bool names_internal_location(std::string_view target);

/// Whether the path has a segment `.` or `..`, percent-encoded however often, with `\` for `/`, with parameters:
/// clients resolve these themselves (RFC 3986 6.2.2.3), and servers do not agree on what they mean.
bool has_dot_segments(std::string_view target);

/// Whether the target's path is `base` or below it. Precondition: no dot segments. Letter case and encoding matter.
bool is_at_or_below(std::string_view target, std::string_view base);

}
