#include "base/command_line/parse.hpp"

#include "base/command_line/facts.hpp"
#include "base/command_line/manual.hpp"
#include "base/config/document.hpp"
#include "base/config/joined.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string_view>
#include <vector>

namespace command_line {
namespace {

constexpr int exit_bad_input = 2;

/// Ends the reading of a command line with a text for stdout.
class text_asked_for : public CLI::Success {
public:
  explicit text_asked_for(std::string text)
    : Success(std::move(text), CLI::ExitCodes::Success) {}
};

std::vector<std::string> commands_of(CLI::App const& app) { return names_of(facts_of(app).commands); }

std::vector<std::string> flags_of(CLI::App const& app) {
  std::vector<std::string> flags;
  for (option_facts const& option : facts_of(app).options)
    flags.insert(flags.end(), option.names.begin(), option.names.end());
  return flags;
}

/// "--engine: vrtual not in {live,virtual}" names the words that it was compared with.
std::string near_allowed_word(std::string const& message) {
  std::size_t const colon = message.find(": "), rule = message.rfind(" not in {");
  if (colon == std::string::npos || rule == std::string::npos || rule < colon + 2 || message.back() != '}') return "";
  std::string const found = message.substr(colon + 2, rule - colon - 2);
  return config::did_you_mean(found, words_in(message.substr(rule + 8)));
}

/// A word that nothing takes, in the command `app` that `path` names ("crest-sim run").
std::string unknown_word(CLI::App const& app, std::string const& path, std::string const& word) {
  std::string const see = " (see `" + path + " --help`)";
  if (word.size() > 1 && word.front() == '-') {
    std::string const flag = word.substr(0, word.find('='));
    return "found the flag " + flag + ", which is not known" + config::did_you_mean(flag, flags_of(app)) + see;
  }
  std::vector<std::string> const commands = commands_of(app);
  if (commands.empty()) return "found '" + word + "', which is one word too many" + see;
  return "found '" + word + "'; allowed: a command: " + config::joined(commands) + config::did_you_mean(word, commands);
}

/// The command that was chosen, and the way there.
struct chosen_command {
  CLI::App const* app;
  std::string path, prefix; // "crest-sim run", "crest-sim: run: "
};

std::vector<chosen_command> way_of(CLI::App const& app) {
  std::vector<chosen_command> way{{&app, app.get_name(), app.get_name() + ": "}};
  while (true) {
    auto const parsed = way.back().app->get_subcommands();
    if (parsed.empty()) return way;
    CLI::App const* const next = parsed.back();
    chosen_command step{next, way.back().path + " " + next->get_name(), way.back().prefix + next->get_name() + ": "};
    way.push_back(std::move(step));
  }
}

std::string on_one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

}

std::string fault_of(CLI::App const& app, CLI::ParseError const& error) {
  std::vector<chosen_command> const way = way_of(app);
  for (chosen_command const& command : way)
    if (auto const unknown = command.app->remaining(); !unknown.empty())
      return on_one_line(command.prefix + unknown_word(*command.app, command.path, unknown.front()));
  chosen_command const& last = way.back();
  std::vector<std::string> const commands = commands_of(*last.app);
  if (error.get_name() == "RequiredError" && !commands.empty())
    return last.prefix + "a command is missing; allowed: " + config::joined(commands);
  std::string const message = on_one_line(error.what());
  return last.prefix + message + near_allowed_word(message) + " (see `" + last.path + " --help`)";
}

void add_help(CLI::App& app) {
  auto const word = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand("help", "what a command does, and its flags: the same as COMMAND --help");
  command.add_option("COMMAND", *word, "one of the commands")->type_name(std::string(type_of_commands));
  command.callback([word, &app] {
    if (word->empty())
      throw text_asked_for(app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal));
    CLI::App const& all = app;
    auto const asked = all.get_subcommands(
        [&word](CLI::App const* one) { return one->get_name() == *word && !one->get_group().empty(); });
    if (asked.empty()) {
      std::vector<std::string> const commands = commands_of(app);
      throw CLI::ValidationError("COMMAND", "found '" + *word + "'; allowed: " + config::joined(commands) +
                                                config::did_you_mean(*word, commands));
    }
    throw text_asked_for(asked.front()->help(app.get_name()));
  });
}

std::optional<int> parse(CLI::App& app, int argc, char const* const* argv) {
  if (argc == 3 && std::string_view(argv[1]) == "--generate") { // for the build: not among the flags
    std::optional<std::string> const text = generated(facts_of(app), argv[2]);
    if (text) {
      std::cout << *text << std::flush;
      return 0;
    }
  }
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (text_asked_for const& asked) {
    std::cout << asked.what() << std::flush;
    return 0;
  } catch (CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::cerr << fault_of(app, error) << '\n';
    return exit_bad_input;
  }
}

}
