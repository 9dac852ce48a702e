#pragma once

#include "base/config/document.hpp"
#include "reports/plots/plots.hpp"
#include "sim/records/result.hpp"

#include <string>
#include <vector>

namespace reports::plots {

/// A result with a name that distinguishes it: its scenario, or if that is the same, its directory.
struct named_result {
  std::string name;
  sim::records::result result;
};

/// Reads them. Throws `config::bad_input`: none, more than `most_results`, or one that is no summary.
std::vector<named_result> read_summaries(order const& o);

inline constexpr std::size_t most_results = 12;

/// The error for a --metric that is no distribution of the result, with those that are.
config::bad_input unknown_distribution(sim::records::result const& r, order const& o);

/// "seed 42, measured", for all of them.
std::string caption_of(std::vector<named_result> const& results);

/// Which crest-sim ran them.
std::string footer_of(std::vector<named_result> const& results);

/// A metric of a result; nullptr if it is missing, or of another kind.
template<class Kind>
Kind const* find_metric(sim::records::result const& r, std::string const& name) {
  auto const found = r.metrics.find(name);
  return found == r.metrics.end() ? nullptr : std::get_if<Kind>(&found->second);
}

}
