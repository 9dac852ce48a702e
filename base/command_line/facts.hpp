#pragma once

#include <CLI/App.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace command_line {

/// Types of values (CLI's type_name) for which completions know more than files. `type_of_scenarios`: a file, or a name
/// that `PROGRAM list --names` prints. `type_of_commands`: the name of a command.
inline constexpr std::string_view type_of_scenarios = "SCENARIO", type_of_commands = "COMMAND";

/// A flag, or a word that is known by its place.
struct option_facts {
  std::vector<std::string> names; // "-c", "--config"; none: known by its place
  std::string label;              // of a word known by its place: "FILE"
  std::string type;               // "DIR"; empty: takes no value
  std::vector<std::string> words; // all values that are allowed; empty: others, too
  std::string rule;               // "in [1 - 1024]"; empty: none that --help names
  std::string text, preset;
  bool required = false, repeats = false;
};

/// A command, or a program.
struct command_facts {
  std::string name, text, footer;
  std::vector<option_facts> options;
  std::vector<command_facts> commands;
};

/// What --help shows of `app` and of its commands, without what is hidden there, in the order of its definition.
command_facts facts_of(CLI::App const& app);

/// "{live,virtual}" → live, virtual.
std::vector<std::string> words_in(std::string_view braced);

std::vector<std::string> names_of(std::vector<command_facts> const& commands);

/// The first line of a text.
std::string first_line(std::string_view text);

}
