#pragma once

#include "sim/engines/live/balancer_place.hpp"
#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sim::live {

/// A program and its arguments, with all placeholders filled in.
struct filled_command {
  std::filesystem::path program;
  std::vector<std::string> arguments;
};

/// A balancer of kind `command`: what its program, template and requests are in the run.
class command_balancer {
public:
  /// Errors begin with `where`. Both arguments outlive it.
  command_balancer(scenario::command_settings const& settings, balancer_place const& place, std::string where);

  /// Adds all unknown placeholders, a load over TLS for which none names the certificate, and a template that cannot be
  /// read or names no proxy.
  void check(config::faults& found) const;

  /// The text of `place.config`, with the template's line of each line; empty without a template. Throws
  /// `config::bad_input` for what `check` finds, as do those below.
  config::filled_text configuration() const;
  /// What starts it. Throws `could_not_run` when the program is not installed, as do those below.
  filled_command start() const { return filled("command", settings_.command); }
  /// What says whether its configuration is good; the group has such a command.
  filled_command test() const { return filled("check", settings_.check); }
  /// What asks the one with this process id to end, or to read its configuration again; the group has such a command.
  filled_command stop(pid_t pid) const { return asked("stop", settings_.stop, pid); }
  filled_command reload(pid_t pid) const { return asked("reload", settings_.reload, pid); }

private:
  enum class use { configuration, start, request };
  config::template_values values_for(use what, pid_t pid) const;
  filled_command filled(char const* property, std::vector<std::string> const& words) const;
  filled_command asked(char const* property, scenario::signal_or_command const& request, pid_t pid) const;
  std::string text() const;

  scenario::command_settings const& settings_;
  balancer_place const& place_;
  std::string where_;
};

}
