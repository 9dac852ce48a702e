#include "base/journal/journal.hpp"
#include "base/journal/records.hpp"
#include "tests/base/os/small_disk.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct scratch_file {
  std::filesystem::path directory, path;
  scratch_file() {
    std::string name = (std::filesystem::temp_directory_path() / "crest-journal-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    directory = name;
    path = directory / "node.journal";
  }
  ~scratch_file() { std::filesystem::remove_all(directory); }
};

journal::balancer_event event(std::uint64_t request) {
  journal::balancer_event e{};
  e.request = request;
  return e;
}

using writer = journal::writer<journal::balancer_event>;

std::vector<journal::balancer_event> read(scratch_file const& file, std::uint64_t from = 0) {
  return journal::read<journal::balancer_event>(file.path, "balancer_event", from);
}

}

TEST_CASE("records are read back in order, also from the middle, while the writer goes on") {
  scratch_file file;
  writer w(file.path, "balancer_event");
  for (std::uint64_t i = 1; i <= 10; ++i) w.append(event(i));
  CHECK(read(file).size() == 10);
  auto const later = read(file, 7);
  REQUIRE(later.size() == 3);
  CHECK(later[0].request == 8);
  w.append(event(11));
  CHECK(read(file, 10).size() == 1);
}

TEST_CASE("a record can be completed in place, whatever was appended since") {
  scratch_file file;
  writer w(file.path, "balancer_event");
  journal::balancer_event& first = w.append(event(1));
  for (std::uint64_t i = 2; i <= 20'000; ++i) w.append(event(i));
  first.status = 201;
  auto const all = read(file);
  REQUIRE(all.size() == 20'000);
  CHECK(all[0].status == 201);
  CHECK(all[19'999].request == 20'000);
}

TEST_CASE("a journal opened again keeps what is there and goes on behind it") {
  scratch_file file;
  std::uint64_t const before = GENERATE(1u, 4095u, 4096u, 4097u, 10'000u);
  INFO(before);
  {
    writer w(file.path, "balancer_event");
    for (std::uint64_t i = 1; i <= before; ++i) w.append(event(i));
  }
  {
    writer w(file.path, "balancer_event");
    CHECK(w.size() == before);
    for (std::uint64_t i = before + 1; i <= before + 5000; ++i) w.append(event(i));
  }
  auto const all = read(file);
  REQUIRE(all.size() == before + 5000);
  for (std::uint64_t i = 0; i < all.size(); ++i) REQUIRE(all[i].request == i + 1);
}

TEST_CASE("records survive the kill of the process that wrote them") {
  scratch_file file;
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    writer w(file.path, "balancer_event");
    for (std::uint64_t i = 1; i <= 5000; ++i) w.append(event(i));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(read(file).size() == 5000);
}

TEST_CASE("what is no journal, or one of another kind, is refused; what is not there has no records") {
  scratch_file file;
  CHECK(read(file).empty());
  { journal::writer<journal::sol_event> other(file.path, "sol_event"); }
  CHECK_THROWS(read(file));
  CHECK_THROWS(writer(file.path, "balancer_event"));
  std::ofstream(file.path, std::ios::trunc) << std::string(8192, 'x');
  CHECK_THROWS(read(file));
}

TEST_CASE("a journal on a full disk is an error with a name, and no bus error") {
  struct row {
    char const* name;
    std::size_t bytes; // of the disk
    bool begins;       // there is room for the first records
  };
  std::size_t const page = 4096, chunk = 4096 * sizeof(journal::balancer_event);
  for (row const& r :
       {row{"not even its header fits", page, false}, row{"its header fits, its records do not", 4 * page, true},
        row{"it fills up as it grows", 6 * page + chunk, true}}) {
    INFO(r.name);
    auto const end = files_test::on_a_small_disk(r.bytes, [&](std::filesystem::path const& disk) {
      if (!r.begins) std::ofstream(disk / "other") << std::string(page, 'x');
      writer w(disk / "node.journal", "balancer_event");
      for (std::uint64_t i = 1; i <= 20'000; ++i) w.append(event(i));
      return std::string("all written");
    });
    if (!end) {
      WARN("skipped: this machine lets nobody mount a small disk");
      return;
    }
    CHECK(end->signal == 0);
    CHECK_THAT(end->told, Catch::Contains("node.journal") && Catch::Contains("No space left on device"));
  }
}
