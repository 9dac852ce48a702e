#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

/// Memory for large tables with random access.
namespace memory {

/// Allocates `bytes` zero bytes, which use no memory until they are written. Large blocks are in huge pages if the
/// system has them: with small pages, translating a random address costs as much as the read. Throws std::bad_alloc.
void* allocate_zeroes(std::size_t bytes);
/// What `allocate_zeroes` gave for that size.
void release(void* block, std::size_t bytes);

/// From now on all small and middling blocks of the main thread, up to a GB together, are in huge pages if the system
/// has them. For a process that reads millions of them at random.
void keep_heap_in_large_pages();

/// A fixed number of values, all-zero bytes at first.
template<class T>
class zeroed_array {
public:
  static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  zeroed_array() = default;
  explicit zeroed_array(std::size_t size)
    : values_(static_cast<T*>(allocate_zeroes(size * sizeof(T))))
    , size_(size) {}
  zeroed_array(zeroed_array&& other) noexcept
    : values_(std::exchange(other.values_, nullptr))
    , size_(std::exchange(other.size_, 0)) {}
  zeroed_array& operator=(zeroed_array other) noexcept {
    std::swap(values_, other.values_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~zeroed_array() { release(values_, size_ * sizeof(T)); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return values_; }
  T& operator[](std::size_t i) { return values_[i]; }
  T const& operator[](std::size_t i) const { return values_[i]; }
  T const* begin() const { return values_; }
  T const* end() const { return values_ + size_; }

private:
  T* values_ = nullptr;
  std::size_t size_ = 0;
};

}
