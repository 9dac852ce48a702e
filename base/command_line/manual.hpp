#pragma once

#include "base/command_line/facts.hpp"

#include <optional>
#include <string>
#include <string_view>

/// Texts that are made of what a program says of its command line, so that none of them can differ from --help.
namespace command_line {

/// A manual page, section 1, for groff's `man` macros. ASCII: other characters are groff's escapes.
std::string man_page(command_facts const& program);

/// Completions, as these shells load them. They call the program for the names of scenarios only.
std::string bash_completion(command_facts const& program);
std::string zsh_completion(command_facts const& program);
std::string fish_completion(command_facts const& program);

/// One of the above by what --generate takes: man, bash, zsh, fish. Nothing for another word.
std::optional<std::string> generated(command_facts const& program, std::string_view what);

/// The shell function of a program's completion: crest-sim → _crest_sim.
std::string function_of(std::string name);

/// What a shell offers for a value, by its type and label.
enum class completes { nothing, words, files, directories, scenarios, commands };
completes completes_with(option_facts const& option);

}
