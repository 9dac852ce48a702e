#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::net {

/// A request body as far as it has arrived, kept so that it can be sent again: the first part in memory, the rest in an
/// unlinked temporary file, which disappears with the store even if the process is killed. One thread.
class body_store {
public:
  /// At most `in_memory` bytes in memory; files are made in `directory`.
  body_store(std::uint64_t in_memory, std::filesystem::path const& directory);
  body_store(body_store const&) = delete;
  body_store& operator=(body_store const&) = delete;
  ~body_store();

  /// New limits, from the next body on; called between bodies.
  void use(std::uint64_t in_memory, std::filesystem::path const& directory) {
    in_memory_ = in_memory;
    directory_ = &directory;
  }

  /// The body that begins has this many bytes (nullopt: not known). Reserves memory, so that views into it stay valid
  /// while more is appended.
  void expect(std::optional<std::uint64_t> length);

  /// Appends. Returns false, with the reason in errno, when the file cannot be made or written: the body is then
  /// incomplete.
  bool append(std::string_view bytes);

  /// No more bytes will follow.
  void complete() { complete_ = true; }
  bool is_complete() const { return complete_; }
  std::uint64_t size() const { return size_; }

  /// Bytes from `offset` on: what is contiguous in memory or fits into `scratch`; empty at the current end. The view
  /// stays valid while more is appended, until `clear` or a change of `scratch`. If the file cannot be read, returns
  /// nothing and `failed()` becomes true.
  std::string_view read(std::uint64_t offset, std::string& scratch);
  bool failed() const { return failed_; }
  bool is_in_file() const { return file_ >= 0; }

  /// Forgets everything and closes the file; a little memory stays allocated for the next body.
  void clear();

private:
  bool open_file();

  std::uint64_t in_memory_;
  std::filesystem::path const* directory_; // from the settings in use
  std::string memory_;
  std::uint64_t size_ = 0;
  int file_ = -1;
  bool complete_ = false;
  bool failed_ = false;
};

}
