#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reports_test {

/// Compares with the file NAME in `folder` of the sources ("tests/reports/goldens"), or writes it when UPDATE_GOLDENS=1
/// is in the environment.
void check_golden(std::string const& folder, std::string const& name, std::string const& text);

/// A whole file; empty when there is none.
std::string read(std::filesystem::path const& file);

/// A new directory that goes away.
struct scratch {
  scratch();
  ~scratch() { std::filesystem::remove_all(path); }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;

  std::filesystem::path path;
};

/// The names in a directory, sorted.
std::vector<std::string> names_in(std::filesystem::path const& directory);

}
