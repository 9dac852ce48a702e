#pragma once

#include "base/os/directory_claim.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// A directory of results has one user at a time, and what is in it belongs to the command that was given last: an
/// older result beside a new failure would be read as the new one's.
namespace sim::cli {

/// `os::directory_claim::alone`, and a line on stderr where it means nothing.
os::directory_claim claim_directory(std::filesystem::path const& directory);

/// Removes the files `names` from `directory`, and nothing else. Whether there were any. Throws std::runtime_error when
/// one stays.
bool remove_results(std::filesystem::path const& directory, std::vector<std::string> const& names);

/// The same for input that is refused before the command has begun, when `directory` is there and nobody works in it;
/// else nothing. `out` may be empty. Never throws.
bool drop_results(std::string const& out, std::vector<std::string> const& names) noexcept;

/// What `read` returns; drops the results in `out` when it throws.
template<class Read>
auto or_without_results(std::string const& out, std::vector<std::string> const& names, Read const& read) {
  try {
    return read();
  } catch (...) {
    drop_results(out, names);
    throw;
  }
}

}
