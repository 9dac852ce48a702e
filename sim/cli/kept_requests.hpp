#pragma once

#include "sim/judge/findings.hpp"
#include "sim/records/request_trace.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sim::cli {

/// How many requests `run --keep-requests` asks for: "all" or a number. Throws `config::bad_input`.
std::size_t requests_to_keep(std::string const& asked);

/// Keeps the ways of so many requests of a run.
class request_keeper {
public:
  request_keeper(std::size_t most, std::string engine);

  std::size_t most() const { return most_; }
  /// Takes the ways of requests out of what was found of a run. Called once a run, of which the last one counts;
  /// nothing is kept of a run whose requests were only counted.
  judge::observer observer();
  /// Writes them into `directory`, if there are any. Returns why they could not be written, or nothing.
  std::string write(std::filesystem::path const& directory) const noexcept;
  bool kept_any() const { return !kept_.traces.empty(); }

private:
  std::size_t most_;
  records::kept_requests kept_;
};

}
