#pragma once

#include <cstddef>
#include <fstream>
#include <string>
#include <unistd.h>

namespace tests {

/// The memory that a process (/proc/PID, or /proc/self) has of its own, in bytes: without the parts of files, such as
/// its program, that happen to be in memory.
inline std::size_t resident_bytes(std::string const& process) {
  std::ifstream in(process + "/statm"); // in pages
  std::size_t size = 0, resident = 0, of_files = 0;
  in >> size >> resident >> of_files;
  return (resident - of_files) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}
