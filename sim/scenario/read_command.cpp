#include "sim/scenario/reading.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <string_view>

namespace sim::scenario {
namespace {

struct named_signal {
  std::string_view name;
  int number;
};

/// What programs take as a request to end or to reload. SIGKILL is what comes when that did not help.
constexpr std::array<named_signal, 7> signals = {{{"SIGHUP", SIGHUP},
                                                  {"SIGINT", SIGINT},
                                                  {"SIGQUIT", SIGQUIT},
                                                  {"SIGTERM", SIGTERM},
                                                  {"SIGUSR1", SIGUSR1},
                                                  {"SIGUSR2", SIGUSR2},
                                                  {"SIGWINCH", SIGWINCH}}};

std::vector<std::string> read_words(cursor const& at) { return at.value().get<std::vector<std::string>>(); }

signal_or_command read_request(cursor const& at) {
  if (at.value().is_array()) return {0, read_words(at)};
  std::string const name = at.value().get<std::string>();
  auto const found =
      std::find_if(signals.begin(), signals.end(), [&](named_signal const& s) { return s.name == name; });
  if (found != signals.end()) return {found->number, {}};
  std::string allowed;
  for (named_signal const& s : signals) allowed += std::string(s.name) + ", ";
  at.fail("found \"" + name + "\"; allowed: " + allowed + "or a command as a list of words");
}

/// Names that nodes of other kinds have, and sides of partitions: a node's name says what it is.
constexpr std::array<std::string_view, 10> taken = {"gateway",  "nginx", "external", "proxy", "proxies",
                                                    "balancer", "sol",   "sols",     "redis", "clients"};

}

command_settings read_command(cursor const& at, std::filesystem::path const& directory) {
  command_settings program;
  program.name = at.text("name", program.name);
  if (std::find(taken.begin(), taken.end(), program.name) != taken.end())
    at["name"].fail("found \"" + program.name + "\", which is what other nodes are called; allowed: a name of its own");
  program.command = read_words(at["command"]);
  if (at.has("config")) program.config = existing_file(at["config"], directory);
  // A program that the file names with a path is where the file says, as templates are.
  std::string& first = program.command.front();
  if (first.find('/') != std::string::npos)
    first = std::filesystem::absolute(directory / first).lexically_normal().string();
  if (at.has("ready")) {
    cursor const ready = at["ready"];
    program.ready_path = ready.text("http", "");
    program.ready_within = ready.duration("within", program.ready_within);
  }
  if (at.has("check")) program.check = read_words(at["check"]);
  if (at.has("stop")) program.stop = read_request(at["stop"]);
  if (at.has("reload")) program.reload = read_request(at["reload"]);
  return program;
}

}
