#pragma once

#include <filesystem>
#include <string>
#include <string_view>

/// Where things are on this machine.
namespace sim::live {

/// `name` beside our own executable. Throws `could_not_run` when it is not there.
std::filesystem::path program_beside_us(std::string_view name);

/// A program of `package`, in PATH or where it usually is. Throws `could_not_run` that says what it is needed for.
std::filesystem::path find_program(std::string const& name, std::string const& needed_for, std::string const& package);
/// The program of a command line: a path, or a name that is looked for as above. Throws `could_not_run`, which begins
/// with `where`.
std::filesystem::path find_command(std::string const& program, std::string const& where);
/// nginx from PATH or the usual places. Throws `could_not_run`, saying how to get it.
std::filesystem::path find_nginx();

/// The directory with nginx's dynamic modules, of which ngx_http_lua_module.so is one. Throws `could_not_run`.
std::filesystem::path find_nginx_modules();

/// The shipped scenarios: in the source tree above our executable, or installed beside it. Empty when there are none.
std::filesystem::path find_scenarios();

}
