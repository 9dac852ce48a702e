#include "base/command_line/manual.hpp"
#include "base/config/joined.hpp"

namespace command_line {
namespace {

std::string quoted(std::string const& text) {
  std::string out = "'";
  for (char const c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

/// What a value may be, as arguments of `complete`; `for_flag`: of a flag that takes it.
std::string value_of(option_facts const& option, command_facts const& program, bool for_flag) {
  std::string const exclusive = for_flag ? " -x" : "";
  switch (completes_with(option)) {
  case completes::nothing:
    return exclusive;
  case completes::words:
    return exclusive + " -a " + quoted(config::joined(option.words, " "));
  case completes::commands:
    return exclusive + " -a " + quoted(config::joined(names_of(program.commands), " "));
  case completes::files:
    return for_flag ? " -r -F" : " -F";
  case completes::directories:
    return exclusive + " -a '(__fish_complete_directories)'";
  case completes::scenarios:
    return std::string(for_flag ? " -r" : "") + " -F -a " + quoted("(" + program.name + " list --names 2>/dev/null)");
  }
  return exclusive;
}

std::string lines_of(command_facts const& command, command_facts const& program, std::string const& start) {
  std::string text;
  for (option_facts const& option : command.options) {
    std::string line = start;
    for (std::string const& name : option.names)
      line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    if (!option.type.empty()) line += value_of(option, program, !option.names.empty());
    if (!option.names.empty()) line += " -d " + quoted(first_line(option.text));
    if (line != start) text += line + "\n";
  }
  return text;
}

}

std::string fish_completion(command_facts const& program) {
  std::string const start = "complete -c " + program.name;
  std::string text = "# fish completion of " + program.name + ", made from its --help\n" + start + " -f\n";
  if (program.commands.empty()) return text + lines_of(program, program, start);
  text += lines_of(program, program, start + " -n __fish_use_subcommand");
  for (command_facts const& command : program.commands)
    text += start + " -n __fish_use_subcommand -a " + command.name + " -d " + quoted(first_line(command.text)) + "\n" +
            lines_of(command, program, start + " -n '__fish_seen_subcommand_from " + command.name + "'");
  return text;
}

}
