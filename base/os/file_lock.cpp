#include "base/os/file_lock.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>

namespace os {

bool lock_byte(int descriptor, off_t which, short kind, bool wait) {
  struct ::flock what {};
  what.l_type = kind;
  what.l_whence = SEEK_SET;
  what.l_start = which;
  what.l_len = 1;
  while (::fcntl(descriptor, wait ? F_OFD_SETLKW : F_OFD_SETLK, &what) != 0) {
    if (errno == EINTR) continue;
    if (!wait && (errno == EAGAIN || errno == EACCES)) return false;
    throw std::system_error(errno, std::generic_category());
  }
  return true;
}

}
