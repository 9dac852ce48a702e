#pragma once

#include "sim/records/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace reports {

/// "passed", "failed", "invalid", "interrupted", "error".
std::string_view verdict_name(sim::records::verdict verdict);

/// `digits` after the point: "0.1388".
std::string fixed(double value, int digits);

/// As many digits as a reader needs: "12", "0.034", "1.23", "1234".
std::string short_number(double value);

/// The file's name without its directories, which do not belong in a report.
std::string file_name(std::string const& path);

/// Standard errors between measured and theory: "+0.31 se"; "exact" or "not exact" where theory allows no error; or
/// empty.
std::string difference(sim::records::ratio_metric const& ratio);

/// 16 lower-case hexadecimal digits.
std::string hexadecimal(std::uint64_t value);

/// `text` on one line, without control characters, and UTF-8 as below.
std::string one_line(std::string_view text);

/// The same for each line of `text`.
std::string printable(std::string_view text);

/// `text` with '?' for each byte that belongs to no UTF-8 character (RFC 3629), and for the two noncharacters U+FFFE
/// and U+FFFF: names of files and lines of logs may hold any bytes.
std::string valid_utf8(std::string_view text);

}
