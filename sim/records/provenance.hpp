#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sim::records {

/// What ran, where and when. Two runs with equal results differ in it: whoever compares results leaves it out, and
/// whoever started the run fills it in.
struct provenance {
  std::string version, commit;        // of crest-sim; commit: empty if built without git, "+" behind it: with changes
  std::vector<std::string> command;   // the command line, word by word
  std::vector<std::string> overrides; // PATH=VALUE, in order, --seed among them
  std::string scenario;               // the file with its overrides, as JSON on one line; empty if it was not read
  std::string scenario_digest;        // 32 hexadecimal digits, of that and of the files that it names
  std::string started, ended;         // wall clock, RFC 3339, UTC
  std::string host;
  unsigned cores = 0;                                            // that this process may use
  std::optional<double> load_average_before, load_average_after; // of the last minute: processes that run or want to
  std::optional<double> cpu_busy_during; // share of the machine's time that was not idle, 0 to 1
};

}
