#include "tests/gateway/work/steps/counter.hpp"

#include <cstddef>

namespace {

std::uint64_t counted = 0;

}

namespace tests::work {

std::uint64_t steps() { return counted; }

}

// What the compiler calls in each basic block, by the name that the linker gives it (--wrap): the fuzzer's library has
// one of its own.
extern "C" void __wrap___sanitizer_cov_trace_pc() { ++counted; } // NOLINT(bugprone-reserved-identifier)

// In place of the C library's, for all that is linked here, its C++ library included. Not under a sanitizer, which has
// its own in this place.
#ifndef CREST_SANITIZED
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-tree-loop-distribute-patterns") // which would make a call of memcpy of its own loop
#endif
extern "C" {

void* memchr(void const* text, int wanted, std::size_t size) {
  auto const* const bytes = static_cast<unsigned char const*>(text);
  std::size_t i = 0;
  while (i != size && bytes[i] != static_cast<unsigned char>(wanted)) ++i;
  counted += i / 8 + 1;
  return i == size ? nullptr : const_cast<unsigned char*>(bytes + i); // NOLINT: the signature of C
}

int memcmp(void const* a, void const* b, std::size_t size) {
  auto const* const x = static_cast<unsigned char const*>(a);
  auto const* const y = static_cast<unsigned char const*>(b);
  std::size_t i = 0;
  while (i != size && x[i] == y[i]) ++i;
  counted += i / 8 + 1;
  return i == size ? 0 : x[i] - y[i];
}

void* memcpy(void* __restrict to, void const* __restrict from, std::size_t size) {
  auto* const x = static_cast<unsigned char*>(to);
  auto const* const y = static_cast<unsigned char const*>(from);
  for (std::size_t i = 0; i != size; ++i) x[i] = y[i];
  counted += size / 8 + 1;
  return to;
}

void* memmove(void* to, void const* from, std::size_t size) {
  auto* const x = static_cast<unsigned char*>(to);
  auto const* const y = static_cast<unsigned char const*>(from);
  if (x < y)
    for (std::size_t i = 0; i != size; ++i) x[i] = y[i];
  else
    for (std::size_t i = size; i != 0; --i) x[i - 1] = y[i - 1];
  counted += size / 8 + 1;
  return to;
}
}
#endif
