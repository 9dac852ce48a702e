#pragma once

#include "sim/engines/live/balancer_place.hpp"
#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sim::live {

/// A balancer of kind `command`, with all placeholders filled in.
struct command_balancer {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::string config; // text of the file `config_file`; empty when the group has no template
};

/// `config_file` is where {{config}} will be; errors begin with `where`. Throws `could_not_run` when the program is not
/// installed, and `config::bad_input` for a template that cannot be read, an unknown placeholder, and a load over TLS
/// for which no placeholder names the certificate.
command_balancer fill_command(scenario::balancer_group const& group, std::string const& where,
                              balancer_place const& place, std::filesystem::path const& config_file);

/// The words of the group's `stop`, of the balancer with this process id.
std::vector<std::string> fill_stop(scenario::balancer_group const& group, std::string const& where,
                                   balancer_place const& place, std::filesystem::path const& config_file, pid_t pid);

}
