#pragma once

#include "sim/scenario/access_log/form.hpp"
#include "sim/scenario/access_log/reader.hpp"

#include <cstdint>
#include <istream>
#include <string>
#include <vector>

namespace sim::load {

/// One request of a trace.
struct trace_entry {
  // Recorded time from the first request's second. Where the log has no parts of seconds, the requests of one are
  // spread evenly in it.
  std::int64_t at_ns = 0;
  std::uint32_t identity = 0; // of the client address, numbered by first appearance
  std::uint32_t target = 0;   // index into trace::targets
  std::uint16_t method = 0;   // index into trace::methods
  std::uint32_t line = 0;     // of the log, from 1
};

struct trace {
  std::vector<trace_entry> entries; // by time
  std::vector<std::string> methods, targets;
  std::uint32_t identities = 0;
  access_log::account log; // what became of its lines
};

/// Reads a log; lines that cannot be replayed are counted, not fatal. `max_requests` 0: all.
/// Throws std::invalid_argument for a HAR file that is none.
trace read_trace(std::istream& log, std::uint32_t max_requests, access_log::form const& how = {});

}
