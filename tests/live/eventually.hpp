#pragma once

#include <chrono>
#include <thread>

namespace tests::live {

/// Whether `condition` comes to hold. Bounded by time, not by the number of looks: on a busy machine thousands of looks
/// may pass before another process runs at all. Gives way between looks.
template<class Condition>
bool eventually(Condition condition) {
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}
