#pragma once

#include "sim/sweep/engine.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace sim::command {

/// An engine by its name on the command line; `scratch` is a directory that live runs may use, and empty first.
/// Throws `config::bad_input` for a name that there is not.
sweep::engine engine_named(std::string const& name, std::filesystem::path const& scratch);

using engine_source = std::function<sweep::engine(std::string const&, std::filesystem::path const&)>;

}
