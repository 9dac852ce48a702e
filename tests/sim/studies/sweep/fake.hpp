#pragma once

#include "sim/studies/sweep/definition.hpp"
#include "sim/studies/sweep/engine.hpp"
#include "sim/studies/sweep/run.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// What the tests of sweeps share: an engine that computes in no time, and directories of their own.
namespace sweep_test {

/// Deterministic by scenario, and different for different ones; two phases, an event when there is one, a failure at
/// seven proxies.
sim::records::result fake_result(sim::scenario::scenario const& s);

sim::sweep::engine fake_engine();

/// A fresh directory, removed at the end of its scope.
class scratch {
public:
  scratch();
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;
  ~scratch();
  std::filesystem::path const& path() const { return path_; }
  std::filesystem::path operator/(std::string const& name) const { return path_ / name; }
  /// Writes a file into it.
  std::filesystem::path file(std::string const& name, std::string const& text) const;

private:
  std::filesystem::path path_;
};

/// A scenario with these axes (the text of the key's value; empty: none) and further keys ("\"seed\": 4,").
std::string scenario_text(std::string const& axes, std::string const& keys = {});

std::string text_of(std::filesystem::path const& file);

/// Runs all of it in `directory` and writes the table; the table's bytes, CSV then JSON lines.
std::string swept(sim::sweep::definition const& d, std::filesystem::path const& directory,
                  sim::sweep::run_options const& options = {});

/// The table's bytes in a directory.
std::string table_of(std::filesystem::path const& directory);

}
