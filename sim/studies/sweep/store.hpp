#pragma once

#include "sim/studies/sweep/evaluation.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace sim::sweep {

/// Finished trials in DIR/points, a file each, named by fingerprint: each file is complete, and stays valid however
/// often the sweep is stopped, changed or extended. Several threads and processes may use one directory.
class store {
public:
  explicit store(std::filesystem::path directory)
    : directory_(std::move(directory)) {}

  std::filesystem::path const& directory() const { return directory_; }

  /// Nothing if the trial was not finished, or its file cannot be read.
  std::optional<evaluation> find(std::string const& fingerprint) const;

  /// `scenario`: the JSON text that was run, kept for people. Throws std::runtime_error when it cannot be written.
  void keep(std::string const& fingerprint, std::string const& scenario, evaluation const& e) const;

private:
  std::filesystem::path file_of(std::string const& fingerprint) const;

  std::filesystem::path directory_;
};

}
