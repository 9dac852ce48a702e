#pragma once

#include "sim/scenario/access_log/line.hpp"

#include <cstdint>
#include <functional>
#include <istream>
#include <string>

namespace sim::access_log {

/// The fate of a log's lines.
struct account {
  std::uint64_t lines = 0, requests = 0;
  std::array<std::uint64_t, skips> skipped{}; // by `skip`
  std::uint64_t first_skipped = 0;            // number of a line, from 1; of the first that is not blank
  std::string first_text;                     // its beginning, printable
  skip first_why = skip::blank;

  std::uint64_t all_skipped() const;
  std::uint64_t not_understood() const;
  /// "12 lines skipped: 5 without a date, 7 blank; first line 3 (garbage)"; empty without any.
  std::string text() const;
};

/// Why a file is not a text log: "compressed with gzip: unpack it first". Empty if there is no such sign. `log` is at
/// its beginning, before and after.
std::string not_a_log(std::istream& log);

/// Reads lines (LF or CRLF, the last with or without; a byte order mark before the first is dropped) and hands each
/// request to `take` with its line's number, until `take` returns false or the stream ends.
account read(std::istream& log, std::function<bool(request&&, std::uint64_t line)> const& take);

}
