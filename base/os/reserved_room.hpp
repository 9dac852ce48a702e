#pragma once

#include <cstdint>
#include <filesystem>

namespace os {

/// Room on a disk that nobody else gets for as long as this exists: when the disk is full, it is given up for what must
/// be written. A file without a name, which ends with the process. Where that cannot be had, nothing is kept.
class reserved_room {
public:
  reserved_room(std::filesystem::path const& directory, std::uint64_t bytes) noexcept;
  reserved_room(reserved_room const&) = delete;
  reserved_room& operator=(reserved_room const&) = delete;
  ~reserved_room();

private:
  int file_; // -1: none
};

}
