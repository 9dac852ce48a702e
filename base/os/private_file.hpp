#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// Files with secrets: only the user of this process may read or write them.
namespace os {

/// Why there is nothing to read.
enum class private_file_fault : std::uint8_t {
  absent,
  no_file,         // a symbolic link, a directory, a pipe, …
  of_another_user, // as root, too
  open_to_others,  // its permissions let others read or write it
  too_large,
  unreadable // `error` says why
};

struct private_bytes {
  std::optional<private_file_fault> fault; // nullopt: read
  int error = 0;                           // errno
  std::string bytes;
};

/// Reads a file of at most so many bytes that is this user's alone. Looks before it allocates.
private_bytes read_private_file(std::filesystem::path const& file, std::size_t most);

/// Writes a file that is this user's alone, whole or not at all: FILE is unchanged, or it holds all of `bytes`.
/// Replaces a regular file only if that is empty or begins with `replaceable`: with others it fails with EEXIST. Its
/// partial file is FILE.partial: one process at a time may write it. Gives up with ETIME once `given_up` is set.
/// Returns 0 or the errno of the failure.
int write_private_file(std::filesystem::path const& file, std::string_view bytes, std::string_view replaceable,
                       std::atomic<bool> const& given_up);

/// Removes what a killed process may have left of `write_private_file`. The same holds of processes.
void remove_partial_private_file(std::filesystem::path const& file);

/// The right to use a private file, for one process at a time: a lock on FILE.lock, which stays there. It ends with
/// this object or with the process, however that ends.
class file_claim {
public:
  /// Takes the right, if nobody has it.
  explicit file_claim(std::filesystem::path const& file);
  file_claim(file_claim&& other) noexcept;
  file_claim& operator=(file_claim&& other) noexcept;
  ~file_claim();

  bool granted() const { return descriptor_ >= 0; }
  /// If it was not granted: why, for people.
  std::string const& why_not() const { return why_not_; }

private:
  int descriptor_ = -1;
  std::string why_not_;
};

}
