#pragma once

#include <string>
#include <vector>

namespace sim::cli {

/// The scenarios of a suite.
struct suite_files {
  std::string name;                  // of the whole: the directory's, or "suite"
  std::vector<std::string> files;    // in the order of the command line; of a directory in the order of their names
  std::vector<std::string> left_out; // a line for each file of a directory that is none, and for what is named twice
};

/// Whether the words of a command line are a suite: a directory, or more than one.
bool is_suite(std::vector<std::string> const& words);

/// The scenarios that files and directories name. Of a directory: its own `*.json` files that are scenarios, or cannot
/// be read; sweeps, plans, schemas and JSON of another kind are left out. Throws `config::bad_input` for a directory
/// that cannot be read, or has none.
suite_files files_of(std::vector<std::string> const& words);

/// A name for each file's directory: the file's without its ending, made unique.
std::vector<std::string> directory_names(std::vector<std::string> const& files);

}
