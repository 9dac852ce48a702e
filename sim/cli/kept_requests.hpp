#pragma once

#include "sim/judge/findings.hpp"
#include "sim/records/request_trace.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace sim::cli {

/// What `run --keep-requests` asks for, and what becomes of it.
class request_keeper {
public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  static constexpr char const* usual = "1000";

  /// `asked`: "all" or a number. Throws `config::bad_input`.
  request_keeper(std::string const& asked, std::string engine);

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
