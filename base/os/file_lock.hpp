#pragma once

#include <sys/types.h>

namespace os {

/// Locks (`F_WRLCK`, `F_RDLCK`) or unlocks (`F_UNLCK`) one byte of an open file. The lock belongs to the open file
/// (`F_OFD_SETLK`, Linux 3.15): it ends with it, children that `exec` do not inherit it, and a second open file of the
/// same process is refused as well. Returns whether it was granted; without `wait`, false if another has it. Throws
/// std::system_error, as where the file system has no locks.
bool lock_byte(int descriptor, off_t which, short kind, bool wait);

}
