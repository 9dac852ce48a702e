#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

/// Live runs: real processes, sockets and clocks.
namespace sim::live {

/// The run could not be carried out: a program is missing, did not start, or died. Exit code 1.
class could_not_run : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// How a process ended.
struct exit_status {
  int code = 0;   // when signal == 0
  int signal = 0; // 0: ended by itself

  bool clean() const { return code == 0 && signal == 0; }
  /// "exit status 3", "signal 9 (Killed)".
  std::string text() const;
};

struct command {
  std::string name; // of the node, for messages and the log's name
  std::filesystem::path program;
  std::vector<std::string> arguments; // without the program
  std::filesystem::path log;          // stderr is appended here
  bool stdout_too = false;            // so is stdout, which otherwise is for ready lines
  int stop_signal = SIGTERM;          // asks it to end
};

/// The last `lines` lines of FILE, each indented by two blanks; empty when there is none.
std::string last_lines(std::filesystem::path const& file, std::size_t lines);

/// A child process. It is in a process group of its own, so that a terminal's Ctrl-C reaches only us, and the kernel
/// kills it when our thread that started it ends, however that happens. What it leaves behind in its group is killed
/// when it is reaped. Not thread-safe: use on its executor's thread.
class process {
public:
  /// Starts it. Throws `could_not_run`.
  process(boost::asio::any_io_executor executor, command what);
  process(process const&) = delete;
  process& operator=(process const&) = delete;
  /// Kills and reaps what still runs.
  ~process();

  command const& what() const;
  pid_t pid() const;
  bool running() const;
  /// After the end.
  exit_status status() const;

  /// The next line of its stdout. Throws `could_not_run`, naming node, status and last log lines, if it ends, closes
  /// stdout or `patience` passes first.
  boost::asio::awaitable<std::string> ready_line(std::chrono::nanoseconds patience);

  /// Completes at its end, or with false when `patience` has passed.
  boost::asio::awaitable<bool> wait(std::chrono::nanoseconds patience);

  /// Called at its end, unless `stop`, `kill` or the destructor asked for it.
  void on_crash(std::function<void(process&)> callback);

  /// It answered as it should: an end from now on is no failed start.
  void is_ready();

  /// Sends a signal that is no request to end, if it runs.
  void signal(int number);
  /// Somebody else asks it to end: `stop` sends nothing, and waits.
  void expect_end();
  /// The stop signal, without waiting; sent once only.
  void terminate();
  /// The stop signal, then SIGKILL if it has not ended within `patience`. Completes when it was reaped.
  boost::asio::awaitable<exit_status> stop(std::chrono::nanoseconds patience);
  /// SIGKILL. Completes when it was reaped.
  boost::asio::awaitable<exit_status> kill();

  /// "gateway[1] ended unexpectedly: exit status 3; its log ends:" and the lines; of one that never was ready "ended
  /// before it was ready: exit status 1; its output begins:" and the first lines.
  std::string obituary() const;
  /// The first lines that this life of it wrote to its log, as `last_lines` has them.
  std::string first_lines() const;

private:
  struct state;
  std::shared_ptr<state> state_;
};

}
