#include "sim/engines/live/cpu_times.hpp"

#include <fstream>
#include <string>

namespace sim::live {

std::optional<cpu_times> read_cpu_times() {
  std::ifstream in("/proc/stat");
  std::string name;
  // Guests' time is in user and nice already.
  std::uint64_t user = 0, nice = 0, system = 0, idle = 0, waiting = 0, hard = 0, soft = 0, stolen = 0;
  if (!(in >> name >> user >> nice >> system >> idle >> waiting >> hard >> soft >> stolen) || name != "cpu")
    return std::nullopt;
  std::uint64_t const busy = user + nice + system + hard + soft + stolen;
  return cpu_times{busy, busy + idle + waiting};
}

std::optional<double> cpu_busy(std::optional<cpu_times> const& from, std::optional<cpu_times> const& to) {
  if (!from || !to || to->all <= from->all || to->busy < from->busy) return std::nullopt;
  return static_cast<double>(to->busy - from->busy) / static_cast<double>(to->all - from->all);
}

}
