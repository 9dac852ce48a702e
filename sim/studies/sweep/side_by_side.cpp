#include "sim/studies/sweep/side_by_side.hpp"

#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace sim::sweep {
namespace {

class crew {
public:
  crew(std::size_t count, std::function<bool()> const& stopped, std::function<void(std::size_t)> const& work)
    : count_(count)
    , stopped_(stopped)
    , work_(work) {}

  void run(unsigned jobs) {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < jobs && i < count_; ++i) others.emplace_back([this] { work(); });
    work();
    for (std::thread& other : others) other.join();
    if (error_) std::rethrow_exception(error_);
  }

private:
  void work() {
    while (auto const number = next()) {
      try {
        work_(*number);
      } catch (...) {
        std::lock_guard const lock(mutex_);
        if (!error_) error_ = std::current_exception();
      }
    }
  }

  std::optional<std::size_t> next() {
    std::lock_guard const lock(mutex_);
    if (error_ || next_ == count_ || stopped_()) return std::nullopt;
    return next_++;
  }

  std::size_t const count_;
  std::function<bool()> const& stopped_;
  std::function<void(std::size_t)> const& work_;
  std::mutex mutex_; // of what follows
  std::size_t next_ = 0;
  std::exception_ptr error_;
};

}

void side_by_side(std::size_t count, unsigned jobs, std::function<bool()> const& stopped,
                  std::function<void(std::size_t)> const& work) {
  crew(count, stopped, work).run(jobs);
}

}
