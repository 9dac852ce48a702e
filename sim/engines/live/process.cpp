#include "sim/engines/live/process.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sim::live {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);

[[noreturn]] void fail(std::string const& name, std::string const& what) {
  throw could_not_run(name + ": " + what + ": " + std::strerror(errno));
}

exit_status status_of(int raw) {
  if (WIFSIGNALED(raw)) return {0, WTERMSIG(raw)};
  return {WEXITSTATUS(raw), 0};
}

// Runs in the child between fork and exec: async-signal-safe calls only.
// `output` may be `log`.
[[noreturn]] void become(char const* program, char* const* arguments, int output, int log, int null, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127); // the parent died before prctl
  ::setpgid(0, 0);
  // The program does not inherit our handlers: a signal that comes before it has installed its own ends it.
  ::signal(SIGINT, SIG_DFL);
  ::signal(SIGTERM, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execv(program, arguments);
  ::_exit(127);
}

}

std::string exit_status::text() const {
  if (signal != 0) return "signal " + std::to_string(signal) + " (" + ::strsignal(signal) + ")";
  return "exit status " + std::to_string(code);
}

std::string last_lines(std::filesystem::path const& file, std::size_t lines) {
  std::ifstream in(file);
  std::deque<std::string> kept;
  for (std::string line; std::getline(in, line);) {
    kept.push_back("  " + line + "\n");
    if (kept.size() > lines) kept.pop_front();
  }
  std::string text;
  for (std::string const& line : kept) text += line;
  return text;
}

struct process::state {
  command what;
  pid_t pid = -1;
  bool running = false;
  bool expected = false;   // its end was asked for
  bool terminated = false; // it was asked
  bool ready = false;
  std::streamoff log_begin = 0; // of this life
  exit_status status;
  asio::posix::stream_descriptor pidfd;
  asio::posix::stream_descriptor output;
  asio::steady_timer ended; // never expires; cancelled at the end
  std::string buffer;
  std::function<void(process&)> on_crash;
  process* owner = nullptr;

  state(asio::any_io_executor const& executor, command c)
    : what(std::move(c))
    , pidfd(executor)
    , output(executor)
    , ended(executor, asio::steady_timer::time_point::max()) {}

  void reap() {
    // Before the zombie is waited for, its number cannot be anybody else's group. If it had none of its own yet, there
    // is none of that number.
    ::kill(-pid, SIGKILL);
    int raw = 0;
    while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
    }
    status = status_of(raw);
    running = false;
    ended.cancel();
  }
};

process::process(asio::any_io_executor executor, command what)
  : state_(std::make_shared<state>(executor, std::move(what))) {
  command const& c = state_->what;
  state_->owner = this;
  if (::access(c.program.c_str(), X_OK) != 0) fail(c.name, "cannot run " + c.program.string());

  int const log = ::open(c.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) fail(c.name, "cannot write " + c.log.string());
  state_->log_begin = ::lseek(log, 0, SEEK_END);
  int const null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::array<int, 2> pipe{-1, -1};
  if (null < 0 || ::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    ::close(log);
    if (null >= 0) ::close(null);
    fail(c.name, "cannot make a pipe");
  }

  std::string program = c.program.string();
  std::vector<std::string> texts = c.arguments;
  std::vector<char*> arguments{program.data()};
  for (std::string& text : texts) arguments.push_back(text.data());
  arguments.push_back(nullptr);

  pid_t const parent = ::getpid();
  sigset_t all, before; // the child must not run our handlers, which would report its signals as ours
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t const child = ::fork();
  if (child == 0) become(program.c_str(), arguments.data(), c.stdout_too ? log : pipe[1], log, null, parent);
  int const fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::close(log);
  ::close(null);
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    errno = fork_error;
    fail(c.name, "cannot fork");
  }
  state_->pid = child;
  state_->running = true;
  state_->output.assign(pipe[0]);
  int const pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  if (pidfd < 0) {
    int const pidfd_error = errno;
    ::kill(child, SIGKILL);
    state_->reap();
    errno = pidfd_error;
    fail(c.name, "cannot watch the process (pidfd_open, Linux 5.3 or newer)");
  }
  state_->pidfd.assign(pidfd);
  state_->pidfd.async_wait(asio::posix::stream_descriptor::wait_read, [s = state_](error_code error) {
    if (error || !s->running) return;
    s->reap();
    if (!s->expected && s->on_crash && s->owner) s->on_crash(*s->owner);
  });
}

process::~process() {
  state_->owner = nullptr;
  if (state_->running) {
    state_->expected = true;
    ::kill(state_->pid, SIGKILL);
    state_->reap();
  }
  error_code ignored;
  state_->pidfd.close(ignored);
  state_->output.close(ignored);
}

