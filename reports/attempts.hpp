#pragma once

#include "sim/records/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// How often a run was made because it was invalid, as each report shows it.
namespace reports {

/// As in summary.json.
nlohmann::ordered_json to_json(sim::records::attempt_facts const& a);

/// Reads that back.
sim::records::attempt_facts attempts_from(nlohmann::json const& written);

/// "2 of at most 3".
std::string count_text(sim::records::attempt_facts const& a);

/// The number of the attempt that is reported, where an earlier one was invalid: "attempt 2 of at most 3"; else empty.
std::string attempt_text(sim::records::result const& r);

}
