#pragma once

#include <cstdint>
#include <string>

namespace sim::records {

/// A message of a program's own log, without what differs each time (the time, process and connection numbers).
struct log_message {
  std::string text;
  std::uint64_t count = 0; // how often the log has it
};

}
