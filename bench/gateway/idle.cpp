// Idle connections for bench/gateway: opens COUNT to 127.0.0.1:PORT, with TLS if there is a third argument, asks for /
// once on each, reads the answer, says so on stdout, and holds them until its input ends.
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

struct free_tls {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* session) const { SSL_free(session); }
};

constexpr std::string_view question = "GET / HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer 0123456789abcdef\r\n\r\n";
constexpr std::string_view end_of_answer = "Moon 4\"}";

void raise_open_files() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

int connected(int port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<std::uint16_t>(port));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int const fd = ::socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) {
    std::perror("bench-idle: connect");
    std::exit(1);
  }
  return fd;
}

/// `send` and `receive` as ::send and ::recv.
template<class Send, class Receive>
bool exchange(Send send, Receive receive) {
  std::string answer;
  char part[4096];
  if (send(question.data(), question.size()) != static_cast<long>(question.size())) return false;
  while (answer.find(end_of_answer) == std::string::npos) {
    long const got = receive(part, sizeof part);
    if (got <= 0) return false;
    answer.append(part, static_cast<std::size_t>(got));
  }
  return true;
}

}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  int const port = std::atoi(argv[1]), count = std::atoi(argv[2]);
  raise_open_files();
  std::unique_ptr<SSL_CTX, free_tls> const context(argc > 3 ? SSL_CTX_new(TLS_client_method()) : nullptr);
  std::vector<std::unique_ptr<SSL, free_tls>> sessions;
  for (int i = 0; i != count; ++i) {
    int const fd = connected(port); // until the process ends
    bool answered = false;
    if (context) {
      SSL* const session = sessions.emplace_back(SSL_new(context.get())).get();
      SSL_set_fd(session, fd);
      answered =
          SSL_connect(session) == 1 &&
          exchange([&](char const* from, std::size_t n) { return SSL_write(session, from, static_cast<int>(n)); },
                   [&](char* to, std::size_t n) { return SSL_read(session, to, static_cast<int>(n)); });
    } else {
      answered = exchange([&](char const* from, std::size_t n) { return ::send(fd, from, n, MSG_NOSIGNAL); },
                          [&](char* to, std::size_t n) { return ::recv(fd, to, n, 0); });
    }
    if (!answered) {
      std::fprintf(stderr, "bench-idle: connection %d of %d was not answered\n", i + 1, count);
      return 1;
    }
  }
  std::puts("open");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
