#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What this process and its machine are, for reports. Each is empty or none where the kernel does not tell.
namespace os {

/// The words with which this process was started.
std::vector<std::string> command_line();

std::string host_name();

/// Cores on which this process may run.
unsigned available_cores();

/// Processes that ran or wanted to, on average over the last minute.
std::optional<double> load_average();

/// Of all cores since the machine started, in ticks.
struct processor_time {
  std::uint64_t busy = 0, all = 0;
};
std::optional<processor_time> processor_time_now();

/// The share of the machine's time between the two that was not idle, 0 to 1; none if no tick passed.
std::optional<double> busy_between(processor_time const& before, processor_time const& after);

/// Of the calling thread, since it began.
double thread_cpu_seconds() noexcept;

/// The calling thread gets a processor when others leave one, as far as the kernel lets it.
void yield_to_others() noexcept;

/// "2026-01-31T12:00:00Z": RFC 3339, UTC.
std::string wall_clock();

/// Bytes that may still be written below `directory`, which exists; none where nobody knows.
std::optional<std::uint64_t> room_in(std::filesystem::path const& directory);

}
