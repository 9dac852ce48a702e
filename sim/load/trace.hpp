#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim::load {

/// One line of an access log in NCSA common or combined format.
struct log_line {
  std::string_view address; // points into the line
  std::int64_t time_s = 0;  // UTC, since 1970
  std::string method;
  std::string target; // origin form, visible ASCII
};

/// `ADDRESS IDENT USER [dd/Mon/yyyy:hh:mm:ss +hhmm] "METHOD TARGET HTTP/x.y" STATUS BYTES …`, or nothing when the line
/// is not of this form or cannot be sent again as it was (unknown method, target that is not in origin form). Escapes
/// in the quoted request (`\"`, `\\`, `\xHH`) are undone.
std::optional<log_line> parse_log_line(std::string_view line);

/// One request of a trace.
struct trace_entry {
  std::int64_t at_ns = 0; // recorded time from the first request's second; the requests of a second spread evenly in it
  std::uint32_t identity = 0; // of the client address, numbered by first appearance
  std::uint32_t target = 0;   // index into trace::targets
  std::uint16_t method = 0;   // index into trace::methods
};

struct trace {
  std::vector<trace_entry> entries; // by time
  std::vector<std::string> methods, targets;
  std::uint32_t identities = 0;
  std::uint64_t bad_lines = 0;
  std::string first_bad; // "line 17: …", cut
};

/// Reads a log; lines that cannot be read are counted, not fatal. `max_requests` 0: all.
trace read_trace(std::istream& log, std::uint32_t max_requests);

}
