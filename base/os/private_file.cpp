#include "base/os/private_file.hpp"

#include "base/os/file_lock.hpp"
#include "base/os/partial_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace os {
namespace {

constexpr std::size_t piece = 1u << 20; // written at a time, so that giving up is soon noticed

/// A symbolic link is not followed, and a pipe that nobody writes does not block.
constexpr int only_itself = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

struct open_file {
  int descriptor = -1;
  ~open_file() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

std::filesystem::path beside(std::filesystem::path file, char const* end) { return file += end; }

/// Reads up to `bytes.size()`; returns how many there were, or -1 with the reason in errno.
ssize_t read_some(int descriptor, std::string& bytes) {
  std::size_t at = 0;
  while (at != bytes.size()) {
    ssize_t const got = ::read(descriptor, bytes.data() + at, bytes.size() - at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    at += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(at);
}

/// Whether FILE is not there, or is one that may be replaced; otherwise the errno that says why not.
int why_not_replaceable(std::filesystem::path const& file, std::string_view replaceable) {
  open_file const there{::open(file.c_str(), O_RDONLY | only_itself)};
  if (there.descriptor < 0) return errno == ENOENT ? 0 : errno == ELOOP ? EEXIST : errno;
  struct ::stat facts {};
  if (::fstat(there.descriptor, &facts) != 0) return errno;
  if (!S_ISREG(facts.st_mode)) return EEXIST;
  std::string start(replaceable.size(), '\0');
  ssize_t const got = read_some(there.descriptor, start);
  if (got < 0) return errno;
  return got == 0 || (static_cast<std::size_t>(got) == start.size() && start == replaceable) ? 0 : EEXIST;
}

}

private_bytes read_private_file(std::filesystem::path const& file, std::size_t most) {
  open_file const there{::open(file.c_str(), O_RDONLY | only_itself)};
  if (there.descriptor < 0) {
    private_file_fault const fault = errno == ENOENT  ? private_file_fault::absent
                                     : errno == ELOOP ? private_file_fault::no_file
                                                      : private_file_fault::unreadable;
    return {fault, errno, {}};
  }
  struct ::stat facts {};
  if (::fstat(there.descriptor, &facts) != 0) return {private_file_fault::unreadable, errno, {}};
  if (!S_ISREG(facts.st_mode)) return {private_file_fault::no_file, 0, {}};
  if (facts.st_uid != ::geteuid()) return {private_file_fault::of_another_user, 0, {}};
  if ((facts.st_mode & 077) != 0) return {private_file_fault::open_to_others, 0, {}};
  auto const size = static_cast<std::size_t>(facts.st_size);
  if (size > most) return {private_file_fault::too_large, 0, {}};
  private_bytes out;
  out.bytes.resize(size);
  ssize_t const got = read_some(there.descriptor, out.bytes);
  if (got < 0) return {private_file_fault::unreadable, errno, {}};
  out.bytes.resize(static_cast<std::size_t>(got)); // if it was cut meanwhile
  return out;
}

int write_private_file(std::filesystem::path const& file, std::string_view bytes, std::string_view replaceable,
                       std::atomic<bool> const& given_up) {
  if (int const why = why_not_replaceable(file, replaceable)) return why;
  partial_file fresh(beside(file, ".partial"), 0600);
  for (; !bytes.empty() && fresh.error() == 0; bytes.remove_prefix(std::min(bytes.size(), piece))) {
    if (given_up.load()) return ETIME;
    fresh.write(bytes.substr(0, piece));
  }
  return given_up.load() ? ETIME : fresh.become(file);
}

void remove_partial_private_file(std::filesystem::path const& file) { ::unlink(beside(file, ".partial").c_str()); }

file_claim::file_claim(std::filesystem::path const& file) {
  std::filesystem::path const lock = beside(file, ".lock");
  open_file opened{::open(lock.c_str(), O_RDWR | O_CREAT | only_itself, 0600)};
  if (opened.descriptor < 0) {
    why_not_ = lock.string() + " cannot be opened (" + std::generic_category().message(errno) + ")";
    return;
  }
  try {
    if (lock_byte(opened.descriptor, 0, F_WRLCK, false))
      descriptor_ = std::exchange(opened.descriptor, -1);
    else
      why_not_ = "another process uses it";
  } catch (std::system_error const& error) {
    why_not_ = lock.string() + " cannot be locked (" + error.code().message() + ")";
  }
}

file_claim::file_claim(file_claim&& other) noexcept
  : descriptor_(std::exchange(other.descriptor_, -1))
  , why_not_(std::move(other.why_not_)) {}

file_claim& file_claim::operator=(file_claim&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(why_not_, other.why_not_);
  return *this;
}

file_claim::~file_claim() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}
