#pragma once

#include "sim/studies/plan/goals.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sim::plan {

/// One simulated run of a candidate.
struct run_values {
  std::vector<std::optional<double>> values; // by goal; nothing: no samples
  std::string refusal;  // why the run rules the candidate out whatever its values; empty: it does not
  bool invalid = false; // that is so since the load was not issued as planned, which says nothing of the candidate
};

/// Runs candidate C in circumstance V (0: as it stands; then the losses) with the seed of replication R. The same
/// arguments must give the same values. Called from several threads at once when jobs > 1.
using evaluation =
    std::function<run_values(std::size_t candidate, std::size_t circumstance, std::uint32_t replication)>;

/// Why a candidate cannot meet a goal, as is known without a run.
struct objection {
  std::optional<std::size_t> goal; // index
  std::optional<double> value;     // what theory expects of the goal's metric
  std::string why;
};

/// What is searched. Candidates are indices in the order in which the space declares them.
struct problem {
  std::vector<double> prices; // by candidate
  std::vector<goal> goals;
  std::size_t circumstances = 1;
  plan::rule rule;
  /// Every objection must be right: the candidate is then never run. Called from several threads.
  std::function<std::optional<objection>(std::size_t candidate)> objects = [](std::size_t) { return std::nullopt; };
};

enum class fate : std::uint8_t { not_needed, ruled_out, refused, accepted };

/// What became of a candidate.
struct judgement {
  fate how = fate::not_needed;                  // ruled_out: without a run
  std::vector<std::vector<estimate>> estimates; // by circumstance, then goal; those that were run
  std::optional<std::size_t> goal;              // the first that it fails; of several at once, the one missed most
  std::size_t circumstance = 0;                 // in which
  std::optional<double> value;                  // of that goal
  std::string why;                              // in words, when it was not accepted
  bool invalid = false;                         // refused for a run that was not the one that was asked for
  std::uint32_t runs = 0;
};

struct findings {
  std::vector<judgement> candidates; // by candidate
  std::optional<std::size_t> answer;
  bool interrupted = false; // by `stop`; then there is no answer
};

/// How far a search is.
struct search_progress {
  std::size_t candidates = 0, judged = 0; // judged: without a run or by its runs
  std::optional<std::size_t> accepted;    // the cheapest so far; those that are not dearer are still to be judged
  std::optional<std::size_t> last;        // that was judged, and how
  fate how = fate::not_needed;
};

struct search_options {
  unsigned jobs = 1;
  bool exhaustive = false; // run every candidate, even those that are objected to or too expensive to matter
  std::function<bool()> stop = [] { return false; }; // checked before each run
  /// After each candidate, from one thread at a time.
  std::function<void(search_progress const&)> report = [](search_progress const&) {};
};

/// The cheapest candidate that meets all goals in all circumstances; of several with its price the first. Candidates
/// are taken by price. Each is run until its replications decide (if they never do, it is refused), and the first to be
/// accepted ends the search. The answer, and everything reported about candidates up to it, does not depend on `jobs`.
findings search(problem const& p, evaluation const& evaluate, search_options const& options = {});

/// One candidate, judged as `search` judges each; nothing if `options.stop` said so between two runs.
std::optional<judgement> judge(problem const& p, evaluation const& evaluate, search_options const& options,
                               std::size_t candidate);

/// The candidates by price, then as declared.
std::vector<std::size_t> by_price(std::vector<double> const& prices);

}