command const& process::what() const { return state_->what; }
pid_t process::pid() const { return state_->pid; }
bool process::running() const { return state_->running; }
exit_status process::status() const { return state_->status; }
void process::on_crash(std::function<void(process&)> callback) { state_->on_crash = std::move(callback); }

asio::awaitable<std::string> process::ready_line(std::chrono::nanoseconds patience) {
  auto const s = state_;
  asio::steady_timer watchdog(s->output.get_executor(), patience);
  // Shared: a handler that is already due runs although the timer is cancelled, and may find this coroutine gone.
  auto const late = std::make_shared<bool>(false);
  watchdog.async_wait([s, late](error_code error) {
    if (error) return;
    *late = true;
    s->output.cancel();
  });
  auto const [error, length] =
      co_await asio::async_read_until(s->output, asio::dynamic_buffer(s->buffer, 1u << 20), '\n', tuple_awaitable);
  watchdog.cancel();
  if (!error) {
    s->ready = true;
    std::string line = s->buffer.substr(0, length - 1);
    s->buffer.erase(0, length);
    co_return line;
  }
  if (error == asio::error::operation_aborted && !*late) throw boost::system::system_error(error);
  if (*late) {
    throw could_not_run(s->what.name + " was not ready within " +
                        std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(patience).count()) +
                        " ms; its output begins:\n" + first_lines());
  }
  // Its stdout closed: it is ending, or broke the contract. Give the kernel a moment to tell which.
  if (!co_await wait(std::chrono::seconds(2)))
    throw could_not_run(s->what.name + " closed its stdout before it was ready");
  throw could_not_run(obituary());
}

asio::awaitable<bool> process::wait(std::chrono::nanoseconds patience) {
  auto const s = state_;
  if (!s->running) co_return true;
  asio::steady_timer watchdog(s->ended.get_executor(), patience);
  auto const late = std::make_shared<bool>(false); // shared for the same reason
  watchdog.async_wait([s, late](error_code error) {
    if (error) return;
    *late = true;
    s->ended.cancel();
  });
  // `ended` may be cancelled for another waiter.
  while (s->running && !*late) {
    co_await s->ended.async_wait(tuple_awaitable);
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
      throw boost::system::system_error(asio::error::operation_aborted);
  }
  watchdog.cancel();
  co_return !s->running;
}

void process::is_ready() { state_->ready = true; }

void process::signal(int number) {
  if (state_->running) ::kill(state_->pid, number);
}

void process::expect_end() { state_->expected = state_->terminated = true; }

void process::terminate() {
  state_->expected = true;
  // Once: a second signal could arrive after the process gave up its handler on the way out.
  if (state_->running && !std::exchange(state_->terminated, true)) ::kill(state_->pid, state_->what.stop_signal);
}

asio::awaitable<exit_status> process::stop(std::chrono::nanoseconds patience) {
  auto const s = state_;
  terminate();
  if (!co_await wait(patience)) co_await kill();
  co_return s->status;
}

asio::awaitable<exit_status> process::kill() {
  auto const s = state_;
  s->expected = true;
  if (s->running) ::kill(s->pid, SIGKILL);
  while (!co_await wait(std::chrono::seconds(10))) {
  }
  co_return s->status;
}

std::string process::first_lines() const {
  std::ifstream in(state_->what.log);
  in.seekg(state_->log_begin);
  std::string text, line;
  for (int i = 0; i < 20 && std::getline(in, line); ++i) text += "  " + line.substr(0, 500) + "\n";
  return text.empty() ? "  (nothing)\n" : text;
}

namespace {

/// Why a log may say nothing of its process's end: its disk has no room. Empty where there is some.
std::string full_disk(std::filesystem::path const& log) {
  constexpr std::uintmax_t a_few_lines = 16384;
  std::error_code unknown;
  auto const room = std::filesystem::space(log.parent_path(), unknown);
  if (unknown || room.available >= a_few_lines) return "";
  return "  (the disk of " + log.parent_path().string() + " is full: " + std::generic_category().message(ENOSPC) +
         ")\n";
}

}

std::string process::obituary() const {
  if (!state_->ready)
    return state_->what.name + " ended before it was ready: " + state_->status.text() + "; its output begins:\n" +
           first_lines() + full_disk(state_->what.log);
  return state_->what.name + " ended unexpectedly: " + state_->status.text() + "; its log ends:\n" +
         last_lines(state_->what.log, 20) + full_disk(state_->what.log);
}

}
