#include "base/os/write_file.hpp"

#include "base/os/descriptor.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace os {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 255; // NAME_MAX of the usual file systems

[[noreturn]] void fail(fs::path const& file, int error) {
  throw std::runtime_error("cannot write " + file.string() + ": " + std::generic_category().message(error));
}

/// A name in FILE's directory that no other thread or process of this machine writes to.
fs::path partial_of(fs::path const& file) {
  static std::atomic<unsigned> written{0};
  std::string const end = ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(++written);
  std::string const name = file.filename().string();
  return file.parent_path() / (name.substr(0, longest_name - end.size()) + end);
}

/// Returns 0 or the errno of the failure.
int write_whole(int descriptor, std::string_view text) {
  int error = write_all(descriptor, text);
  if (::close(descriptor) != 0 && error == 0 && errno != EINTR) error = errno; // NFS reports only here that it is full
  return error;
}

void write_into(fs::path const& file, std::string_view text) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) fail(file, errno);
  if (int const error = write_whole(descriptor, text)) fail(file, error);
}

/// Where a chain of symbolic links ends; FILE itself when it is not a link.
fs::path behind_links(fs::path file) {
  std::error_code error;
  for (int links = 0; links < 40 && fs::is_symlink(file, error); ++links) {
    fs::path const to = fs::read_symlink(file, error);
    if (error) break;
    file = to.is_absolute() ? to : file.parent_path() / to;
  }
  return file;
}

}

void write_file(fs::path const& named, std::string_view text) {
  fs::path const file = behind_links(named);
  std::error_code error;
  auto const kind = fs::status(file, error).type();
  if (kind == fs::file_type::directory) fail(named, EISDIR);
  if (kind != fs::file_type::regular && kind != fs::file_type::not_found && kind != fs::file_type::none)
    return write_into(named, text);
  if (file.has_parent_path()) {
    fs::create_directories(file.parent_path(), error);
    if (error) fail(named, error.value());
  }
  fs::path const partial = partial_of(file);
  int const descriptor = ::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) fail(named, errno);
  struct ::stat before {};
  if (kind == fs::file_type::regular && ::stat(file.c_str(), &before) == 0)
    static_cast<void>(::fchmod(descriptor, before.st_mode & 07777u)); // if that fails: the permissions of a new file
  int problem = write_whole(descriptor, text);
  if (problem == 0 && ::rename(partial.c_str(), file.c_str()) != 0) problem = errno;
  if (problem == 0) return;
  ::unlink(partial.c_str());
  fail(named, problem);
}

}
