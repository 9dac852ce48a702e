#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

/// Memory for large tables with random access.
namespace memory {

/// Allocates `bytes` zero bytes, which use no memory until they are written. Large blocks are in huge pages if the
/// system has them: with small pages, translating a random address costs as much as the read. What is not a whole such
/// page stays in small ones, unless the heap is in large pages, too. Throws std::bad_alloc.
void* allocate_zeroes(std::size_t bytes);
/// What `allocate_zeroes` gave for that size.
void release(void* block, std::size_t bytes);

/// From now on all small and middling blocks of the main thread, up to a GB together, are in huge pages if the system
/// has them. For a process that reads millions of them at random.
void keep_heap_in_large_pages();

/// Whether a block of so many bytes is worth addresses beyond its end that it may grow into.
bool may_grow(std::size_t bytes);
/// Allocates `bytes` zero bytes as `allocate_zeroes` does, and addresses for `reserved` ones, at most; the others
/// become part of the block with `extend`.
void* allocate_growing(std::size_t bytes, std::size_t reserved);
void extend(void* block, std::size_t from, std::size_t to);

/// A number of values, all-zero bytes at first.
template<class T>
class zeroed_array {
public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  zeroed_array() = default;
  explicit zeroed_array(std::size_t size)
    : values_(static_cast<T*>(allocate_zeroes(size * sizeof(T))))
    , size_(size)
    , most_(size) {}
  /// … that may `grow` to `most` where it stands, if it is large.
  zeroed_array(std::size_t size, std::size_t most)
    : size_(size)
    , most_(may_grow(size * sizeof(T)) ? most : size) {
    values_ = static_cast<T*>(most_ == size ? allocate_zeroes(size * sizeof(T))
                                            : allocate_growing(size * sizeof(T), most * sizeof(T)));
  }
  zeroed_array(zeroed_array&& other) noexcept
    : values_(std::exchange(other.values_, nullptr))
    , size_(std::exchange(other.size_, 0))
    , most_(std::exchange(other.most_, 0)) {}
  zeroed_array& operator=(zeroed_array other) noexcept {
    std::swap(values_, other.values_);
    std::swap(size_, other.size_);
    std::swap(most_, other.most_);
    return *this;
  }
  ~zeroed_array() { release(values_, most_ * sizeof(T)); }

  /// Adds values at the end, which are zero bytes. Returns whether there was room for them: else nothing changes.
  bool grow(std::size_t size) {
    if (size > most_) return false;
    extend(values_, size_ * sizeof(T), size * sizeof(T));
    size_ = size;
    return true;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return values_; }
  T& operator[](std::size_t i) { return values_[i]; }
  T const& operator[](std::size_t i) const { return values_[i]; }
  T const* begin() const { return values_; }
  T const* end() const { return values_ + size_; }

private:
  T* values_ = nullptr;
  std::size_t size_ = 0, most_ = 0; // most: that there is room for
};

}
