#include "base/os/machine.hpp"

#include <array>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace os {

std::vector<std::string> command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(in, word, '\0');) words.push_back(word);
  return words;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

unsigned available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(CPU_COUNT(&set));
  long const online = ::sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? static_cast<unsigned>(online) : 0;
}

std::optional<double> load_average() {
  double last_minute = 0;
  return ::getloadavg(&last_minute, 1) == 1 ? std::optional(last_minute) : std::nullopt;
}

std::optional<processor_time> processor_time_now() {
  std::ifstream in("/proc/stat");
  std::string name;
  if (!(in >> name) || name != "cpu") return std::nullopt;
  // user nice system idle iowait irq softirq steal; guests are counted in the first two already (proc(5)).
  std::array<std::uint64_t, 8> ticks{};
  for (std::uint64_t& t : ticks)
    if (!(in >> t)) return std::nullopt;
  processor_time now;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    now.all += ticks[i];
    if (i != 3 && i != 4) now.busy += ticks[i];
  }
  return now;
}

std::optional<double> busy_between(processor_time const& before, processor_time const& after) {
  if (after.all <= before.all || after.busy < before.busy) return std::nullopt;
  return static_cast<double>(after.busy - before.busy) / static_cast<double>(after.all - before.all);
}

std::string wall_clock() {
  std::time_t const now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

std::optional<std::uint64_t> room_in(std::filesystem::path const& directory) {
  struct ::statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0 || info.f_blocks == 0) return std::nullopt;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

double thread_cpu_seconds() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

void yield_to_others() noexcept {
  constexpr int nicest = 19;
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), nicest); // of one thread, on Linux
}

}
