#pragma once

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace os {

/// Another user has the directory. The message names the directory and, if known, the process, its command and
/// since when.
class directory_in_use : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The right to write into a directory, held by one user at a time, or by several that work on the same thing; or the
/// right to write one file. It is a lock on a hidden file in the directory, and ends with the process, however that
/// ends; the last user to leave normally removes the file. The locks belong to open files (`F_OFD_SETLK`, Linux 3.15):
/// a second claim by the same process is refused as well, children that `exec` do not inherit it, and NFS supports it.
class directory_claim {
public:
  /// Creates the directory, which is removed at the end if it is still empty. Throws `directory_in_use`, in which case
  /// nothing was touched, and std::runtime_error if the file cannot be created.
  static directory_claim alone(std::filesystem::path const& directory);

  /// The same for one file, and what is written beside it under its name: others may write other files there.
  static directory_claim of_file(std::filesystem::path const& file);

  /// Shares the directory with others for which `same` holds. If it does not hold, `take_over` makes it hold once there
  /// is no other user. Both are called while no other user enters or leaves. Throws what `alone` throws, and what they
  /// throw.
  static directory_claim together(std::filesystem::path const& directory, std::function<bool()> const& same,
                                  std::function<void()> const& take_over);

  directory_claim(directory_claim&& other) noexcept;
  directory_claim(directory_claim const&) = delete;
  directory_claim& operator=(directory_claim const&) = delete;
  ~directory_claim();

  /// Whether this file system has locks. Without them a claim is always granted, and has no effect.
  bool locked() const { return locked_; }

  static constexpr char const* file_name = ".crest-sim.lock";

private:
  /// `claimed`: the directory, or a file in it.
  directory_claim(std::filesystem::path const& directory, std::string const& lock_name, std::filesystem::path claimed);
  [[noreturn]] void refuse(std::string const& what) const;
  static directory_claim alone(directory_claim claim);

  std::filesystem::path file_;              // that is locked
  std::filesystem::path claimed_;           // what the user is told
  std::vector<std::filesystem::path> made_; // directories, outermost first
  int descriptor_ = -1;
  bool locked_ = true;
};

}
