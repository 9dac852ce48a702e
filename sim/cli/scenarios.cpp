// The commands about all scenarios: schema, list.
#include "base/config/schema_reference.hpp"
#include "base/os/terminal.hpp"
#include "reports/wording.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/shipped.hpp"
#include "sim/engines/live/balancer_place.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace sim::cli {
namespace {

std::string heading_of(shipped_kind kind) {
  switch (kind) {
  case shipped_kind::scenario:
    return "Scenarios (crest-sim run NAME)";
  case shipped_kind::sweep:
    return "Sweeps (crest-sim sweep NAME)";
  case shipped_kind::plan:
    return "Plans (crest-sim plan NAME)";
  }
  return "";
}

/// What the file says of itself, on one line.
std::string description_of(shipped_file const& file) {
  config::document const document = config::document::load(file.file);
  nlohmann::json const& root = document.root();
  if (!root.is_object()) return "";
  auto const text = root.find("description");
  return text != root.end() && text->is_string() ? reports::one_line(text->get_ref<std::string const&>()) : "";
}

struct schema_choice {
  std::string file; // empty: that of scenarios
  bool markdown = false;
};

int print_schema(schema_choice const& choice) {
  std::string text(scenario::scenario_schema);
  if (!choice.file.empty()) text = live::read_template(choice.file);
  if (!choice.markdown) {
    std::cout << text << '\n';
    return records::exit_passed;
  }
  auto const schema = nlohmann::ordered_json::parse(text, nullptr, false, true);
  if (!schema.is_object() || !schema.contains("properties"))
    throw config::bad_input(choice.file + ": found no schema of objects; allowed: a JSON Schema with \"properties\"");
  std::string const name =
      choice.file.empty() ? "scenario.schema.json" : std::filesystem::path(choice.file).filename().string();
  std::cout << config::reference_page(schema,
                                      "Made of " + name + " by `crest-sim schema --markdown`; change that file.");
  return records::exit_passed;
}

int list(bool names_only) {
  auto const files = shipped_files();
  if (files.empty()) throw live::could_not_run("the shipped scenarios are not beside crest-sim");
  std::size_t width = 0;
  for (shipped_file const& file : files) width = std::max(width, file.name.size());
  shipped_file const* before = nullptr;
  for (shipped_file const& file : files) {
    if (names_only) {
      std::cout << file.name << '\n';
      continue;
    }
    if (before == nullptr || before->kind != file.kind)
      std::cout << (before == nullptr ? "" : "\n") << os::fitted_to(STDOUT_FILENO, heading_of(file.kind)) << '\n';
    before = &file;
    std::string const padding(width - file.name.size(), ' ');
    std::cout << os::fitted_to(STDOUT_FILENO, "  " + file.name + padding + "  " + description_of(file)) << '\n';
  }
  return records::exit_passed;
}

}

void add_schema(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<schema_choice>();
  CLI::App& command = *app.add_subcommand("schema", "print the JSON Schema of scenarios");
  auto* const markdown =
      command.add_flag("--markdown", choice->markdown, "as a page for people, as docs/reference has it");
  command.add_option("FILE", choice->file, "of another schema than that of scenarios, such as gateway.schema.json")
      ->needs(markdown);
  command.callback([choice, &chosen] { chosen = [choice] { return print_schema(*choice); }; });
}

void add_list(CLI::App& app, action& chosen) {
  auto const names_only = std::make_shared<bool>(false);
  CLI::App& command = *app.add_subcommand("list", "list the shipped scenarios, sweeps and plans, which other commands "
                                                  "take by name");
  command.add_flag("--names", *names_only, "only their names, one a line");
  command.callback([names_only, &chosen] { chosen = [names_only] { return list(*names_only); }; });
}

}
