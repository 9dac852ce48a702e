#pragma once

#include "sim/records/records.hpp"
#include "sim/scenario/failure_cause.hpp"

#include <cstdint>
#include <optional>

namespace sim::judge {

/// Why a client did not get what it had a right to: no whole answer, a 5xx, or a 401 for a token that is good or
/// absent. None: it did; a 401 for a junk token is right. `status` is looked at where it was answered.
std::optional<scenario::failure_cause> cause_of(records::client_outcome outcome, std::uint16_t status,
                                                records::token_kind kind);

/// The same of a record. A request without an end is a failure unless the run was cut short.
std::optional<scenario::failure_cause> cause_of(records::run_records const& r, records::client_record const& c);

}
