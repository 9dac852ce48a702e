#pragma once

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <optional>
#include <string>

/// The command lines of our programs: how they are read, what is said of those that are wrong, and the texts that are
/// made of what `--help` shows.
namespace command_line {

/// Adds the command `help COMMAND`, which prints what COMMAND --help does. For programs with commands.
void add_help(CLI::App& app);

/// Reads the command line. Nothing if the program is to go on; else its exit code, and all was said: 0 for --help,
/// --version, `help` and `--generate man|bash|zsh|fish` (manual.hpp), on stdout; 2 for one that is wrong, with the line
/// of `fault_of` on stderr. `app` must have a name, the program's. Throws what callbacks throw beside CLI's own errors.
std::optional<int> parse(CLI::App& app, int argc, char const* const* argv);

/// What is wrong with a command line at which `app` threw `error`: one line, which begins with the program's name,
/// names what was found and, where some word that is known is near, that one.
std::string fault_of(CLI::App const& app, CLI::ParseError const& error);

}
