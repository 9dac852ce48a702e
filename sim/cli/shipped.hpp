#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// The scenarios, sweeps and plans that come with crest-sim, and their names.
namespace sim::cli {

enum class shipped_kind { scenario, sweep, plan };

struct shipped_file {
  shipped_kind kind;
  std::string name; // "quickstart"
  std::filesystem::path file;
};

/// Those of `directory`: scenarios, then its folders sweeps and plans, each by name. Empty where there is none.
std::vector<shipped_file> shipped_in(std::filesystem::path const& directory);

/// Those of this installation or source tree.
std::vector<shipped_file> shipped_files();

/// The file that a word of the command line means: itself if it has a '/' or exists, else the shipped file of that
/// name; a scenario before a sweep or a plan. A word that names nothing, or a sweep as well as a plan, stays what it
/// is.
std::string file_named(std::string const& word, std::vector<shipped_file> const& shipped);
/// The same of `shipped_files`, which are looked for only if the word can be no path.
std::string file_named(std::string const& word);

/// Throws `config::bad_input` for a word that `file_named` left, if it can be no path either: with the nearest name, or
/// the files that it may mean.
void check_named(std::string const& word, std::vector<shipped_file> const& shipped);
void check_named(std::string const& word);

}
