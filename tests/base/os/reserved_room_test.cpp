#include "base/os/reserved_room.hpp"
#include "tests/base/os/small_disk.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <optional>

using namespace files_test;

namespace {

/// Fills the disk with a file, and returns how much went in.
std::size_t fill(std::filesystem::path const& file) {
  std::ofstream out(file, std::ios::binary);
  std::string const part(4096, 'x');
  std::size_t size = 0;
  while (out.write(part.data(), static_cast<std::streamsize>(part.size())).flush()) size += part.size();
  return size;
}

}

TEST_CASE("room that is reserved is nobody else's, and free when it is given up") {
  auto const end = on_a_small_disk(1 << 20, [](std::filesystem::path const& disk) -> std::string {
    std::optional<os::reserved_room> room(std::in_place, disk, 512 << 10);
    if (std::filesystem::directory_iterator(disk) != std::filesystem::directory_iterator()) return "it has a name";
    std::size_t const beside = fill(disk / "a");
    room.reset();
    std::size_t const given_up = fill(disk / "b");
    return std::to_string(beside >= 480 << 10 && beside <= 512 << 10) + std::to_string(given_up >= 480 << 10);
  });
  if (!end) {
    WARN("nobody may mount a small disk here");
    return;
  }
  CHECK(end->told == "11");
}

TEST_CASE("room that is not there is not reserved, and takes none") {
  os::reserved_room const nowhere("/no/such/directory", 1);
  auto const end = on_a_small_disk(256 << 10, [](std::filesystem::path const& disk) {
    os::reserved_room const too_much(disk, 1 << 20);
    return std::to_string(fill(disk / "a") >= 224 << 10);
  });
  if (end) CHECK(end->told == "1");
}
