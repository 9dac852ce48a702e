#include "sim/cli/suite_files.hpp"

#include "base/config/document.hpp"
#include "sim/cli/checked_file.hpp"
#include "sim/scenario/node_names.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

/// Why a file of a directory is no scenario to be run; nothing if it is one, or is to be one and is wrong.
std::optional<std::string> other_kind(fs::path const& file) {
  config::document document;
  try {
    document = config::document::load(file);
  } catch (config::bad_input const&) {
    return std::nullopt; // the check says what is wrong with it
  }
  nlohmann::json const& root = document.root();
  if (is_schema(document)) return "a JSON Schema, not a scenario";
  if (!root.is_object() || (!root.contains("topology") && !root.contains("load")))
    return "JSON of another kind, without topology and load";
  if (root.contains("axes")) return "a sweep, for `crest-sim sweep`";
  if (root.contains("plan")) return "a plan, for `crest-sim plan`";
  return std::nullopt;
}

std::vector<fs::path> json_files(fs::path const& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::string const name = it->path().filename().string();
    std::error_code none;
    if (name.ends_with(".json") && !name.starts_with('.') && !it->is_directory(none)) files.push_back(it->path());
  }
  if (error)
    throw config::bad_input(directory.string() + ": found a directory that cannot be read: " + error.message());
  std::sort(files.begin(), files.end(), [](auto const& a, auto const& b) { return a.filename() < b.filename(); });
  return files;
}

class collection {
public:
  suite_files of(std::vector<std::string> const& words) {
    out_.name = "suite";
    for (std::string const& word : words) {
      std::error_code none;
      if (!fs::is_directory(word, none)) {
        add(word);
        continue;
      }
      if (words.size() == 1) out_.name = (fs::absolute(word) / "").lexically_normal().parent_path().filename().string();
      add_directory(word);
    }
    return std::move(out_);
  }

private:
  void add(std::string const& file) {
    std::error_code none;
    fs::path const whole = fs::weakly_canonical(file, none);
    if (known_.insert(none ? fs::path(file) : whole).second) {
      out_.files.push_back(file);
    } else {
      out_.left_out.push_back(file + ": named before, run once");
    }
  }

  void add_directory(std::string const& directory) {
    std::size_t scenarios = 0;
    for (fs::path const& file : json_files(directory)) {
      if (auto const why = other_kind(file)) {
        out_.left_out.push_back(file.string() + ": " + *why + ": left out");
        continue;
      }
      add(file.string());
      ++scenarios;
    }
    if (scenarios == 0)
      throw config::bad_input(directory + ": found no scenario in it; allowed: a directory with scenarios, *.json, "
                                          "themselves in it");
  }

  suite_files out_;
  std::set<fs::path> known_;
};

}

bool is_suite(std::vector<std::string> const& words) {
  std::error_code none;
  return words.size() != 1 || fs::is_directory(words.front(), none);
}

suite_files files_of(std::vector<std::string> const& words) { return collection().of(words); }

std::vector<std::string> directory_names(std::vector<std::string> const& files) {
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (std::string const& file : files) {
    names.push_back(scenario::free_name(taken, directory_name(fs::path(file).stem().string()), "-"));
  }
  return names;
}

}
