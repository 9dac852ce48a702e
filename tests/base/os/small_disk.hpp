#pragma once

#include "tests/base/os/scratch.hpp"

#include <exception>
#include <fstream>
#include <functional>
#include <optional>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

namespace files_test {

/// What a child process did.
struct child_end {
  int signal = 0; // that killed it; 0: none
  std::string told;
};

/// Calls `work` in a child process with a directory that is a file system of `bytes`, mounted where nobody else sees
/// it; `told` is what it returns or throws. None where this machine lets nobody mount: the test is then to say so.
inline std::optional<child_end> on_a_small_disk(std::size_t bytes,
                                                std::function<std::string(std::filesystem::path const&)> const& work) {
  scratch const dir;
  std::filesystem::path const disk = dir.path / "disk", told = dir.path / "told";
  std::filesystem::create_directory(disk);
  constexpr int no_mounts = 77;
  pid_t const child = ::fork();
  if (child == 0) {
    std::string const user = std::to_string(::getuid());
    bool const separate = ::unshare(CLONE_NEWNS) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
    if (separate && user != "0") std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::string const size = "size=" + std::to_string(bytes);
    if (!separate || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", disk.c_str(), "tmpfs", 0, size.c_str()) != 0)
      ::_exit(no_mounts);
    std::string text;
    try {
      text = work(disk);
    } catch (std::exception const& error) {
      text = error.what();
    }
    std::ofstream(told) << text << std::flush;
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == no_mounts) return std::nullopt;
  return child_end{WIFSIGNALED(status) ? WTERMSIG(status) : 0, text_of(told)};
}

}
