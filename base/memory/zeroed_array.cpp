#include "base/memory/zeroed_array.hpp"

#include <cstdint>
#include <cstdlib>
#include <malloc.h>
#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace memory {

namespace {

constexpr std::size_t large_page = std::size_t{1} << 21, worth_it = large_page / 16;
constexpr std::size_t of_its_own = std::size_t{1} << 20; // blocks from this size on do not come from the heap
constexpr std::size_t growing = 4 * large_page; // … and from this one on may grow: of smaller ones, what of a
                                                // large page is beyond their end would be too much

/// Covers every page that the block touches: what else is on those pages is usually other tables.
void put_in_large_pages(void* block, std::size_t bytes) {
  std::uintptr_t const before = reinterpret_cast<std::uintptr_t>(block) % large_page;
  std::size_t const whole = (before + bytes + large_page - 1) / large_page * large_page;
  ::madvise(static_cast<char*>(block) - before, whole, MADV_HUGEPAGE); // a hint: its result does not matter
}

/// A new range of addresses, of zero bytes.
void* map(std::size_t bytes) {
  void* const block = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  return block;
}

}

void* allocate_zeroes(std::size_t bytes) {
  if (bytes < of_its_own) {
    void* const block = std::calloc(bytes, 1);
    if (!block && bytes > 0) throw std::bad_alloc();
    if (bytes >= worth_it) put_in_large_pages(block, bytes);
    return block;
  }
  void* const block = map(bytes);
  put_in_large_pages(block, bytes);
  return block;
}

bool may_grow(std::size_t bytes) { return bytes >= growing; }

void* allocate_growing(std::size_t bytes, std::size_t reserved) {
  void* const block = map(reserved);
  extend(block, 0, bytes);
  return block;
}

void extend(void* block, std::size_t from, std::size_t to) {
  // Whole large pages only: what is not used yet shall use no memory.
  auto const start = reinterpret_cast<std::uintptr_t>(block);
  std::uintptr_t const first = (start + from) / large_page * large_page, end = (start + to) / large_page * large_page;
  std::uintptr_t const begin = first < start ? first + large_page : first;
  if (begin < end) ::madvise(static_cast<char*>(block) + (begin - start), end - begin, MADV_HUGEPAGE);
}

void release(void* block, std::size_t bytes) {
  if (bytes < of_its_own)
    std::free(block);
  else
    ::munmap(block, bytes);
}

void keep_heap_in_large_pages() {
  // The heap is one range of addresses, which is reserved at once, since what is added to it later would be another
  // range, of small pages. Only what is written to uses memory.
  constexpr std::size_t reserved = std::size_t{1} << 30;
  [[maybe_unused]] static bool const done = [] {
    ::mallopt(M_TOP_PAD, static_cast<int>(reserved));
    ::mallopt(M_MMAP_THRESHOLD, 2 * of_its_own);
    void* volatile const block = std::malloc(of_its_own); // volatile, else the compiler sees that it is not used
    std::free(block);
    char* const end = static_cast<char*>(::sbrk(0));
    put_in_large_pages(end - reserved, reserved);
    return true;
  }();
}

}
