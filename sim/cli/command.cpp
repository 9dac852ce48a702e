#include "sim/cli/command.hpp"

#include "base/command_line/facts.hpp"
#include "sim/cli/shipped.hpp"
#include "sim/scenario/load.hpp"

#include <cctype>

namespace sim::cli {

std::vector<std::string> scenario_choice::all() const {
  std::vector<std::string> result = overrides;
  if (!seed.empty()) result.push_back("seed=" + seed);
  return result;
}

config::document scenario_choice::document() const {
  check_file();
  config::document document = config::document::load(file);
  for (std::string const& assignment : all()) document.set(assignment);
  return document;
}

void scenario_choice::check_file() const { check_named(file); }

scenario::scenario scenario_choice::load() const { return scenario::load_document(document(), file); }

namespace {

constexpr char const* about_files =
    "scenario, JSON with comments (see `crest-sim schema`), or a shipped one's name (see `crest-sim list`)";

void add_overrides(CLI::App& command, scenario_choice& choice) {
  command.add_option("--set", choice.overrides, "override a value, such as topology.proxies.count=8; may be repeated")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--seed", choice.seed, "override the scenario's seed")->type_name("N");
}

}

void takes_names(CLI::Option& files) {
  files.type_name(std::string(command_line::type_of_scenarios));
  files.transform([](std::string const& word) { return file_named(word); });
}

void add_scenario(CLI::App& command, scenario_choice& choice) {
  takes_names(*command.add_option("FILE", choice.file, about_files)->required());
  add_overrides(command, choice);
}

void add_scenarios(CLI::App& command, std::vector<std::string>& files, scenario_choice& choice,
                   std::string const& more) {
  takes_names(*command.add_option("FILE", files, about_files + more)->required());
  add_overrides(command, choice);
}

std::string directory_name(std::string const& name) {
  std::string text;
  for (char const c : name) {
    bool const plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (plain) {
      text += c;
    } else if (!text.empty() && text.back() != '-') {
      text += '-';
    }
  }
  return text.empty() || text.front() == '.' ? "scenario" : text;
}

}
