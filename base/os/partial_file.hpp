#pragma once

#include <filesystem>
#include <string_view>
#include <sys/types.h>

namespace os {

/// A file under another name until it is whole: it then takes the place of FILE in one step, so that FILE is complete
/// or unchanged, even if a process is killed or the disk is full. The first failure is kept; what follows it does
/// nothing.
class partial_file {
public:
  /// Makes a new file with that name, in place of what a killed process may have left there.
  partial_file(std::filesystem::path name, mode_t mode);
  partial_file(partial_file const&) = delete;
  partial_file& operator=(partial_file const&) = delete;
  /// Removes it, unless it has become FILE.
  ~partial_file();

  /// Sets its permissions if that is possible; otherwise they stay those of a new file.
  void permit(mode_t mode);
  void write(std::string_view text);
  /// 0, or the errno of the failure.
  int error() const { return error_; }
  /// Renames it. Returns 0 or the errno of the failure.
  int become(std::filesystem::path const& file);

private:
  std::filesystem::path name_;
  int descriptor_ = -1;
  int error_ = 0;
};

/// Closes a file that was written, with that outcome (0, or an errno). Returns the outcome, or the errno of closing:
/// NFS reports only here that it is full.
int close_written(int descriptor, int outcome);

}
