#include "base/os/private_file.hpp"
#include "base/os/within.hpp"
#include "base/os/write_file.hpp"
#include "tests/base/os/scratch.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <fcntl.h>
#include <future>
#include <memory>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

using files_test::scratch;
using files_test::text_of;
using os::private_file_fault;
namespace fs = std::filesystem;

namespace {

std::atomic<bool> const goes_on{false};
constexpr auto only_owner = fs::perms::owner_read | fs::perms::owner_write;

void make(fs::path const& file, std::string const& text, fs::perms mode = only_owner) {
  os::write_file(file, text);
  fs::permissions(file, mode);
}

}

TEST_CASE("a private file is read only if it is a file, this user's, closed to others and not too large") {
  scratch const dir;
  fs::path const file = dir.path / "secret";
  struct row {
    char const* name;
    void (*prepare)(fs::path const&);
    std::optional<private_file_fault> fault;
  };
  row const rows[] = {
      {"nothing there", [](fs::path const&) {}, private_file_fault::absent},
      {"private", [](fs::path const& f) { make(f, "12345678"); }, std::nullopt},
      {"empty", [](fs::path const& f) { make(f, ""); }, std::nullopt},
      {"one byte too many", [](fs::path const& f) { make(f, "123456789"); }, private_file_fault::too_large},
      {"its group may read", [](fs::path const& f) { make(f, "x", only_owner | fs::perms::group_read); },
       private_file_fault::open_to_others},
      {"others may write", [](fs::path const& f) { make(f, "x", only_owner | fs::perms::others_write); },
       private_file_fault::open_to_others},
      {"a directory", [](fs::path const& f) { fs::create_directory(f); }, private_file_fault::no_file},
      {"a pipe that nobody writes", [](fs::path const& f) { REQUIRE(::mkfifo(f.c_str(), 0600) == 0); },
       private_file_fault::no_file},
      {"a link to a private file",
       [](fs::path const& f) {
         make(f.parent_path() / "elsewhere", "x");
         fs::create_symlink("elsewhere", f);
       },
       private_file_fault::no_file},
  };
  for (row const& r : rows) {
    INFO(r.name);
    fs::remove_all(file);
    r.prepare(file);
    os::private_bytes const found = os::read_private_file(file, 8);
    CHECK(found.fault == r.fault);
    if (!r.fault) CHECK(found.bytes == text_of(file));
  }
  fs::remove_all(file);
  os::private_bytes const below = os::read_private_file(dir.path / "elsewhere" / "secret", 8);
  CHECK(below.fault == private_file_fault::unreadable);
  CHECK(below.error == ENOTDIR);
}

TEST_CASE("a private file of another user is not read, not even by root") {
  if (::geteuid() != 0) return; // only root can make one
  scratch const dir;
  fs::path const file = dir.path / "secret";
  make(file, "x");
  REQUIRE(::chown(file.c_str(), 65534, 65534) == 0);
  CHECK(os::read_private_file(file, 8).fault == private_file_fault::of_another_user);
}

TEST_CASE("a private file is written whole, for its user alone, and in place of nothing but its own kind") {
  scratch const dir;
  fs::path const file = dir.path / "secret";
  std::string const large = "MARK" + std::string(3u << 20, 'x');
  CHECK(os::write_private_file(file, large, "MARK", goes_on) == 0);
  CHECK(text_of(file) == large);
  CHECK(fs::status(file).permissions() == only_owner);
  make(file, "MARK of old", fs::perms::all); // open to all before, and not afterwards
  CHECK(os::write_private_file(file, "MARK and more", "MARK", goes_on) == 0);
  CHECK(fs::status(file).permissions() == only_owner);
  make(file, "");
  CHECK(os::write_private_file(file, "MARK", "MARK", goes_on) == 0);

  for (char const* const foreign : {"MAR", "mark", "something else"}) {
    make(file, foreign);
    CHECK(os::write_private_file(file, "MARK", "MARK", goes_on) == EEXIST);
    CHECK(text_of(file) == foreign);
  }
  fs::remove(file);
  make(dir.path / "target", "MARK of others");
  fs::create_symlink("target", file);
  CHECK(os::write_private_file(file, "MARK", "MARK", goes_on) == EEXIST);
  CHECK(text_of(dir.path / "target") == "MARK of others");
  fs::remove(file);
  fs::create_directory(file);
  CHECK(os::write_private_file(file, "MARK", "MARK", goes_on) == EEXIST);
  CHECK(os::write_private_file(dir.path / "nowhere" / "secret", "MARK", "MARK", goes_on) == ENOENT);
  for (auto const& entry : fs::directory_iterator(dir.path)) CHECK(entry.path().extension() != ".partial");
}

TEST_CASE("who gives up while a private file is written leaves the old one") {
  scratch const dir;
  fs::path const file = dir.path / "secret";
  make(file, "MARK of old");
  std::atomic<bool> const given_up{true};
  CHECK(os::write_private_file(file, "MARK of new", "MARK", given_up) == ETIME);
  CHECK(text_of(file) == "MARK of old");
  CHECK_FALSE(fs::exists(dir.path / "secret.partial"));
}

TEST_CASE("what a killed writer left behind is replaced, and can be removed") {
  scratch const dir;
  fs::path const file = dir.path / "secret", partial = dir.path / "secret.partial";
  make(partial, "half a secr", fs::perms::owner_read);
  CHECK(os::write_private_file(file, "MARK", "MARK", goes_on) == 0);
  CHECK_FALSE(fs::exists(partial));
  make(partial, "half a secr");
  os::remove_partial_private_file(file);
  CHECK_FALSE(fs::exists(partial));
  CHECK(text_of(file) == "MARK");
}

TEST_CASE("a private file has one user at a time, until that one ends") {
  scratch const dir;
  fs::path const file = dir.path / "secret";
  {
    os::file_claim first(file);
    REQUIRE(first.granted());
    os::file_claim const second(file);
    CHECK_FALSE(second.granted());
    CHECK(second.why_not() == "another process uses it");
    os::file_claim const moved = std::move(first);
    CHECK(moved.granted());
    CHECK_FALSE(os::file_claim(file).granted());
    CHECK(os::file_claim(dir.path / "another").granted());
  }
  CHECK(os::file_claim(file).granted());
  os::file_claim const nowhere(dir.path / "nowhere" / "secret");
  CHECK_FALSE(nowhere.granted());
  CHECK(nowhere.why_not().find("secret.lock cannot be opened (No such file or directory)") != std::string::npos);
}

TEST_CASE("what takes too long is given up, and goes on without its caller") {
  CHECK(os::within(std::chrono::hours(1), [] { return 7; }) == 7);
  CHECK_THROWS_AS(os::within(std::chrono::hours(1), []() -> int { throw std::runtime_error("no"); }),
                  std::runtime_error);
  std::promise<void> goes, gone;
  auto const waits = std::make_shared<std::future<void>>(goes.get_future());
  std::future<void> const ended = gone.get_future();
  auto const stuck = [waits, done = std::make_shared<std::promise<void>>(std::move(gone))] {
    waits->wait();
    done->set_value();
    return 7;
  };
  CHECK_FALSE(os::within(std::chrono::milliseconds(1), stuck));
  goes.set_value();
  ended.wait();
}
