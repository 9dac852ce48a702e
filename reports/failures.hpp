#pragma once

#include "sim/records/result.hpp"

#include <string>

namespace reports {

/// "Failed requests by cause": of all, of each balancer and each phase that has any. Empty if no request failed.
std::string failures_text(sim::records::result const& r);

/// The first messages of the logs of balancers with failed requests; empty without any.
std::string logs_text(sim::records::result const& r);

/// "failures back after 1.5 s, latency as before", or why there is no such time; empty where nothing is known.
std::string recovery_text(sim::records::event_result const& e);

}
