#include "memory/zeroed_array.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace memory {

void* allocate_zeroes(std::size_t bytes) {
  constexpr std::size_t large_page = std::size_t{1} << 21;
  void* const memory = std::calloc(bytes, 1);
  if (!memory && bytes > 0) throw std::bad_alloc();
  // The large pages that lie wholly within.
  std::size_t const before = (large_page - reinterpret_cast<std::uintptr_t>(memory) % large_page) % large_page;
  if (bytes < before + large_page) return memory;
  std::size_t const whole = (bytes - before) / large_page * large_page;
  ::madvise(static_cast<char*>(memory) + before, whole, MADV_HUGEPAGE); // a hint: what it says does not matter
  return memory;
}

void release(void* bytes) { std::free(bytes); }

}
