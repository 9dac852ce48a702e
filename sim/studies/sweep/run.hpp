#pragma once

#include "sim/studies/sweep/definition.hpp"
#include "sim/studies/sweep/engine.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/store.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace sim::sweep {

/// Every `of`-th trial, beginning with the `number`-th; 1 <= number <= of.
struct shard {
  std::size_t number = 1, of = 1;
};

/// Progress of a sweep.
struct progress {
  std::size_t trials = 0;   // of this shard
  std::size_t found = 0;    // finished by an earlier run
  std::size_t finished = 0; // `found` included
};

struct run_options {
  unsigned jobs = 1; // threads, each with a trial of its own; 1 unless the engine is concurrent
  sweep::shard shard;
  std::function<bool()> stopped = [] { return false; };       // when true, no further trial is started
  std::function<void(progress const&)> report = [](auto&) {}; // after each trial, from one thread at a time
};

struct outcome {
  sweep::progress progress;
  bool interrupted = false; // before all were finished, by `stopped` or by an engine that was interrupted
};

/// Whether the directory says that it holds this sweep.
bool holds(manifest const& m, store const& results);

/// Makes it say so. Removes a table that belongs to another sweep, which would mislead.
void begin(manifest const& m, store const& results);

/// Calls `begin`, runs the trials that are not finished yet, and stores each when it is finished. If a trial throws, no
/// further one is started, running ones are finished, and the exception is passed on with the point.
outcome run(definition const& d, engine const& with, store const& results, run_options const& options);

}
