#pragma once

#include "base/config/document.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace sim::sweep {

/// Sweeps and plans go on where they were stopped, so what they run must be there again. Throws `config::bad_input` for
/// a log that comes from stdin.
void refuse_stdin(config::document const& document);

/// 32 hexadecimal digits of BLAKE2b: equal for equal texts, and in practice for no others.
std::string digest(std::string_view text);

/// Digests of files that determine a run beside its scenario. Reads each file once.
class file_digests {
public:
  /// A line for each file that the scenario names: those values of `file`, `template` and `profile`, wherever they
  /// occur, that are files relative to `directory`; and the files that a profile names.
  std::string of(nlohmann::json const& scenario, std::filesystem::path const& directory);

private:
  std::string const& of_file(std::filesystem::path const& file);
  std::map<std::filesystem::path, std::string> known_;
};

}
