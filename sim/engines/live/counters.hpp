#pragma once

#include "sim/engines/live/topology.hpp"
#include "sim/records/records.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sim::live {

/// What a gateway counted, as records::balancer_records has it.
struct gateway_counters {
  std::map<std::string, std::uint64_t> values;
  std::int64_t since_ns = 0, read_ns = 0;
};

/// Samples of `text` (Prometheus' text format) whose names begin with `prefix` and whose values are whole numbers; the
/// prefix is left out of the names, labels are kept as written.
std::map<std::string, std::uint64_t> parse_counters(std::string_view text, std::string_view prefix);

/// Asks every gateway that runs for its /metrics, within `patience` each. By name; without values where it does not
/// answer.
boost::asio::awaitable<std::map<std::string, gateway_counters>> read_counters(topology const& nodes,
                                                                              std::chrono::nanoseconds patience);

/// Puts what was read into the records of the balancers that have one.
void add_counters(std::map<std::string, gateway_counters> const& read, records::run_records& records);

}
