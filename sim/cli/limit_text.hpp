#pragma once

#include "sim/studies/plan/limit_report.hpp"

#include <optional>
#include <string>

namespace sim::cli {

/// How much of their servers' time the proxies are asked for at the answer, as theory has it: rate × mean service ÷
/// (proxies × servers), with what redirects take. None: not known, or no limit of servers.
std::optional<double> utilisation_by_theory(plan::definition const& d, std::size_t place);

/// What was found, on one line: "load.rate_rps=1234 is the largest …".
std::string limit_sentence(plan::limit_outcome const& o);

/// What a plan that looks for a value prints, without the count of its runs.
std::string limit_text(plan::limit_outcome const& o);

}
