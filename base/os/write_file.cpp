#include "base/os/write_file.hpp"

#include "base/os/descriptor.hpp"
#include "base/os/partial_file.hpp"

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

void write_into(fs::path const& file, std::string_view text) {
  int const descriptor = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) fail(file, errno);
  if (int const error = close_written(descriptor, write_all(descriptor, text))) fail(file, error);
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
  partial_file fresh(partial_of(file), 0666);
  struct ::stat before {};
  if (kind == fs::file_type::regular && ::stat(file.c_str(), &before) == 0) fresh.permit(before.st_mode & 07777u);
  fresh.write(text);
  if (int const problem = fresh.become(file)) fail(named, problem);
}

}
