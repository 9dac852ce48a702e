#include "base/memory/zeroed_array.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace memory {

void* allocate_zeroes(std::size_t bytes) {
  constexpr std::uintptr_t large_page = std::uintptr_t{1} << 21, worth_it = large_page / 16;
  void* const memory = std::calloc(bytes, 1);
  if (!memory && bytes > 0) throw std::bad_alloc();
  if (bytes < worth_it) return memory;
  // Covers every page it touches: what else is on those pages is usually other tables.
  std::uintptr_t const before = reinterpret_cast<std::uintptr_t>(memory) % large_page;
  std::size_t const whole = (before + bytes + large_page - 1) / large_page * large_page;
  ::madvise(static_cast<char*>(memory) - before, whole, MADV_HUGEPAGE); // a hint: its result does not matter
  return memory;
}

void release(void* bytes) { std::free(bytes); }

}
