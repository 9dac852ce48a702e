#include "sim/cli/shipped.hpp"

#include "base/config/document.hpp"
#include "base/config/joined.hpp"
#include "sim/engines/live/paths.hpp"

#include <algorithm>
#include <tuple>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ending = ".json";

void add_files(std::vector<shipped_file>& files, shipped_kind kind, fs::path const& directory) {
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::string const name = it->path().filename().string();
    if (name.ends_with(ending) && !name.ends_with(".schema.json"))
      files.push_back({kind, name.substr(0, name.size() - ending.size()), it->path()});
  }
}

bool may_be_a_path(std::string const& word) {
  std::error_code error;
  return word.empty() || word.find('/') != std::string::npos || fs::exists(word, error);
}

/// Those that a word may mean: all scenarios of that name, or else all others.
std::vector<shipped_file> meant_by(std::string const& word, std::vector<shipped_file> const& shipped) {
  std::string const name = word.ends_with(ending) ? word.substr(0, word.size() - ending.size()) : word;
  std::vector<shipped_file> found;
  for (shipped_file const& file : shipped) {
    bool const comes_after = !found.empty() && found.front().kind == shipped_kind::scenario;
    if (file.name == name && !comes_after) found.push_back(file);
  }
  return found;
}

}

std::vector<shipped_file> shipped_in(fs::path const& directory) {
  std::vector<shipped_file> files;
  if (directory.empty()) return files;
  add_files(files, shipped_kind::scenario, directory);
  add_files(files, shipped_kind::sweep, directory / "sweeps");
  add_files(files, shipped_kind::plan, directory / "plans");
  std::sort(files.begin(), files.end(), [](shipped_file const& a, shipped_file const& b) {
    return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
  });
  return files;
}

std::vector<shipped_file> shipped_files() { return shipped_in(live::find_scenarios()); }

std::string file_named(std::string const& word) {
  return may_be_a_path(word) ? word : file_named(word, shipped_files());
}

void check_named(std::string const& word) {
  if (!may_be_a_path(word)) check_named(word, shipped_files());
}

std::string file_named(std::string const& word, std::vector<shipped_file> const& shipped) {
  if (may_be_a_path(word)) return word;
  auto const meant = meant_by(word, shipped);
  return meant.size() == 1 ? meant.front().file.string() : word;
}

void check_named(std::string const& word, std::vector<shipped_file> const& shipped) {
  if (may_be_a_path(word) || shipped.empty()) return;
  auto const meant = meant_by(word, shipped);
  if (meant.size() > 1) {
    std::vector<std::string> files;
    for (shipped_file const& file : meant) files.push_back(file.file.string());
    throw config::bad_input(word + ": found a name of several files; allowed: one of them: " + config::joined(files));
  }
  std::vector<std::string> names;
  for (shipped_file const& file : shipped) names.push_back(file.name);
  throw config::bad_input(
      word + ": found neither a file nor a shipped scenario; allowed: a file, or a name of `crest-sim list`" +
      config::did_you_mean(word, names));
}

}
