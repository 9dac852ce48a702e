#include "tests/reports/samples/golden.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace reports_test {

std::string read(std::filesystem::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void check_golden(std::string const& folder, std::string const& name, std::string const& text) {
  std::filesystem::path const file = std::filesystem::path(CREST_SOURCE_DIR) / folder / name;
  char const* const update = std::getenv("UPDATE_GOLDENS");
  if (update != nullptr && std::string_view(update) == "1") {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  }
  INFO(name << ": if the change is meant, run again with UPDATE_GOLDENS=1");
  CHECK(read(file) == text);
}

scratch::scratch() {
  static std::atomic<int> number{0};
  path = std::filesystem::temp_directory_path() /
         ("crest-reports-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
  std::filesystem::create_directories(path);
}

std::vector<std::string> names_in(std::filesystem::path const& directory) {
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(directory))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

}
