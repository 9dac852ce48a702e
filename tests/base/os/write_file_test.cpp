#include "base/os/write_file.hpp"
#include "tests/base/os/scratch.hpp"
#include "tests/base/os/small_disk.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <sys/resource.h>
#include <thread>
#include <vector>

using files_test::scratch;
using files_test::text_of;
namespace fs = std::filesystem;

TEST_CASE("a file is written where it was named, whatever was there") {
  scratch const dir;
  struct named {
    char const* name;
    fs::path file;
    void (*before)(fs::path const&);
  };
  auto const nothing = [](fs::path const&) {};
  named const table[] = {
      {"nothing there", dir.path / "a.txt", nothing},
      {"no directory there", dir.path / "b" / "c" / "a.txt", nothing},
      {"an older file", dir.path / "old.txt", [](fs::path const& f) { os::write_file(f, "a longer text"); }},
      {"blanks, quotes and markup", dir.path / "it's <a> & \"b\" %d $HOME {x}.txt", nothing},
      {"a name as long as names may be", dir.path / std::string(255, 'n'), nothing},
      {"an empty older file", dir.path / "empty", [](fs::path const& f) { os::write_file(f, ""); }},
  };
  for (named const& row : table) {
    INFO(row.name);
    row.before(row.file);
    os::write_file(row.file, "text");
    CHECK(text_of(row.file) == "text");
    for (auto const& entry : fs::directory_iterator(row.file.parent_path()))
      CHECK(entry.path().filename().string().find(".partial-") == std::string::npos);
  }
}

TEST_CASE("a link stays a link, and a file keeps its mode") {
  scratch const dir;
  os::write_file(dir.path / "target", "old");
  fs::permissions(dir.path / "target", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("target", dir.path / "link");
  os::write_file(dir.path / "link", "new");
  CHECK(fs::is_symlink(dir.path / "link"));
  CHECK(text_of(dir.path / "target") == "new");
  CHECK(fs::status(dir.path / "target").permissions() == (fs::perms::owner_read | fs::perms::owner_write));
  fs::create_symlink("nowhere", dir.path / "dangling");
  os::write_file(dir.path / "dangling", "there");
  CHECK(text_of(dir.path / "nowhere") == "there");
}

TEST_CASE("what cannot be written says why, and leaves what was there") {
  scratch const dir;
  os::write_file(dir.path / "file", "x");
  fs::create_directories(dir.path / "directory");
  struct refused {
    char const* name;
    fs::path file;
    char const* why;
  };
  refused const table[] = {
      {"a device that is full", "/dev/full", "No space left on device"},
      {"a link to one", dir.path / "full", "No space left on device"},
      {"a directory", dir.path / "directory", "Is a directory"},
      {"a file for a directory", dir.path / "file" / "below", "Not a directory"},
      {"a name that is too long", dir.path / std::string(256, 'n'), "File name too long"},
      {"a system directory", "/proc/nowhere/file", "No such file or directory"},
  };
  fs::create_symlink("/dev/full", dir.path / "full");
  for (refused const& row : table) {
    INFO(row.name);
    std::string said;
    try {
      os::write_file(row.file, "text");
    } catch (std::runtime_error const& error) {
      said = error.what();
    }
    CHECK(said == "cannot write " + row.file.string() + ": " + row.why);
  }
  CHECK(text_of(dir.path / "file") == "x");
  CHECK(fs::is_character_file("/dev/full")); // was not replaced
  CHECK(fs::is_symlink(dir.path / "full"));
}

TEST_CASE("a disk that is full leaves neither a part nor a change") {
  scratch const dir;
  os::write_file(dir.path / "report", "old");
  struct ::rlimit before {};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct ::rlimit small = before;
  small.rlim_cur = 1000;
  std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  CHECK_THROWS_WITH(os::write_file(dir.path / "report", std::string(100'000, 'x')),
                    Catch::Contains("cannot write") && Catch::Contains("File too large"));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(text_of(dir.path / "report") == "old");
  CHECK(std::distance(fs::directory_iterator(dir.path), fs::directory_iterator{}) == 1);
}

TEST_CASE("of several writers of one file, one text stays whole") {
  scratch const dir;
  std::vector<std::thread> writers;
  for (char c = 'a'; c != 'e'; ++c)
    writers.emplace_back([&, c] {
      for (int i = 0; i < 50; ++i) os::write_file(dir.path / "f", std::string(10'000, c));
    });
  for (std::thread& w : writers) w.join();
  std::string const text = text_of(dir.path / "f");
  CHECK(text == std::string(10'000, text[0]));
}

TEST_CASE("a file that does not fit on its disk is said so, and the one before stays") {
  auto const end = files_test::on_a_small_disk(64u << 10, [](fs::path const& disk) {
    os::write_file(disk / "report", "old");
    try {
      os::write_file(disk / "report", std::string(1u << 20, 'x'));
    } catch (std::exception const& error) {
      return std::string(error.what()) + "; " + text_of(disk / "report");
    }
    return std::string("written");
  });
  if (!end) {
    WARN("skipped: this machine lets nobody mount a small disk");
    return;
  }
  CHECK(end->signal == 0);
  CHECK_THAT(end->told, Catch::Contains("cannot write") && Catch::EndsWith("report: No space left on device; old"));
}
