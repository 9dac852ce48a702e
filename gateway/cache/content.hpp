#pragma once

#include "gateway/cache/byte_counter.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::cache {

/// An answer's content as far as it has come, in blocks that never move: views of it stay valid as long as this lives,
/// and its blocks are counted in the byte counter as long.
class growing_content {
public:
  /// `expected` bytes are put into one block. `in`: nullptr counts nothing.
  explicit growing_content(std::size_t expected, std::shared_ptr<byte_counter> in = nullptr)
    : in_(std::move(in)) {
    add_block(expected);
  }
  growing_content(growing_content const&) = delete;
  growing_content& operator=(growing_content const&) = delete;
  ~growing_content() {
    if (in_) in_->bytes.fetch_sub(counted_, std::memory_order_relaxed);
  }

  void append(std::string_view bytes) {
    while (!bytes.empty()) {
      if (blocks_.back()->size() == blocks_.back()->capacity()) add_block(capacity_); // doubles the total
      std::string& last = *blocks_.back();
      std::string_view const part = bytes.substr(0, last.capacity() - last.size());
      last.append(part);
      size_ += part.size();
      bytes.remove_prefix(part.size());
    }
  }

  /// The size of the block that `bytes` more will need; 0: they fit.
  std::size_t next_block(std::size_t bytes) const {
    return bytes > blocks_.back()->capacity() - blocks_.back()->size() ? capacity_ : 0;
  }

  std::size_t size() const { return size_; }
  /// Bytes that the blocks hold, used or not.
  std::size_t capacity() const { return capacity_; }

  /// The contiguous bytes from `offset` on; empty at the present end.
  std::string_view after(std::size_t offset) const {
    for (auto const& block : blocks_) {
      if (offset < block->size()) return std::string_view(*block).substr(offset);
      offset -= block->size();
    }
    return {};
  }

  /// All of it in one block; shares the block if there is only one and it is nearly full.
  std::shared_ptr<std::string const> whole() const {
    if (blocks_.size() == 1 && blocks_.front()->capacity() <= size_ + size_ / 8) return blocks_.front();
    auto all = std::make_shared<std::string>();
    all->reserve(size_);
    for (auto const& block : blocks_) all->append(*block);
    return all;
  }

private:
  void add_block(std::size_t bytes) {
    blocks_.push_back(std::make_shared<std::string>());
    blocks_.back()->reserve(std::max<std::size_t>(bytes, 64));
    std::size_t const capacity = blocks_.back()->capacity();
    capacity_ += capacity;
    if (!in_) return;
    counted_ += heap_bytes(capacity + 1);
    in_->bytes.fetch_add(heap_bytes(capacity + 1), std::memory_order_relaxed);
  }

  std::shared_ptr<byte_counter> in_;
  std::size_t counted_ = 0;

  std::vector<std::shared_ptr<std::string>> blocks_; // only the last may be empty
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}
