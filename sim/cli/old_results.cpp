#include "sim/cli/old_results.hpp"

#include <algorithm>
#include <iostream>
#include <stdexcept>

namespace sim::cli {

namespace fs = std::filesystem;

os::directory_claim claim_directory(fs::path const& directory) {
  auto claim = os::directory_claim::alone(directory);
  if (!claim.locked())
    std::cerr << "crest-sim: " << directory.string() << ": its file system has no locks: nobody else may use it\n";
  return claim;
}

bool remove_results(fs::path const& directory, std::vector<std::string> const& names) {
  bool any = false;
  for (std::string const& name : names) {
    std::error_code error;
    any = fs::remove(directory / name, error) || any;
    if (error)
      throw std::runtime_error("cannot remove the older " + (directory / name).string() + ": " + error.message());
  }
  return any;
}

bool drop_results(std::string const& out, std::vector<std::string> const& names) noexcept {
  try {
    auto const there = [&](std::string const& name) { return fs::exists(fs::path(out) / name); };
    if (out.empty() || std::none_of(names.begin(), names.end(), there)) return false;
    auto const claim = os::directory_claim::alone(out);
    return remove_results(out, names);
  } catch (...) { // what is wrong with the input is what the user is told
    return false;
  }
}

}
