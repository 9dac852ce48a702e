#pragma once

#include "sim/sweep/definition.hpp"
#include "sim/sweep/engine.hpp"
#include "sim/sweep/manifest.hpp"
#include "sim/sweep/store.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace sim::sweep {

/// Every `of`-th trial, beginning with the `number`-th; 1 <= number <= of.
struct shard {
  std::size_t number = 1, of = 1;
};

/// How far it is.
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

/// Makes it say so. A table that belongs to something else would mislead: it is removed.
void begin(manifest const& m, store const& results);

/// `begin`s, runs the trials that are not finished yet, and keeps each as it is finished. When a trial throws, no
/// further one is started, those that run are finished, and it is thrown on, with the point.
outcome run(definition const& d, engine const& with, store const& results, run_options const& options);

}
