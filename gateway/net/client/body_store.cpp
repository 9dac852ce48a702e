#include "gateway/net/client/body_store.hpp"

#include "gateway/net/transport/writable.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace gateway::net {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024; // read from the file at a time
constexpr std::size_t kept_bytes = 16 * 1024;  // memory that an empty store may hold

}

body_store::body_store(std::uint64_t in_memory, std::filesystem::path const& directory)
  : in_memory_(in_memory)
  , directory_(&directory) {}

body_store::~body_store() { clear(); }

void body_store::expect(std::optional<std::uint64_t> length) {
  memory_.reserve(std::min(length.value_or(in_memory_), in_memory_));
}

bool body_store::append(std::string_view bytes) {
  if (failed_) return false;
  if (size_ < in_memory_) {
    std::size_t const taken = std::min<std::size_t>(bytes.size(), in_memory_ - size_);
    memory_.append(bytes.substr(0, taken));
    size_ += taken;
    bytes.remove_prefix(taken);
  }
  if (bytes.empty()) return true;
  if (file_ < 0 && !open_file()) return false;
  while (!bytes.empty()) {
    ssize_t const written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(size_ - in_memory_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (written == 0) errno = EIO;
      failed_ = true;
      return false;
    }
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string_view body_store::read(std::uint64_t offset, std::string& scratch) {
  if (offset >= size_ || failed_) return {};
  if (offset < memory_.size()) return std::string_view(memory_).substr(offset);
  scratch.resize(std::min<std::uint64_t>(piece_bytes, size_ - offset));
  ssize_t got = 0;
  do got = ::pread(file_, scratch.data(), scratch.size(), static_cast<off_t>(offset - in_memory_));
  while (got < 0 && errno == EINTR);
  if (got <= 0) {
    failed_ = true;
    return {};
  }
  return std::string_view(scratch).substr(0, static_cast<std::size_t>(got));
}

void body_store::clear() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  memory_.clear();
  if (memory_.capacity() > kept_bytes) memory_.shrink_to_fit();
  size_ = 0;
  complete_ = failed_ = false;
}

bool body_store::open_file() {
  file_ = make_nameless_file(*directory_);
  failed_ = file_ < 0;
  return !failed_;
}

}
