#pragma once

#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace sim::sweep {

/// 32 hexadecimal digits of BLAKE2b: equal for equal texts, and for no others that anyone will meet.
std::string digest(std::string_view text);

/// A digest of each file that the scenario names (trace, nginx templates), a line each; what is missing counts as
/// empty. Reads each file once.
class file_digests {
public:
  std::string of(scenario::scenario const& s);

private:
  std::string const& of_file(std::filesystem::path const& file);
  std::map<std::filesystem::path, std::string> known_;
};

}
