#pragma once

#include "sim/records/histogram.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace sim::live {

/// Closed load on one URL, as wrk does it: each connection sends its next request when the answer is whole.
struct single_url_settings {
  std::string url; // http://HOST:PORT/target or https://, HOST an IPv4 address or localhost
  std::uint32_t connections = 64;
  std::uint32_t requests_per_connection = 0; // then it is closed; 0: no limit
  bool resume = true;                        // TLS sessions
  std::chrono::nanoseconds duration{std::chrono::seconds(10)};
  std::chrono::nanoseconds timeout{std::chrono::seconds(10)};
};

struct single_url_result {
  std::uint64_t requests = 0, failed = 0;    // failed: no whole answer, or a status of 500 and more
  std::uint64_t handshakes = 0, resumed = 0; // TLS; resumed ones are among all
  double seconds = 0, cpu_seconds = 0;       // cpu: of this thread, user and system
  records::histogram latency;
};

/// One thread, until the duration is over. Throws `config::bad_input` for a URL that cannot be used.
single_url_result load_single_url(single_url_settings const& settings);

/// A few lines for people.
std::string describe(single_url_result const& result);

}
