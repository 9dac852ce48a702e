#include "base/command_line/facts.hpp"

namespace command_line {
namespace {

option_facts facts_of(CLI::Option const& option) {
  option_facts facts;
  for (std::string const& name : option.get_snames()) facts.names.push_back("-" + name);
  for (std::string const& name : option.get_lnames()) facts.names.push_back("--" + name);
  if (option.get_positional()) facts.label = option.get_name(true, false);
  if (option.get_items_expected_max() != 0) { // "TEXT:{live,virtual}", "UINT:INT in [1 - 1024]"
    std::string const type = option.get_type_name();
    std::size_t const colon = type.find(':');
    facts.type = type.substr(0, colon);
    if (colon != std::string::npos && type[colon + 1] == '{') {
      facts.words = words_in(type.substr(colon + 1));
    } else if (colon != std::string::npos) {
      facts.rule = type.substr(colon + 1);
    }
  }
  facts.text = option.get_description();
  facts.preset = option.get_default_str();
  facts.required = option.get_required();
  facts.repeats =
      option.get_items_expected_max() > 1 || option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  return facts;
}

}

std::vector<std::string> words_in(std::string_view braced) {
  std::vector<std::string> words;
  if (braced.size() < 2 || braced.front() != '{' || braced.back() != '}') return words;
  braced = braced.substr(1, braced.size() - 2);
  while (!braced.empty()) {
    std::size_t const comma = braced.find(',');
    words.emplace_back(braced.substr(0, comma));
    braced = comma == std::string_view::npos ? std::string_view() : braced.substr(comma + 1);
  }
  return words;
}

std::vector<std::string> names_of(std::vector<command_facts> const& commands) {
  std::vector<std::string> names;
  for (command_facts const& command : commands) names.push_back(command.name);
  return names;
}

std::string first_line(std::string_view text) { return std::string(text.substr(0, text.find('\n'))); }

command_facts facts_of(CLI::App const& app) {
  command_facts facts{app.get_name(), app.get_description(), app.get_footer(), {}, {}};
  for (CLI::Option const* option : app.get_options())
    if (!option->get_group().empty()) facts.options.push_back(facts_of(*option));
  for (CLI::App const* command : app.get_subcommands([](CLI::App const*) { return true; }))
    if (!command->get_group().empty()) facts.commands.push_back(facts_of(*command));
  return facts;
}

}
