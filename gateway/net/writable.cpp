#include "gateway/net/writable.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace gateway::net {

namespace {

constexpr int most_links = 40; // as the kernel follows

}

std::string why_not_writable(std::filesystem::path const& file) {
  // A pipe that nobody reads would be waited for: ENXIO says that it is one.
  int const fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0) ::close(fd);
  if (fd >= 0 || errno == ENXIO) return {};
  int error = errno;
  // A file that is not there yet is made where links lead, if its directory is there.
  std::error_code ec;
  std::filesystem::path made = file;
  for (int links = 0; links != most_links && std::filesystem::is_symlink(made, ec); ++links)
    made = made.parent_path() / std::filesystem::read_symlink(made, ec);
  if (error == ENOENT && made.has_filename()) {
    std::filesystem::path const directory = made.has_parent_path() ? made.parent_path() : ".";
    error = ::access(directory.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
  }
  return error == 0 ? std::string() : std::generic_category().message(error);
}

}
