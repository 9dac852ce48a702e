// The command init: a scenario to begin with, and a template made of the user's own nginx configuration.
#include "base/config/document.hpp"
#include "base/config/words.hpp"
#include "base/os/write_file.hpp"
#include "sim/authoring/nginx_template.hpp"
#include "sim/authoring/starting_scenario.hpp"
#include "sim/cli/command.hpp"
#include "sim/engines/live/balancer_place.hpp"
#include "sim/records/result.hpp"

#include <CLI/Validators.hpp>

#include <filesystem>
#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct init_choice {
  std::string file = "scenario.json";
  std::string kind = std::string(name_of(authoring::start::gateway));
  std::string from;
  bool force = false;
};

/// Bad input if `file` may not be written.
void check_free(fs::path const& file, bool force) {
  std::error_code none;
  if (fs::is_directory(file, none))
    throw config::bad_input(file.string() + ": found a directory; allowed: the name of a file");
  if (!force && fs::exists(file, none))
    throw config::bad_input(file.string() + ": found a file that would be overwritten; allowed: a name that is free, "
                                            "or --force");
}

struct first_files {
  authoring::starting_point what;
  std::string template_text; // empty: none
  std::vector<std::string> notes;
};

first_files from_nginx(init_choice const& choice, first_files files) {
  fs::path const own = fs::absolute(choice.from).lexically_normal();
  auto made = authoring::make_nginx_template(live::read_template(choice.from), choice.from, own.parent_path().string());
  files.what.balancers = authoring::start::nginx;
  files.what.own_template = true, files.what.tls = made.tls;
  files.template_text = std::move(made.text);
  for (authoring::line_note const& note : made.notes)
    files.notes.push_back(choice.from + ":" + std::to_string(note.line) + ": " + note.text);
  return files;
}

int init(init_choice const& choice) {
  fs::path const scenario(choice.file);
  first_files files;
  files.what.name = scenario.stem().string();
  files.what.balancers = *config::value_of<authoring::start>(choice.kind);
  bool const command = choice.from.empty() && files.what.balancers == authoring::start::command;
  fs::path const beside = fs::path(scenario).replace_extension(command ? ".cfg" : ".conf");
  if (beside == scenario)
    throw config::bad_input(choice.file + ": found the name that the template would have; allowed: such as first.json");
  files.what.template_file = beside.filename().string();
  std::error_code none;
  if (!choice.from.empty() && fs::equivalent(choice.from, beside, none))
    throw config::bad_input(choice.from +
                            ": found the name that the template would have; allowed: another name for the "
                            "scenario than " +
                            scenario.string());
  if (!choice.from.empty())
    files = from_nginx(choice, std::move(files));
  else if (files.what.balancers != authoring::start::gateway)
    files.template_text = starting_template(files.what);

  check_free(scenario, choice.force);
  if (!files.template_text.empty()) {
    check_free(beside, choice.force);
    os::write_file(beside, files.template_text);
  }
  os::write_file(scenario, starting_scenario(files.what));
  std::cout << "wrote " << scenario.string() << '\n';
  if (!files.template_text.empty()) std::cout << "wrote " << beside.string() << ", its template\n";
  for (std::string const& note : files.notes) std::cout << "    " << note << '\n';
  std::cout << "next: crest-sim check " << scenario.string() << '\n';
  return records::exit_passed;
}

}

void add_init(CLI::App& app, action& chosen) {
  auto const kinds = config::words_of<authoring::start>();
  auto const choice = std::make_shared<init_choice>();
  CLI::App& command = *app.add_subcommand("init", "write a scenario to begin with, every key explained");
  command.add_option("FILE", choice->file, "what is written; a template goes beside it, as .conf or .cfg")
      ->capture_default_str();
  auto* const kind = command.add_option("--kind", choice->kind, "its balancers; command: HAProxy")
                         ->check(CLI::IsMember(std::vector<std::string>(kinds.begin(), kinds.end())))
                         ->capture_default_str();
  command
      .add_option("--from", choice->from,
                  "make the template of this nginx configuration, your own; says what could not be taken over")
      ->type_name("NGINX.CONF")
      ->excludes(kind);
  command.add_flag("--force", choice->force, "overwrite files that are there");
  command.callback([choice, &chosen] { chosen = [choice] { return init(*choice); }; });
}

}
