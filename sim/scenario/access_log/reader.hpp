#pragma once

#include "sim/scenario/access_log/form.hpp"
#include "sim/scenario/access_log/line.hpp"

#include <cstdint>
#include <functional>
#include <istream>
#include <string>
#include <vector>

namespace sim::access_log {

/// The fate of a log's lines.
struct account {
  std::uint64_t lines = 0, requests = 0;
  std::array<std::uint64_t, skips> skipped{}; // by `skip`
  std::uint64_t first_skipped = 0;            // number of a line, from 1; of the first that is not blank
  std::string first_text;                     // its beginning, printable
  skip first_why = skip::blank;
  std::uint64_t absolute = 0, encoded = 0, without_identity = 0; // of `requests`, see `request`

  std::uint64_t all_skipped() const;
  std::uint64_t not_understood() const;
  /// Share of the lines that are not blank; 0 without any.
  double skipped_share() const;
  /// "12 lines skipped: 5 without a date, 7 blank; first line 3 (garbage)"; empty without any.
  std::string text() const;
  /// "3 absolute targets replaced by their paths"; a line for each change of what was taken.
  std::vector<std::string> changes() const;

  /// Counts what became of line `lines`, and hands a request on; false when `take` wants no more. `shown` is asked for
  /// the line where that is to be said.
  bool add(std::variant<request, skip> parsed, std::function<std::string()> const& shown,
           std::function<bool(request&&, std::uint64_t line)> const& take);
};

/// Why a file is not a text log: "compressed with zstd: unpack it first". Empty if there is no such sign. `log` is at
/// its beginning, before and after.
std::string not_a_log(std::istream& log);

/// Reads lines (LF or CRLF, the last with or without; a byte order mark before the first is dropped) and hands each
/// request to `take`, read as `how` says, with its line's number, until `take` returns false or the stream ends.
account read(std::istream& log, form const& how, std::function<bool(request&&, std::uint64_t line)> const& take);

}
