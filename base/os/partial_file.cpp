#include "base/os/partial_file.hpp"

#include "base/os/descriptor.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace os {

partial_file::partial_file(std::filesystem::path name, mode_t mode)
  : name_(std::move(name)) {
  ::unlink(name_.c_str());
  descriptor_ = ::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor_ < 0) error_ = errno;
}

partial_file::~partial_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!name_.empty()) ::unlink(name_.c_str());
}

void partial_file::permit(mode_t mode) {
  if (descriptor_ >= 0) static_cast<void>(::fchmod(descriptor_, mode));
}

void partial_file::write(std::string_view text) {
  if (error_ == 0) error_ = write_all(descriptor_, text);
}

int partial_file::become(std::filesystem::path const& file) {
  if (descriptor_ >= 0) error_ = close_written(std::exchange(descriptor_, -1), error_);
  if (error_ == 0 && ::rename(name_.c_str(), file.c_str()) != 0) error_ = errno;
  if (error_ == 0) name_.clear();
  return error_;
}

int close_written(int descriptor, int outcome) {
  return ::close(descriptor) != 0 && outcome == 0 && errno != EINTR ? errno : outcome;
}

}
