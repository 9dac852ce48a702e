#include "base/command_line/manual.hpp"
#include "base/config/joined.hpp"

namespace command_line {
namespace {

/// The words that fill COMPREPLY.
std::string offer(option_facts const& option, command_facts const& program) {
  switch (completes_with(option)) {
  case completes::nothing:
    return ":";
  case completes::words:
    return "offer -W '" + config::joined(option.words, " ") + "'";
  case completes::commands:
    return "offer -W '" + config::joined(names_of(program.commands), " ") + "'";
  case completes::files:
    return "offer -f";
  case completes::directories:
    return "offer -d";
  case completes::scenarios:
    return "offer -f -W \"$(\"${COMP_WORDS[0]}\" list --names 2>/dev/null)\"";
  }
  return ":";
}

/// Cases of "COMMAND,FLAG" whose next word is the flag's value.
std::string cases_of_values(std::string const& name, command_facts const& command, command_facts const& program) {
  std::string text;
  for (option_facts const& option : command.options) {
    if (option.names.empty() || option.type.empty()) continue;
    std::string pattern = name + "," + config::joined(option.names, "|" + name + ",");
    text += "    " + pattern + ") " + offer(option, program) + "; return ;;\n";
  }
  return text;
}

/// A case of COMMAND: its flags, or what its words are.
std::string case_of_command(std::string const& name, command_facts const& command, command_facts const& program) {
  std::vector<std::string> flags;
  std::string words = ":";
  for (option_facts const& option : command.options) {
    flags.insert(flags.end(), option.names.begin(), option.names.end());
    if (option.names.empty()) words = offer(option, program);
  }
  if (!command.commands.empty()) words = "offer -W '" + config::joined(names_of(command.commands), " ") + "'";
  return "    '" + name + "')\n      if [[ $cur == -* ]]; then offer -W '" + config::joined(flags, " ") + "'; else " +
         words + "; fi ;;\n";
}

}

std::string bash_completion(command_facts const& program) {
  std::string const function = function_of(program.name);
  std::string text = "# bash completion of " + program.name + ", made from its --help\n" + function + R"(() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= i
  COMPREPLY=()
  offer() { local IFS=$' \t\n'; mapfile -t COMPREPLY < <(compgen "$@" -- "$cur"); }
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
)";
  if (!program.commands.empty())
    text += "  for ((i = 1; i < COMP_CWORD; ++i)); do\n    case ${COMP_WORDS[i]} in\n      " +
            config::joined(names_of(program.commands), "|") +
            ") command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n";
  text += "  compopt -o filenames 2>/dev/null\n  case $command,$prev in\n" + cases_of_values("", program, program);
  for (command_facts const& command : program.commands) text += cases_of_values(command.name, command, program);
  text += "    *) ;;\n  esac\n  case $command in\n" + case_of_command("", program, program);
  for (command_facts const& command : program.commands) text += case_of_command(command.name, command, program);
  return text + "  esac\n}\ncomplete -F " + function + " " + program.name + "\n";
}

}
