#pragma once

#include "base/config/document.hpp"
#include "base/os/machine.hpp"
#include "sim/records/provenance.hpp"
#include "sim/records/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sim::cli {

/// What ran, when and on which machine, from its construction on.
class run_facts {
public:
  run_facts();
  /// The facts of a run that ends now; without overrides and scenario.
  records::provenance now() const;

private:
  records::provenance begun_;
  std::optional<os::processor_time> processors_;
};

/// A result of which nothing is known but what was asked for: `file` with `overrides`, by `engine`.
records::result asked(std::filesystem::path const& file, std::vector<std::string> const& overrides,
                      std::string const& engine);

/// Completes `about` by what FILE says, of which `document` is what it says with the overrides: its name, seed, text
/// and the digest of that and of the files that it names.
void add_scenario_facts(records::result& about, config::document const& document, std::filesystem::path const& file);

}
