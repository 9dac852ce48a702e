#include "base/os/standard_output.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <iostream>
#include <unistd.h>

namespace {

/// Another descriptor as stdout while it lives; -1: none.
class stdout_as {
public:
  explicit stdout_as(int descriptor)
    : before_(::dup(STDOUT_FILENO)) {
    std::cout.flush();
    if (descriptor < 0) {
      ::close(STDOUT_FILENO);
    } else {
      ::dup2(descriptor, STDOUT_FILENO);
      ::close(descriptor);
    }
  }
  ~stdout_as() {
    ::dup2(before_, STDOUT_FILENO);
    ::close(before_);
  }

private:
  int before_;
};

int full() { return ::open("/dev/full", O_WRONLY); }
int closed() { return -1; }
int read_only() { return ::open("/dev/null", O_RDONLY); }
int sink() { return ::open("/dev/null", O_WRONLY); }
int without_reader() {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  ::close(ends[0]);
  return ends[1];
}

}

TEST_CASE("what cannot be printed is said, with the reason") {
  struct row {
    char const* name;
    int (*open)();
    std::size_t bytes;
    char const* problem;
  };
  row const table[] = {
      {"a full device", full, 5, "cannot write to stdout: No space left on device"},
      {"a full device, more than a block", full, 100'000, "cannot write to stdout: No space left on device"},
      {"a full device, exactly a block", full, 1 << 14, "cannot write to stdout: No space left on device"},
      {"a pipe without a reader", without_reader, 5, "cannot write to stdout: Broken pipe"},
      {"a closed stdout", closed, 5, "cannot write to stdout: Bad file descriptor"},
      {"a stdout for reading", read_only, 5, "cannot write to stdout: Bad file descriptor"},
      {"all is well", sink, 100'000, ""},
      {"nothing to say", full, 0, ""},
  };
  for (row const& r : table) {
    std::string problem, line_problem;
    {
      stdout_as const changed(r.open());
      os::standard_output out;
      std::cout << std::string(r.bytes, 'x') << std::flush << std::string(r.bytes, 'y');
      problem = out.finish();
      try {
        if (r.bytes > 0) os::print_line("ready");
      } catch (std::runtime_error const& error) {
        line_problem = error.what();
      }
      std::cout.clear();
    }
    INFO(r.name);
    CHECK(problem == r.problem);
    CHECK(line_problem == r.problem);
  }
}

TEST_CASE("with a closed stdout no other file gets its number") {
  int opened = -1;
  {
    stdout_as const changed(-1);
    os::standard_output const out;
    opened = ::open("/dev/null", O_WRONLY);
    ::close(opened);
  }
  CHECK(opened > STDERR_FILENO);
}
