#include "sim/engines/live/paths.hpp"

#include "sim/engines/live/process.hpp"

#include <cstdlib>
#include <unistd.h>
#include <vector>

namespace sim::live {
namespace {

namespace fs = std::filesystem;

fs::path our_directory() {
  std::error_code error;
  fs::path const self = fs::read_symlink("/proc/self/exe", error);
  if (error) throw could_not_run("cannot find our own executable: " + error.message());
  return self.parent_path();
}

bool executable(fs::path const& file) { return ::access(file.c_str(), X_OK) == 0 && fs::is_regular_file(file); }

/// In PATH or where programs of this name usually are; empty if it is nowhere.
fs::path look_for(std::string const& name) {
  std::vector<fs::path> directories;
  if (char const* const path = std::getenv("PATH")) {
    std::string_view rest = path;
    while (!rest.empty()) {
      std::size_t const colon = rest.find(':');
      directories.emplace_back(rest.substr(0, colon));
      rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
  }
  for (std::string const& usual :
       std::initializer_list<std::string>{"/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/" + name + "/sbin"})
    directories.emplace_back(usual);
  for (fs::path const& directory : directories)
    if (fs::path file = directory / name; executable(file)) return file;
  return {};
}

}

fs::path program_beside_us(std::string_view name) {
  fs::path const file = our_directory() / name;
  if (!executable(file)) throw could_not_run(std::string(name) + " is not beside crest-sim: no " + file.string());
  return file;
}

fs::path find_program(std::string const& name, std::string const& needed_for, std::string const& package) {
  if (fs::path file = look_for(name); !file.empty()) return file;
  throw could_not_run("the scenario has " + needed_for + ", but there is no " + name + " in PATH: install " + package);
}

fs::path find_command(std::string const& program, std::string const& where) {
  bool const path = program.find('/') != std::string::npos;
  fs::path file = path ? (executable(program) ? fs::path(program) : fs::path()) : look_for(program);
  if (!file.empty()) return file;
  throw could_not_run(where + ": there is no program " + program + (path ? "" : " in PATH") +
                      ": install it, or name another in 'command'");
}

fs::path find_nginx() { return find_program("nginx", "nginx balancers", "nginx-light"); }

fs::path find_nginx_modules() {
  for (char const* usual : {"/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/nginx/modules"})
    if (fs::exists(fs::path(usual) / "ngx_http_lua_module.so")) return usual;
  throw could_not_run("nginx's Lua module is not installed: install libnginx-mod-http-lua");
}

fs::path find_scenarios() {
  fs::path const start = our_directory();
  if (fs::path installed = start.parent_path() / "share" / "crest-lab" / "scenarios"; fs::is_directory(installed))
    return installed;
  for (fs::path at = start; at.has_relative_path(); at = at.parent_path())
    if (fs::exists(at / "scenarios" / "scenario.schema.json")) return at / "scenarios";
  return {};
}

}
