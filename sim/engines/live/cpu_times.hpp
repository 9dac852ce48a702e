#pragma once

#include <cstdint>
#include <optional>

namespace sim::live {

/// CPU time of the whole machine since it was started, in the kernel's ticks (proc(5), /proc/stat).
struct cpu_times {
  std::uint64_t busy = 0, all = 0;
};

/// Nullopt where the kernel does not tell.
std::optional<cpu_times> read_cpu_times();

/// Share of the CPU time between two readings that was used, by whomever; nullopt if that is unknown or none passed.
std::optional<double> cpu_busy(std::optional<cpu_times> const& from, std::optional<cpu_times> const& to);

}
