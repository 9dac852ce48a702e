#include "base/command_line/manual.hpp"
#include "base/config/joined.hpp"

namespace command_line {
namespace {

/// In single quotes.
std::string quoted(std::string const& text) {
  std::string out = "'";
  for (char const c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Text within a specification of _arguments or _describe.
std::string escaped(std::string const& text) {
  std::string out;
  for (char const c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

/// "FILE:_files": what the value is called, and where it comes from.
std::string value_of(option_facts const& option, command_facts const& program) {
  std::string const label = escaped(option.label.empty() ? option.type : option.label);
  switch (completes_with(option)) {
  case completes::nothing:
    return label + ":";
  case completes::words:
    return label + ":(" + config::joined(option.words, " ") + ")";
  case completes::commands:
    return label + ":(" + config::joined(names_of(program.commands), " ") + ")";
  case completes::files:
    return label + ":_files";
  case completes::directories:
    return label + ":_directories";
  case completes::scenarios:
    return label + ":" + function_of(program.name) + "_scenarios";
  }
  return label + ":";
}

std::string arguments_of(command_facts const& command, command_facts const& program) {
  std::string text;
  for (option_facts const& option : command.options) {
    std::string const about = "[" + escaped(first_line(option.text)) + "]";
    if (option.names.empty())
      text += " \\\n        " + quoted((option.repeats ? "*:" : ":") + value_of(option, program));
    for (std::string const& name : option.names) {
      std::string const takes = option.type.empty() ? "" : (name.starts_with("--") ? "=" : "+");
      std::string const value = option.type.empty() ? "" : ":" + value_of(option, program);
      text += " \\\n        " + quoted((option.repeats ? "*" : "") + name + takes + about + value);
    }
  }
  return text;
}

}

std::string zsh_completion(command_facts const& program) {
  std::string const function = function_of(program.name);
  std::string text = "#compdef " + program.name + "\n# Made from its --help.\n";
  if (program.commands.empty())
    return text + function + "() {\n  _arguments -s" + arguments_of(program, program) + "\n}\n" + function +
           " \"$@\"\n";
  text += function + "_scenarios() {\n  local -a names\n  names=(${(f)\"$(" + program.name +
          " list --names 2>/dev/null)\"})\n  _alternative 'names:scenario:compadd -a names' 'files:file:_files'\n}\n";
  text += function + "() {\n  local curcontext=\"$curcontext\" state line\n  local -a commands\n  commands=(\n";
  for (command_facts const& command : program.commands)
    text += "    " + quoted(escaped(command.name) + ":" + escaped(first_line(command.text))) + "\n";
  text += "  )\n  _arguments -C" + arguments_of(program, program) +
          " \\\n        '1:command:->command' '*::argument:->argument'\n  case $state in\n"
          "  command) _describe command commands ;;\n  argument)\n    case $words[1] in\n";
  for (command_facts const& command : program.commands)
    text += "    " + command.name + ")\n      _arguments -s" + arguments_of(command, program) + " ;;\n";
  return text + "    esac ;;\n  esac\n}\n" + function + " \"$@\"\n";
}

}
