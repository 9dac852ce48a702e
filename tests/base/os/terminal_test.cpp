#include "base/os/terminal.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

/// COLUMNS for the time of a test.
struct columns_variable {
  explicit columns_variable(char const* value) {
    value == nullptr ? ::unsetenv("COLUMNS") : ::setenv("COLUMNS", value, 1);
  }
  ~columns_variable() { ::unsetenv("COLUMNS"); }
};

/// Both ends of a terminal.
struct terminal {
  int master = ::posix_openpt(O_RDWR | O_NOCTTY), slave = -1;
  terminal() {
    REQUIRE(master >= 0);
    REQUIRE(::grantpt(master) == 0);
    REQUIRE(::unlockpt(master) == 0);
    slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
    REQUIRE(slave >= 0);
  }
  ~terminal() {
    ::close(slave);
    ::close(master);
  }
  void resize(unsigned short columns) const {
    winsize size{};
    size.ws_row = 24, size.ws_col = columns;
    REQUIRE(::ioctl(slave, TIOCSWINSZ, &size) == 0);
  }
};

}

TEST_CASE("a line is cut to less than a terminal's columns, between characters") {
  CHECK(os::fitted("abcdef", 8) == "abcdef");
  CHECK(os::fitted("abcdef", 7) == "abcdef");
  CHECK(os::fitted("abcdef", 6) == "abcd…");
  CHECK(os::fitted("äöüßäöü", 5) == "äöü…");
  CHECK(os::fitted("äöüß", 5) == "äöüß");
  CHECK(os::fitted("abcdef", 2) == "…");
  CHECK(os::fitted("abcdef", 1).empty());
  CHECK(os::fitted("", 80).empty());
}

TEST_CASE("a terminal says how wide it is, unless COLUMNS does; files and pipes are never cut") {
  terminal const t;
  columns_variable const none(nullptr);
  CHECK(!os::terminal_columns(t.slave)); // does not know
  t.resize(7);
  CHECK(os::terminal_columns(t.slave) == 7u);
  CHECK(os::fitted_to(t.slave, "0123456789") == "01234…");
  {
    columns_variable const wider("9");
    CHECK(os::terminal_columns(t.slave) == 9u);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    CHECK(os::fitted_to(ends[1], "0123456789") == "0123456789");
    ::close(ends[0]), ::close(ends[1]);
  }
  for (char const* const nonsense : {"", "0", "wide", "80x"}) {
    columns_variable const set(nonsense);
    CHECK(os::terminal_columns(t.slave) == 7u);
  }
}
