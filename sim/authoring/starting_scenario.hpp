#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sim::authoring {

/// What a first scenario has for balancers.
enum class start : std::uint8_t { gateway, nginx, command };

constexpr std::string_view name_of(start value) {
  switch (value) {
  case start::gateway:
    return "gateway";
  case start::nginx:
    return "nginx";
  case start::command:
    return "command";
  }
  return {};
}

/// What a scenario to begin with is made of.
struct starting_point {
  std::string name; // of the scenario
  start balancers = start::gateway;
  std::string template_file; // relative to the scenario; of nginx and command
  bool own_template = false; // somebody's own, of which nobody knows how it routes
  bool tls = false;
};

/// A scenario that runs as it stands, with what each of its keys means, in the words of the schema.
std::string starting_scenario(starting_point const& from);

/// The template for `nginx` or `command` (HAProxy) that goes with it, where it is not somebody's own.
std::string starting_template(starting_point const& from);

}
