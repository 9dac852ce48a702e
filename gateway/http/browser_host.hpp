#pragma once

#include <string>
#include <string_view>

namespace gateway::http {

/// The authority that browsers read in `written`, which has no user (WHATWG URL, "host parsing"): percent signs are
/// decoded, variants of ASCII characters stand for these (`１`, `①` and `𝟏` for 1, `。` for a dot, a soft hyphen for
/// nothing; Unicode TS 46), and an IPv4 address may have one to four numbers, decimal, octal and hexadecimal, with a
/// dot at its end: `127.1`, `0x7f000001`, `2130706433` and `0177.0.0.1.` are 127.0.0.1. Anything else stays as it is.
std::string browser_authority(std::string_view written);

}
