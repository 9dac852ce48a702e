#pragma once

#include "sim/records/log_message.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sim::judge {

/// Puts together what is alike in a balancer's log (nginx's error log, or lines of crest-gateway), line by line: the
/// first distinct messages with their counts. Memory does not grow with the log.
class log_digest {
public:
  static constexpr std::size_t most_messages = 5, most_bytes = 300; // kept; of a message's text

  /// `names`: what to write in place of addresses, by HOST:PORT.
  explicit log_digest(std::map<std::string, std::string> names)
    : names_(std::move(names)) {}

  void add(std::string_view line);
  /// By first occurrence. All others together are the last one, if there are any.
  std::vector<records::log_message> messages() const;

private:
  std::map<std::string, std::string> names_;
  std::vector<records::log_message> first_;
  std::uint64_t others_ = 0;
};

/// A line without what differs each time: the date, process and connection numbers, the client's request. Of an
/// upstream, its address is left. Empty: not worth a report (an empty line, levels below "warn").
std::string message_of(std::string_view line);

}
