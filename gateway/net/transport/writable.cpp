#include "gateway/net/transport/writable.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace gateway::net {

namespace fs = std::filesystem;

namespace {

constexpr int most_links = 40; // the kernel's limit

}

int make_nameless_file(fs::path const& directory) {
  int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  // The file system has no O_TMPFILE: a named file, unlinked at once.
  std::string name = (directory / "crest-XXXXXX").string();
  file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file >= 0) ::unlink(name.c_str());
  return file;
}

std::string why_not_writable(fs::path const& file) {
  // Opening a pipe that nobody reads would block: ENXIO says that it is one.
  int fd = ::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  int error = fd >= 0 || errno == ENXIO ? 0 : errno;
  if (error == ENOENT && file.has_filename()) {
    // A file that does not exist yet is created where links lead. Only creating it shows that this is possible: root
    // has all permissions, and yet cannot create files everywhere.
    std::error_code ec;
    fs::path made = file;
    for (int links = 0; links != most_links && fs::is_symlink(made, ec); ++links)
      made = made.parent_path() / fs::read_symlink(made, ec);
    fd = make_nameless_file(made.has_parent_path() ? made.parent_path() : fs::path("."));
    error = fd >= 0 ? 0 : errno;
  }
  if (fd >= 0) ::close(fd);
  return error == 0 ? std::string() : std::generic_category().message(error);
}

}
