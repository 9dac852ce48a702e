#pragma once

#include <string_view>

namespace config {

/// The project's version, `MAJOR.MINOR.PATCH`, as every program's `--version` prints it.
extern std::string_view const version;

/// The commit that was built: 12 hexadecimal digits, "+" behind them if files were changed since; empty if it was not
/// built in a repository.
extern std::string_view const commit;

}
