#pragma once

#include <string_view>

namespace config {

/// The project's version, `MAJOR.MINOR.PATCH`, as every program's `--version` prints it.
extern std::string_view const version;

}
