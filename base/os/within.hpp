#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace os {

/// Runs `task` on a thread of its own, and returns what it returns; nullopt if that takes longer than `patience`, as
/// with a disk that does not answer. The thread then goes on alone, to the end of the process at most: `task` must own
/// all that it uses. Throws what `task` throws, and std::system_error if there is no thread to be had.
template<class Task>
std::optional<std::invoke_result_t<Task&>> within(std::chrono::nanoseconds patience, Task task) {
  std::packaged_task<std::invoke_result_t<Task&>()> job(std::move(task));
  auto outcome = job.get_future();
  std::thread(std::move(job)).detach();
  if (outcome.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return outcome.get();
}

}
