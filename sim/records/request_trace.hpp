#pragma once

#include "base/journal/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim::records {

/// What is said of a step, in the words of the books: "to" is "proxy[2]", "chosen_by" is "guess".
using trace_facts = std::vector<std::pair<std::string, std::string>>;

/// A moment of a request's way, or a stretch of it, as one node noted it. Times: ns since the start of the load.
struct trace_step {
  std::string node; // "clients", "gateway[0]", "proxy[1]", "sol[0]"
  std::string what; // "sends", "hop", "receives", "granted"
  std::int64_t at_ns = 0;
  trace_facts facts = {};
  std::optional<std::int64_t> until_ns = {}; // none: a moment, or nobody noted its end
  std::string then = {};                     // how it ended: "answered", "served"; empty for a moment
  trace_facts outcome = {};                  // known at its end
};

/// One client request, in all books that mention it.
struct request_trace {
  journal::request_id request = 0;
  std::string method, target;
  std::optional<std::uint32_t> character; // whose token it carried
  std::string phase;                      // empty: the scenario has none
  std::string balancer;                   // "?": none
  std::string outcome;                    // the client's word for its end: "answered", "timeout"
  std::string failed;                     // why it counts as failed; empty: it does not
  std::uint16_t status = 0;               // 0: no answer
  std::int64_t due_ns = 0;                // when it should have been sent
  std::optional<std::int64_t> latency_ns; // from then to its end; none: no end was seen
  std::vector<std::string> redirects;     // the reason of each
  std::uint32_t retries = 0;
  std::vector<trace_step> steps;         // by time
  std::vector<std::string> not_recorded; // what no book says of it; one line each
};

/// What is kept of a run's requests.
struct kept_requests {
  std::string scenario, engine;
  std::uint64_t seed = 0;
  std::uint64_t of = 0; // so many were sent
  std::vector<request_trace> traces;
};

}
