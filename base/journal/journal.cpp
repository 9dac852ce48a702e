#include "base/journal/journal.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace journal {
namespace {

constexpr std::size_t header_bytes = 4096;
constexpr char magic[8] = {'C', 'R', 'E', 'S', 'T', 'J', '1', '\0'};

// Records per mapped chunk: chunks are never moved, so that record addresses stay valid. The last record of a chunk
// never straddles its end because a chunk holds a whole number of records, and a whole number of pages.
constexpr std::uint64_t chunk_records = 4096;

[[noreturn]] void throw_errno(std::string const& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// An owned file descriptor.
struct descriptor {
  int fd = -1;
  explicit descriptor(int value)
    : fd(value) {}
  descriptor(descriptor&& other) noexcept
    : fd(std::exchange(other.fd, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

void check_header(file_header const& header, std::string const& file, std::string_view kind,
                  std::uint32_t record_bytes) {
  if (std::memcmp(header.magic, magic, sizeof magic) != 0) throw std::runtime_error(file + ": not a journal");
  if (kind != std::string_view(header.kind, ::strnlen(header.kind, sizeof header.kind)) ||
      header.record_bytes != record_bytes)
    throw std::runtime_error(file + ": not a journal of " + std::string(kind));
}

}

struct raw_writer::state {
  descriptor file;
  std::string name;
  std::uint32_t record_bytes;
  file_header* header = nullptr;
  std::vector<std::byte*> chunks;

  state(descriptor f, std::string n, std::uint32_t bytes)
    : file(std::move(f))
    , name(std::move(n))
    , record_bytes(bytes) {}
  state(state const&) = delete;
  state& operator=(state const&) = delete;
  ~state() {
    for (std::byte* chunk : chunks) ::munmap(chunk, chunk_bytes());
    if (header) ::munmap(header, header_bytes);
  }

  std::size_t chunk_bytes() const { return chunk_records * record_bytes; }

  void map_chunk() {
    auto const offset = static_cast<off_t>(header_bytes + chunks.size() * chunk_bytes());
    auto const end = offset + static_cast<off_t>(chunk_bytes());
    struct stat info {};
    if (::fstat(file.fd, &info) != 0) throw_errno(name);
    // Only grows the file, since a reopened journal already has records there. Allocates its blocks as well: on a full
    // disk, a write to a mapped page without a block would kill the process.
    int const failed = info.st_size < end ? ::posix_fallocate(file.fd, offset, end - offset) : 0;
    if (failed != 0) throw std::system_error(failed, std::generic_category(), name);
    void* mapped = ::mmap(nullptr, chunk_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, offset);
    if (mapped == MAP_FAILED) throw_errno(name);
    chunks.push_back(static_cast<std::byte*>(mapped));
  }
};

raw_writer::raw_writer(std::filesystem::path const& file, std::string_view kind, std::uint32_t record_bytes) {
  descriptor opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (opened.fd < 0) throw_errno(file.string());
  struct stat info {};
  if (::fstat(opened.fd, &info) != 0) throw_errno(file.string());
  bool const fresh = info.st_size == 0;
  // Its block, too: see map_chunk.
  if (int const failed = fresh ? ::posix_fallocate(opened.fd, 0, header_bytes) : 0; failed != 0)
    throw std::system_error(failed, std::generic_category(), file.string());

  state_ = std::make_unique<state>(std::move(opened), file.string(), record_bytes);
  void* mapped = ::mmap(nullptr, header_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, state_->file.fd, 0);
  if (mapped == MAP_FAILED) throw_errno(state_->name);
  state_->header = static_cast<file_header*>(mapped);
  if (fresh) {
    if (kind.size() >= sizeof state_->header->kind) throw std::logic_error("journal kind too long");
    std::memcpy(state_->header->kind, kind.data(), kind.size());
    state_->header->record_bytes = record_bytes;
    std::memcpy(state_->header->magic, magic, sizeof magic);
  } else {
    check_header(*state_->header, state_->name, kind, record_bytes);
  }
  for (std::uint64_t mapped_records = 0; mapped_records < size(); mapped_records += chunk_records) state_->map_chunk();
}

raw_writer::raw_writer(raw_writer&&) noexcept = default;
raw_writer& raw_writer::operator=(raw_writer&&) noexcept = default;
raw_writer::~raw_writer() = default;

void* raw_writer::append(void const* record) {
  std::uint64_t const index = size();
  if (index / chunk_records == state_->chunks.size()) state_->map_chunk();
  std::byte* place = state_->chunks[index / chunk_records] + (index % chunk_records) * state_->record_bytes;
  std::memcpy(place, record, state_->record_bytes);
  state_->header->count.store(index + 1, std::memory_order_release);
  return place;
}

std::uint64_t raw_writer::size() const { return state_->header->count.load(std::memory_order_relaxed); }

std::vector<std::byte> read_raw(std::filesystem::path const& file, std::string_view kind, std::uint32_t record_bytes,
                                std::uint64_t from) {
  descriptor const opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.fd < 0) {
    if (errno == ENOENT) return {};
    throw_errno(file.string());
  }
  struct stat info {};
  if (::fstat(opened.fd, &info) != 0) throw_errno(file.string());
  if (info.st_size == 0) return {}; // created, header not written yet
  if (static_cast<std::size_t>(info.st_size) < header_bytes)
    throw std::runtime_error(file.string() + ": not a journal");

  void* mapped = ::mmap(nullptr, header_bytes, PROT_READ, MAP_SHARED, opened.fd, 0);
  if (mapped == MAP_FAILED) throw_errno(file.string());
  auto const& header = *static_cast<file_header const*>(mapped);
  std::uint64_t count = 0;
  try {
    check_header(header, file.string(), kind, record_bytes);
    count = header.count.load(std::memory_order_acquire);
  } catch (...) {
    ::munmap(mapped, header_bytes);
    throw;
  }
  ::munmap(mapped, header_bytes);

  if (count <= from) return {};
  std::vector<std::byte> bytes((count - from) * record_bytes);
  std::size_t done = 0;
  while (done < bytes.size()) {
    ssize_t const got = ::pread(opened.fd, bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(header_bytes + from * record_bytes + done));
    if (got < 0) throw_errno(file.string());
    if (got == 0) throw std::runtime_error(file.string() + ": truncated journal");
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}
