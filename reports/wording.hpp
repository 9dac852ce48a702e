#pragma once

#include "sim/records/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

/// "passed", "failed", "invalid", "interrupted", "error".
std::string_view verdict_name(sim::records::verdict verdict);

/// A verdict and a reason for it: "failed: threshold …". A reason may say the verdict itself: "invalid: the load …".
std::string verdict_because(sim::records::verdict verdict, std::string const& reason);

/// How many of each there are: "4 passed, 1 failed".
std::string counts_of(std::vector<sim::records::verdict> const& verdicts);

/// How an invariant was broken: "12 violations in 40000 checks", or which expected ones did not occur.
std::string violations_text(sim::records::invariant_result const& i);

/// With blanks behind it, if it is shorter than `width` bytes.
std::string padded(std::string text, std::size_t width);

/// At most `longest` bytes of UTF-8; "..." behind it where more was cut off, never within a character.
std::string cut(std::string text, std::size_t longest);

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
