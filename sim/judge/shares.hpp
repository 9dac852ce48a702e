#pragma once

#include "sim/judge/reasons.hpp"
#include "sim/judge/tally.hpp"
#include "sim/records/run_view.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sim::judge {

/// What one request adds to a ratio's numerator and denominator. below == 0: nothing.
struct share {
  std::uint32_t above = 0, below = 0;
};

/// The share of request `slot` in `ratio`, a name of the catalogue; of its redirects only those with reason `why`.
share share_of(std::string_view ratio, std::optional<std::size_t> why, std::size_t slot, records::run_view const& v,
               std::vector<request_facts> const& facts, routing_history const& history);

/// The cluster of a request: those of one token, which depend on each other. A request without a token of ours depends
/// on no other and is a cluster of its own, above all tokens.
std::uint64_t cluster_of(records::client_record const& c, std::size_t slot);

}
