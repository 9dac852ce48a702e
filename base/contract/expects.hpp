#pragma once

#include <cstdio>
#include <cstdlib>

namespace contract {

/// Says what was broken, and aborts: a bug of the caller, after which nothing that follows could be believed.
[[noreturn, gnu::cold, gnu::noinline]] inline void broken(char const* condition, char const* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: broken precondition: %s\n", file, line, condition);
  std::abort();
}

}

/// A precondition that a docstring states. Checked in release builds, too, unlike BOOST_ASSERT: a comparison or two.
#define CREST_EXPECTS(condition)                                                                                       \
  (__builtin_expect(static_cast<bool>(condition), 1) ? void() : ::contract::broken(#condition, __FILE_NAME__, __LINE__))
