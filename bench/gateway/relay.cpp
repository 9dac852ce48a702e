// The floor of bench/gateway: copies bytes between each client connection and one of its own to the backend, and looks
// at none of them. One thread, edge-triggered epoll, one buffer.
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

sockaddr_in loopback(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// One direction's receiving end: what could not be sent on yet waits here.
struct end {
  int peer = -1;
  std::string waiting;
  bool open = false;
};

std::vector<end> ends; // by descriptor
int poller = -1;

void watch(int fd, int peer) {
  if (ends.size() <= static_cast<std::size_t>(fd)) ends.resize(static_cast<std::size_t>(fd) + 1);
  ends[static_cast<std::size_t>(fd)] = {peer, {}, true};
  int const one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.fd = fd;
  ::epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

void drop(int fd) {
  end& e = ends[static_cast<std::size_t>(fd)];
  if (!e.open) return;
  e.open = false;
  int const peer = e.peer;
  ::close(fd);
  drop(peer);
}

/// Sends what waits for `fd`'s peer to take; false when it does not take all.
bool flush(int fd) {
  end& e = ends[static_cast<std::size_t>(fd)];
  if (e.waiting.empty()) return true;
  ssize_t const sent = ::send(e.peer, e.waiting.data(), e.waiting.size(), MSG_NOSIGNAL);
  if (sent > 0) e.waiting.erase(0, static_cast<std::size_t>(sent));
  return e.waiting.empty();
}

/// From `fd` to its peer, as far as both go.
void carry(int fd) {
  static std::array<char, buffer_bytes> buffer;
  end& e = ends[static_cast<std::size_t>(fd)];
  while (e.open && flush(fd)) {
    ssize_t const got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return drop(fd);
    ssize_t const sent = ::send(e.peer, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
    if (sent < got) {
      std::size_t const taken = sent > 0 ? static_cast<std::size_t>(sent) : 0;
      e.waiting.assign(buffer.data() + taken, static_cast<std::size_t>(got) - taken);
    } else if (static_cast<std::size_t>(got) < buffer.size()) {
      return; // all was read: the next bytes are a new event
    }
  }
}

}

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: bench-relay PORT BACKEND_PORT\n"), 2;
  sockaddr_in const at = loopback(std::atoi(argv[1])), backend = loopback(std::atoi(argv[2]));
  int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int const one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (::bind(listener, reinterpret_cast<sockaddr const*>(&at), sizeof at) != 0 || ::listen(listener, 1024) != 0)
    return std::perror("bench-relay"), 1;
  poller = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  ::epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  std::array<epoll_event, 256> ready;
  for (;;) {
    int const count = ::epoll_wait(poller, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      int const fd = ready[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        int const client = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) continue;
        int const upstream = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(upstream, reinterpret_cast<sockaddr const*>(&backend), sizeof backend) != 0) return 1;
        ::fcntl(upstream, F_SETFL, O_NONBLOCK);
        watch(upstream, client);
        watch(client, upstream);
        continue;
      }
      if (!ends[static_cast<std::size_t>(fd)].open) continue;
      if ((ready[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) carry(ends[static_cast<std::size_t>(fd)].peer);
      if (ends[static_cast<std::size_t>(fd)].open) carry(fd);
    }
  }
}
