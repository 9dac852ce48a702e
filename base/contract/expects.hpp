#pragma once

#include <cstdio>
#include <cstdlib>

namespace contract {

/// Reports the broken condition and aborts: it is a bug in the caller, and nothing after it could be trusted.
[[noreturn, gnu::cold, gnu::noinline]] inline void broken(char const* condition, char const* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: broken precondition: %s\n", file, line, condition);
  std::abort();
}

}

/// A precondition that a doc comment states. Unlike BOOST_ASSERT, it is checked in release builds as well; it costs a
/// comparison or two.
#define CREST_EXPECTS(condition)                                                                                       \
  (__builtin_expect(static_cast<bool>(condition), 1) ? void() : ::contract::broken(#condition, __FILE_NAME__, __LINE__))
