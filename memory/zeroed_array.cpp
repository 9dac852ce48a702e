#include "memory/zeroed_array.hpp"

#include <cstdint>
#include <cstdlib>
#include <new>
#include <sys/mman.h>

namespace memory {

void* allocate_zeroes(std::size_t bytes) {
  constexpr std::uintptr_t large_page = std::uintptr_t{1} << 21;
  void* const memory = std::calloc(bytes, 1);
  if (!memory && bytes > 0) throw std::bad_alloc();
  auto const begin = reinterpret_cast<std::uintptr_t>(memory);
  std::uintptr_t const from = (begin + large_page - 1) / large_page * large_page,
                       to = (begin + bytes) / large_page * large_page;
  // A hint: what it says does not matter.
  if (from < to) ::madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
  return memory;
}

void release(void* bytes) { std::free(bytes); }

}
