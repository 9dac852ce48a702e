#pragma once

#include <filesystem>
#include <string>

/// What the tests of plans share.
namespace plan_test {

/// A small scenario with a plan: the keys given, or a plan that is good when there are none; "-": no plan at all.
std::string planned(std::string const& keys);

/// A file that is removed at the end of its scope.
class scratch_file {
public:
  explicit scratch_file(std::string const& text);
  scratch_file(scratch_file const&) = delete;
  scratch_file& operator=(scratch_file const&) = delete;
  ~scratch_file();
  std::filesystem::path path() const { return directory_ / "planned.json"; }

private:
  std::filesystem::path directory_;
};

}
