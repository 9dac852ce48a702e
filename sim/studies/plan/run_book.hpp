#pragma once

#include "sim/studies/plan/definition.hpp"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace sim::plan {

/// The finished runs of a plan, so that a plan that was stopped or changed goes on where it was. A file of JSON lines;
/// each is written at once, and a line that is not whole is as if it were not there. Used by several threads; the
/// directory is the caller's alone.
class run_book {
public:
  /// Reads what FILE has; it need not exist.
  explicit run_book(std::filesystem::path file);

  std::optional<run_values> find(std::string const& key) const;

  /// From now on found; also by later plans, unless the line cannot be written, of which `problem` tells.
  void keep(std::string const& key, run_values const& values);

  /// What went wrong when a line was written last; empty: nothing.
  std::string problem() const;
  std::size_t found() const; // how many of an earlier plan were asked for

private:
  std::filesystem::path file_;
  mutable std::mutex mutex_; // of what follows
  std::map<std::string, run_values> runs_;
  mutable std::set<std::string> earlier_; // that were not asked for yet
  mutable std::size_t found_ = 0;
  bool broken_end_ = false; // FILE ends within a line
  std::string problem_;
};

/// `evaluate`, of which no run is made twice: a run is known by all that determines it, the scenario with its files,
/// the candidate, the circumstance, the seed, the goals, the engine and our version. A live run that was invalid is not
/// remembered. References `d` and `book`.
evaluation remembered(definition const& d, evaluation evaluate, run_book& book);

}
