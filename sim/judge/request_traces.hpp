#pragma once

#include "sim/judge/findings.hpp"
#include "sim/records/request_trace.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

/// One request's whole way, out of the books of clients, balancers, proxies and sols.
namespace sim::judge {

/// Slots of at most `most` requests, rising: all, if there are no more. Else a third are those that failed, a third the
/// slowest of the others (what they leave goes to the rest), and the rest lie evenly among what remains.
std::vector<std::uint32_t> worth_keeping(detail const& d, std::size_t most);

/// The ways of the requests in `slots`, in that order. What a sol noted of a request's character while the request was
/// under way is part of its way: a session granted, released or moved. Linear in the records of sols, and in the slots.
std::vector<records::request_trace> traces_of(detail const& d, std::vector<std::uint32_t> const& slots);

}
