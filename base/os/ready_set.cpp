#include "base/os/ready_set.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace os {

namespace asio = boost::asio;

namespace {
// Sockets served before Asio's timers and posted work get another turn.
constexpr int most_at_once = 64;
}

ready_set::ready_set(asio::io_context& context, std::function<void(std::uint64_t, std::uint32_t)> on_ready,
                     std::function<void()> on_served)
  : epoll_(context)
  , on_ready_(std::move(on_ready))
  , on_served_(std::move(on_served)) {
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

void ready_set::deliver() {
  std::array<epoll_event, 256> events;
  // Under load more sockets are ready by the time these are served: poll again here, since a round through Asio costs
  // two more system calls.
  int served = 0, count = 0;
  do {
    count = ::epoll_wait(epoll_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < count && epoll_.is_open(); ++i) {
      epoll_event const& event = events[static_cast<std::size_t>(i)];
      on_ready_(event.data.u64, event.events);
    }
    if (on_served_) on_served_();
    served += count;
  } while (count > 0 && served < most_at_once && epoll_.is_open());
  if (epoll_.is_open()) wait();
}

}
