#include "base/os/directory_claim.hpp"

#include "base/os/descriptor.hpp"
#include "base/os/file_lock.hpp"
#include "base/os/machine.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace os {
namespace {

namespace fs = std::filesystem;

/// The two locks of the file: `entry` is held briefly while entering or leaving, `use` while using the directory.
enum : off_t { entry = 0, use = 1 };

bool is_file(int descriptor, fs::path const& file) {
  struct ::stat open {
  }, named{};
  return ::fstat(descriptor, &open) == 0 && ::stat(file.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

/// Opens the file and takes the `entry` lock. Tries again if another user removes the file meanwhile.
int open_and_enter(fs::path const& file, bool& locked) {
  for (;;) {
    int const descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (descriptor < 0)
      throw std::runtime_error("cannot write into " + file.parent_path().string() + ": " +
                               std::generic_category().message(errno));
    try {
      lock_byte(descriptor, entry, F_WRLCK, true);
    } catch (std::system_error const&) { // ENOLCK, EINVAL, EOPNOTSUPP: no locks here
      locked = false;
      return descriptor;
    }
    if (is_file(descriptor, file)) return descriptor;
    ::close(descriptor);
  }
}

/// A line for each user of the directory, for people: only the locks matter. "PID SINCE COMMAND".
std::string line_of_this_process() {
  constexpr std::size_t longest = 200;
  std::string command;
  for (std::string const& word : command_line()) command += (command.empty() ? "" : " ") + word;
  if (command.size() > longest) command = command.substr(0, longest) + "...";
  for (char& c : command)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return std::to_string(::getpid()) + " " + wall_clock() + " " + command + "\n";
}

/// `keep`: behind the lines of others that share the directory.
void sign(int descriptor, bool keep) {
  if (!keep && ::ftruncate(descriptor, 0) != 0) return;
  if (::lseek(descriptor, 0, SEEK_END) >= 0) static_cast<void>(write_all(descriptor, line_of_this_process()));
}

/// " (process PID, since SINCE: COMMAND)" of the first that still runs; of the first, if none does on this machine.
std::string holder(int descriptor) {
  std::array<char, 4096> text{};
  ssize_t const size = ::pread(descriptor, text.data(), text.size(), 0);
  if (size <= 0) return "";
  std::istringstream lines(std::string(text.data(), static_cast<std::size_t>(size)));
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    pid_t pid = 0;
    std::string since, command;
    if (!(words >> pid >> since) || pid <= 0) continue;
    std::getline(words >> std::ws, command);
    std::string const told = " (process " + std::to_string(pid) + ", since " + since + ": " + command + ")";
    if (::kill(pid, 0) == 0 || errno == EPERM) return told;
    if (first.empty()) first = told;
  }
  return first;
}

/// Holds the `entry` lock.
struct held_entry {
  int descriptor;
  bool locked;
  ~held_entry() {
    if (locked) lock_byte(descriptor, entry, F_UNLCK, false);
  }
};

}

directory_claim::directory_claim(fs::path const& directory, std::string const& lock_name, fs::path claimed)
  : file_(directory / lock_name)
  , claimed_(std::move(claimed)) {
  std::error_code error;
  for (fs::path at = directory; !at.empty() && !fs::exists(at, error); at = at.parent_path()) {
    if (at.has_filename()) made_.insert(made_.begin(), at);
    if (at == at.parent_path()) break;
  }
  fs::create_directories(directory, error);
  if (error) throw std::runtime_error("cannot make " + directory.string() + ": " + error.message());
  descriptor_ = open_and_enter(file_, locked_);
}

void directory_claim::refuse(std::string const& what) const {
  bool const is_directory = claimed_ == file_.parent_path();
  throw directory_in_use(claimed_.string() + ": in use by another crest-sim" + holder(descriptor_) + what +
                         "; wait until it has ended, or name another " + (is_directory ? "directory" : "file"));
}

directory_claim directory_claim::alone(directory_claim claim) {
  held_entry const open{claim.descriptor_, claim.locked_};
  if (!claim.locked_) return claim;
  if (!lock_byte(claim.descriptor_, use, F_WRLCK, false)) claim.refuse("");
  sign(claim.descriptor_, false);
  return claim;
}

directory_claim directory_claim::alone(fs::path const& directory) {
  return alone(directory_claim(directory, file_name, directory));
}

directory_claim directory_claim::of_file(fs::path const& file) {
  fs::path const directory = file.has_parent_path() ? file.parent_path() : fs::path(".");
  return alone(directory_claim(directory, "." + file.filename().string() + file_name, file));
}

directory_claim directory_claim::together(fs::path const& directory, std::function<bool()> const& same,
                                          std::function<void()> const& take_over) {
  directory_claim claim(directory, file_name, directory);
  held_entry const open{claim.descriptor_, claim.locked_};
  bool const fits = same();
  if (claim.locked_ && !lock_byte(claim.descriptor_, use, fits ? F_RDLCK : F_WRLCK, false))
    claim.refuse(fits ? "" : ", which works on something else");
  if (claim.locked_) sign(claim.descriptor_, fits);
  if (fits) return claim;
  take_over();
  if (claim.locked_) lock_byte(claim.descriptor_, use, F_RDLCK, false);
  return claim;
}

directory_claim::directory_claim(directory_claim&& other) noexcept
  : file_(std::move(other.file_))
  , claimed_(std::move(other.claimed_))
  , made_(std::move(other.made_))
  , descriptor_(std::exchange(other.descriptor_, -1))
  , locked_(other.locked_) {}

directory_claim::~directory_claim() {
  if (descriptor_ < 0) return;
  try {
    if (!locked_) {
      ::unlink(file_.c_str());
    } else {
      lock_byte(descriptor_, entry, F_WRLCK, true);
      bool const ours = is_file(descriptor_, file_); // the last user may have removed it, and a new one created another
      if (ours && lock_byte(descriptor_, use, F_WRLCK, false)) ::unlink(file_.c_str()); // there is no other user
    }
  } catch (std::system_error const&) { // the file stays behind, which does no harm
  }
  ::close(descriptor_);
  for (auto at = made_.rbegin(); at != made_.rend(); ++at)
    if (::rmdir(at->c_str()) != 0) break; // not empty
}

}
