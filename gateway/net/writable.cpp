#include "gateway/net/writable.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace gateway::net {

std::string why_not_writable(std::filesystem::path const& file) {
  // A pipe that nobody reads would be waited for: ENXIO says that it is one.
  int const fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0) ::close(fd);
  if (fd >= 0 || errno == ENXIO) return {};
  int error = errno;
  std::error_code ec;
  std::filesystem::path const real = std::filesystem::weakly_canonical(file, ec); // it may be a link
  if (error == ENOENT && !ec && file.has_filename()) {
    std::filesystem::path const directory = real.parent_path();
    error = ::access(directory.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
  }
  return error == 0 ? std::string() : std::generic_category().message(error);
}

}
