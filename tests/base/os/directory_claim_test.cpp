#include "base/os/directory_claim.hpp"
#include "base/os/machine.hpp"
#include "tests/base/os/scratch.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using files_test::scratch;
using files_test::text_of;
using os::directory_claim;
using os::directory_in_use;
namespace fs = std::filesystem;

namespace {

bool yes() { return true; }
bool no() { return false; }
void nothing() {}

/// A process that claims DIR and waits to be killed; it tells when it has it.
class other_process {
public:
  explicit other_process(fs::path const& directory) {
    int told[2];
    REQUIRE(::pipe(told) == 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      directory_claim const claim = directory_claim::alone(directory);
      if (::write(told[1], "x", 1) != 1) ::_exit(1);
      for (;;) ::pause();
    }
    ::close(told[1]);
    char c = 0;
    REQUIRE(::read(told[0], &c, 1) == 1);
    ::close(told[0]);
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }

private:
  pid_t pid_;
};

}

TEST_CASE("a directory has one user, or several that work on the same thing") {
  struct pair {
    char const* name;
    bool first_alone, second_alone;
    bool (*same)();
    bool granted;
  };
  pair const table[] = {
      {"two alone", true, true, yes, false},
      {"one alone, then a shard", true, false, yes, false},
      {"one alone, then a shard of something else", true, false, no, false},
      {"a shard, then one alone", false, true, yes, false},
      {"two shards of one sweep", false, false, yes, true},
      {"two shards of different sweeps", false, false, no, false},
  };
  for (pair const& row : table) {
    INFO(row.name);
    scratch const dir;
    bool taken_over = false;
    auto const take_over = [&] { taken_over = true; };
    std::optional<directory_claim> first, second;
    first.emplace(row.first_alone ? directory_claim::alone(dir.path)
                                  : directory_claim::together(dir.path, yes, nothing));
    auto const claim = [&] {
      second.emplace(row.second_alone ? directory_claim::alone(dir.path)
                                      : directory_claim::together(dir.path, row.same, take_over));
    };
    if (row.granted) {
      CHECK_NOTHROW(claim());
    } else {
      CHECK_THROWS_AS(claim(), directory_in_use);
    }
    CHECK_FALSE(taken_over);
    second.reset();
    if (!row.second_alone && row.granted) CHECK_THROWS_AS(directory_claim::alone(dir.path), directory_in_use);
    first.reset();
    CHECK(fs::is_empty(dir.path)); // the last one took the lock with it
    CHECK_NOTHROW(claim());
    CHECK(taken_over == (!row.second_alone && row.same == no));
  }
}

TEST_CASE("shards of a changed sweep take a directory over once, however many start") {
  scratch const dir;
  std::string held = "old";
  int taken_over = 0;
  std::vector<directory_claim> claims;
  for (int i = 0; i < 8; ++i)
    claims.push_back(directory_claim::together(
        dir.path, [&] { return held == "new"; },
        [&] {
          held = "new";
          ++taken_over;
        }));
  CHECK(taken_over == 1);
  CHECK_THROWS_AS(directory_claim::alone(dir.path), directory_in_use);
}

TEST_CASE("one path or another, a directory is one directory") {
  scratch const dir;
  fs::create_directories(dir.path / "o" / "below");
  fs::create_directory_symlink(dir.path / "o", dir.path / "link");
  directory_claim const claim = directory_claim::alone(dir.path / "o");
  for (fs::path const& spelling : {dir.path / "o" / "", dir.path / "link", dir.path / "o" / "below" / "..",
                                   dir.path / "." / "o", fs::path(dir.path.string() + "//o")}) {
    INFO(spelling);
    CHECK_THROWS_AS(directory_claim::alone(spelling), directory_in_use);
  }
  CHECK_NOTHROW(directory_claim::alone(dir.path / "o" / "below")); // another one
}

TEST_CASE("a claim ends with its process, and says which one has it") {
  scratch const dir;
  other_process other(dir.path);
  CHECK_THROWS_WITH(directory_claim::alone(dir.path),
                    Catch::Contains(dir.path.string() + ": in use by another crest-sim (process " +
                                    std::to_string(other.pid()) + ", since 20") &&
                        Catch::Contains(os::command_line().at(0)) && Catch::Contains("wait until it has ended"));
  other.kill();
  CHECK(fs::exists(dir.path / directory_claim::file_name)); // left behind, and no hindrance
  CHECK_NOTHROW(directory_claim::alone(dir.path));
  CHECK(fs::is_empty(dir.path));
}

TEST_CASE("of several that share a directory the one is named that still runs") {
  scratch const dir;
  std::optional<directory_claim> ours;
  std::string const gone = "999999999 2026-01-31T12:00:00Z crest-sim of the past\n";
  std::ofstream(dir.path / directory_claim::file_name) << gone;
  ours.emplace(directory_claim::together(dir.path, yes, nothing));
  CHECK_THROWS_WITH(directory_claim::alone(dir.path),
                    Catch::Contains("(process " + std::to_string(::getpid()) + ", since 20"));
}

TEST_CASE("a directory that cannot be made or written into is said to be so") {
  scratch const dir;
  std::ofstream(dir.path / "file") << "x";
  for (fs::path const& bad : {dir.path / "file", dir.path / "file" / "below", fs::path("/proc/self/nowhere"),
                              fs::path("/proc"), dir.path / std::string(300, 'n')}) {
    INFO(bad);
    CHECK_THROWS_AS(directory_claim::alone(bad), std::runtime_error);
  }
  CHECK(text_of(dir.path / "file") == "x");
}
