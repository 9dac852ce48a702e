#include "base/os/ready_set.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace os {

namespace asio = boost::asio;

namespace {
// Sockets served before Asio's timers and posted work get another turn.
constexpr int most_at_once = 64;
// … and where these turns are rare: how long none is ready before Asio does the waiting. Longer than the kernel's tick,
// so that the wait need not set the processor's timer anew, which costs a virtual machine more than the wait itself.
constexpr int rare_patience_ms = 10;

/// Changes with the kernel's tick, every 1 to 10 ms. A tenth of a clock's price.
std::int64_t tick() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}
}

ready_set::ready_set(asio::io_context& context, std::function<void(std::uint64_t, std::uint32_t)> on_ready,
                     std::function<void()> on_served, turns others)
  : epoll_(context)
  , on_ready_(std::move(on_ready))
  , on_served_(std::move(on_served))
  , others_(others) {
  int const fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  epoll_.assign(fd);
  wait();
}

void ready_set::add(int fd, std::uint64_t key) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key;
  if (::epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void ready_set::stop() {
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

void ready_set::wait() {
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (!error) deliver();
  });
}

// Under load more sockets are ready by the time these are served: ask again here, since a round through Asio costs
// three more system calls.
void ready_set::deliver() {
  if (others_ == turns::prompt) {
    for (int served = 0, count = 1; count > 0 && served < most_at_once && epoll_.is_open(); served += count)
      count = serve_ready(0);
  } else {
    std::int64_t const began = tick();
    while (epoll_.is_open() && serve_ready(rare_patience_ms) > 0 && tick() == began) {
    }
  }
  if (epoll_.is_open()) wait();
}

/// Returns how many there were; those that become ready within `patience_ms` count.
int ready_set::serve_ready(int patience_ms) {
  std::array<epoll_event, 256> events;
  int const count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), patience_ms);
  for (int i = 0; i < count && epoll_.is_open(); ++i) {
    epoll_event const& event = events[static_cast<std::size_t>(i)];
    on_ready_(event.data.u64, event.events);
  }
  if (on_served_) on_served_();
  return count;
}

}
