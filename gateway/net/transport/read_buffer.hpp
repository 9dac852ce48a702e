#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace gateway::net {

/// Where a connection reads into; empty while the connection is idle, so that idle connections cost little.
struct read_buffer {
  std::unique_ptr<char[]> bytes;
  std::size_t capacity = 0;

  explicit operator bool() const { return bytes != nullptr; }
  char* data() { return bytes.get(); }
  char const* data() const { return bytes.get(); }
  std::size_t size() const { return capacity; }
};

/// Read buffers that are not in use; the one returned last is given out first. One thread.
class read_buffers {
public:
  /// The size of buffers from now on; those in use are dropped when they come back.
  void set_size(std::size_t bytes) {
    if (bytes != size_) free_.clear();
    size_ = bytes;
  }

  read_buffer take() {
    if (free_.empty()) return {std::make_unique_for_overwrite<char[]>(size_), size_};
    read_buffer last = std::move(free_.back());
    free_.pop_back();
    return last;
  }
  /// An empty one is ignored.
  void give(read_buffer&& done) {
    read_buffer back = std::exchange(done, {});
    if (back.capacity == size_ && free_.size() < most_kept) free_.push_back(std::move(back));
  }

private:
  static constexpr std::size_t most_kept = 64;
  std::size_t size_ = 0;
  std::vector<read_buffer> free_;
};

}
