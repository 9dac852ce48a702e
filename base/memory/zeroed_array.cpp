#include "base/memory/zeroed_array.hpp"

#include <atomic>
#include <cstddef>
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

/// Whether the process keeps its heap in large pages.
std::atomic<bool> heap_is_large{false};

/// What becomes of large pages of which a block has a part: they are taken, with whatever else is there, or left.
enum class edges { taken, left };

/// Puts the bytes from `from` to `to` of a block into large pages.
void put_in_large_pages(void* block, std::size_t from, std::size_t to, edges e) {
  auto const start = reinterpret_cast<std::uintptr_t>(block);
  std::uintptr_t first = (start + from) / large_page * large_page, end = (start + to) / large_page * large_page;
  if (e == edges::left && first < start) first += large_page;
  if (e == edges::taken && end < start + to) end += large_page;
  if (first >= end) return;
  // Counted from the block's pointer, so that it stays one. A hint: its result does not matter.
  ::madvise(static_cast<char*>(block) + static_cast<std::ptrdiff_t>(first - start), end - first, MADV_HUGEPAGE);
}

/// In a process that keeps its heap in large pages, what else is there is other tables. Elsewhere it may be anything,
/// and the first value of a small table would use 2 MB.
void put_in_large_pages(void* block, std::size_t bytes) {
  put_in_large_pages(block, 0, bytes, heap_is_large ? edges::taken : edges::left);
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
  put_in_large_pages(block, from, to, edges::left); // what is not used yet shall use no memory
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
    heap_is_large = true;
    ::mallopt(M_TOP_PAD, static_cast<int>(reserved));
    ::mallopt(M_MMAP_THRESHOLD, 2 * of_its_own);
    void* volatile const block = std::malloc(of_its_own); // volatile, else the compiler sees that it is not used
    std::free(block);
    char* const end = static_cast<char*>(::sbrk(0));
    put_in_large_pages(end - reserved, 0, reserved, edges::taken);
    return true;
  }();
}

}
