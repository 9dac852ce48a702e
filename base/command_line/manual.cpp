#include "base/command_line/manual.hpp"

#include <algorithm>
#include <array>

namespace command_line {

std::string function_of(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return "_" + name;
}

completes completes_with(option_facts const& option) {
  if (option.type.empty()) return completes::nothing;
  if (!option.words.empty()) return completes::words;
  if (option.type == type_of_scenarios) return completes::scenarios;
  if (option.type == type_of_commands) return completes::commands;
  if (option.type == "DIR" || option.label == "DIR") return completes::directories;
  constexpr std::array<std::string_view, 4> files{"FILE", "RESULT", "BASE", "NEW"};
  bool const file = std::find(files.begin(), files.end(), option.type) != files.end() ||
                    std::find(files.begin(), files.end(), option.label) != files.end();
  return file ? completes::files : completes::nothing;
}

std::optional<std::string> generated(command_facts const& program, std::string_view what) {
  if (what == "man") return man_page(program);
  if (what == "bash") return bash_completion(program);
  if (what == "zsh") return zsh_completion(program);
  if (what == "fish") return fish_completion(program);
  return std::nullopt;
}

}
