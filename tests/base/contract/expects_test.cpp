#include "base/contract/expects.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

TEST_CASE("a broken precondition is named, and ends the program in every build") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t const child = ::fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL); // Catch's would report on it
    ::dup2(ends[1], STDERR_FILENO);
    CREST_EXPECTS(1 + 1 == 2);
    CREST_EXPECTS(1 + 1 == 3);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  char some[256];
  for (ssize_t got; (got = ::read(ends[0], some, sizeof some)) > 0;) said.append(some, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(said == "expects_test.cpp:18: broken precondition: 1 + 1 == 3\n");
}
