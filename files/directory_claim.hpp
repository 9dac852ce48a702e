#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace files {

/// Somebody else works in the directory. What it says names the directory and, where that is known, the process.
class directory_in_use : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The right to write into a directory: one user at a time, or several that work on the same thing. It is a lock on a
/// hidden file in the directory, which ends with the process, however that ends, and which is gone when the last user
/// leaves in good order. Locks are those of open files (`F_OFD_SETLK`, Linux 3.15): another claim of the same process
/// is refused too, children that `exec` do not keep it, and NFS knows them.
class directory_claim {
public:
  /// Makes the directory, which goes again in the end when nothing was put into it. Throws `directory_in_use`, having
  /// touched nothing, and std::runtime_error where the file cannot be made.
  static directory_claim alone(std::filesystem::path const& directory);

  /// With others for which `same` holds. Where it does not, `take_over` makes it so, once nobody else is there; both
  /// are called while no other user comes or goes. Throws as `alone` does, and what they throw.
  static directory_claim together(std::filesystem::path const& directory, std::function<bool()> const& same,
                                  std::function<void()> const& take_over);

  directory_claim(directory_claim&& other) noexcept;
  directory_claim(directory_claim const&) = delete;
  directory_claim& operator=(directory_claim const&) = delete;
  ~directory_claim();

  /// Whether this file system has locks. Where it has none, a claim is always granted, and means nothing.
  bool locked() const { return locked_; }

  static constexpr char const* file_name = ".crest-sim.lock";

private:
  explicit directory_claim(std::filesystem::path const& directory);

  std::filesystem::path file_;
  std::vector<std::filesystem::path> made_; // directories, from the outermost
  int descriptor_ = -1;
  bool locked_ = true;
};

}
