#include "sim/engines/live/interruption.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace sim::live {
namespace {

constexpr int exit_code = 130; // as for any interrupted command

std::atomic<int> signals{0};
std::atomic<int> wake_up{-1};
static_assert(std::atomic<int>::is_always_lock_free, "for a signal handler");

void note(int) {
  int const before = errno;
  // Who asks three times is not to be kept waiting. The kernel ends what a live run has started.
  if (signals.fetch_add(1) == 2) ::_exit(exit_code);
  std::uint64_t const one = 1;
  if (int const descriptor = wake_up.load(); descriptor >= 0 && ::write(descriptor, &one, sizeof one) < 0) {
    // full: whoever reads it will see that
  }
  errno = before;
}

void handle(void (*handler)(int)) {
  struct ::sigaction what {};
  what.sa_handler = handler;
  what.sa_flags = SA_RESTART;
  ::sigemptyset(&what.sa_mask);
  for (int const signal : {SIGINT, SIGTERM}) ::sigaction(signal, &what, nullptr);
}

}

interruption::interruption()
  : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  signals.store(0);
  wake_up.store(descriptor_);
  handle(note);
}

interruption::~interruption() {
  handle(SIG_DFL);
  wake_up.store(-1);
  ::close(descriptor_);
}

int interruption::count() const { return signals.load(); }

}
