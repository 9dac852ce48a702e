#include "base/os/reserved_room.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace os {

reserved_room::reserved_room(std::filesystem::path const& directory, std::uint64_t bytes) noexcept
  : file_(::open(directory.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600)) {
  if (file_ < 0 || ::posix_fallocate(file_, 0, static_cast<off_t>(bytes)) == 0) return;
  ::close(file_);
  file_ = -1;
}

reserved_room::~reserved_room() {
  if (file_ >= 0) ::close(file_);
}

}
