#include "sim/engines/live/ports.hpp"
#include "sim/engines/live/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace sim::live;
namespace asio = boost::asio;

namespace {

using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

struct scratch {
  std::filesystem::path directory;
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "crest-live-XXXXXX").string();
    directory = ::mkdtemp(name.data());
  }
  ~scratch() { std::filesystem::remove_all(directory); }
};

command shell(scratch const& at, std::string script) {
  return {"node[7]", "/bin/sh", {"-c", std::move(script)}, at.directory / "node.log"};
}

/// Runs one coroutine to its end and passes its exception on.
template<class T>
T result_of(asio::io_context& context, asio::awaitable<T> what) {
  std::optional<T> value;
  std::exception_ptr broken;
  asio::co_spawn(context, std::move(what), [&](std::exception_ptr const& error, T v) {
    broken = error;
    if (!error) value = std::move(v);
    context.stop();
  });
  context.restart();
  context.run();
  if (broken) std::rethrow_exception(broken);
  return std::move(*value);
}

}

TEST_CASE("a process that dies before it is ready is named with its status and its last log lines") {
  scratch at;
  asio::io_context context;
  process child(context.get_executor(), shell(at, "echo first >&2; echo the disk is full >&2; exit 3"));
  std::string message;
  try {
    result_of(context, child.ready_line(std::chrono::seconds(10)));
  } catch (could_not_run const& error) {
    message = error.what();
  }
  CHECK_THAT(message, Catch::Contains("node[7]"));
  CHECK_THAT(message, Catch::Contains("exit status 3"));
  CHECK_THAT(message, Catch::Contains("the disk is full"));
}

TEST_CASE("a process that is killed from outside is reported as a crash, with the signal") {
  scratch at;
  asio::io_context context;
  process child(context.get_executor(), shell(at, "echo ready; exec sleep 100"));
  REQUIRE(result_of(context, child.ready_line(std::chrono::seconds(10))) == "ready");
  std::string obituary;
  child.on_crash([&](process& dead) {
    obituary = dead.obituary();
    context.stop();
  });
  ::kill(child.pid(), SIGKILL);
  context.restart();
  context.run();
  CHECK_THAT(obituary, Catch::Contains("node[7]") && Catch::Contains("signal 9"));
}

TEST_CASE("what a process leaves behind in its group ends with it") {
  scratch at;
  asio::io_context context;
  std::filesystem::path const left = at.directory / "left";
  process child(context.get_executor(), shell(at, "sleep 1000 & echo $! > " + left.string() + "; echo ready; wait"));
  REQUIRE(result_of(context, child.ready_line(std::chrono::seconds(10))) == "ready");
  pid_t pid = 0;
  std::ifstream(left) >> pid;
  REQUIRE(::kill(pid, 0) == 0);
  CHECK(result_of(context, child.kill()).signal == SIGKILL);
  bool ended = false; // gone, or a zombie until whoever inherited it has waited for it
  for (int i = 0; i < 10'000 && !ended; ++i) {
    std::ifstream now("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    ended = !(now >> number >> name >> state) || state == "Z" || state == "X";
    if (!ended) ::usleep(1000);
  }
  CHECK(ended);
}

TEST_CASE("a process that ends before it is ready is reported with what its own life wrote first") {
  scratch at;
  asio::io_context context;
  std::ofstream(at.directory / "node.log") << "an earlier life\n";
  command what = shell(at, "echo first; for i in $(seq 30); do echo $i >&2; done; exit 4");
  what.stdout_too = true;
  process child(context.get_executor(), what);
  REQUIRE(result_of(context, child.wait(std::chrono::seconds(10))));
  CHECK_THAT(child.obituary(),
             Catch::StartsWith("node[7] ended before it was ready: exit status 4; its output begins:\n"
                               "  first\n  1\n  2\n") &&
                 !Catch::Contains("earlier") && !Catch::Contains("  20\n"));
}

TEST_CASE("a process that was asked to stop is no crash, and one that will not stop is killed") {
  scratch at;
  asio::io_context context;
  bool crashed = false;
  process polite(context.get_executor(), shell(at, "trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done"));
  polite.on_crash([&](process&) { crashed = true; });
  REQUIRE(result_of(context, polite.ready_line(std::chrono::seconds(10))) == "ready");
  CHECK(result_of(context, polite.stop(std::chrono::seconds(10))).clean());

  process deaf(context.get_executor(), shell(at, "trap '' TERM; echo ready; while :; do sleep 0.01; done"));
  deaf.on_crash([&](process&) { crashed = true; });
  REQUIRE(result_of(context, deaf.ready_line(std::chrono::seconds(10))) == "ready");
  CHECK(result_of(context, deaf.stop(std::chrono::milliseconds(50))).signal == SIGKILL);
  CHECK_FALSE(crashed);
}

TEST_CASE(
    "a process whose end is seen just before the patience is over has ended in time, and nothing is touched after") {
  scratch at;
  asio::io_context context;
  process child(context.get_executor(), shell(at, "echo ready; exec sleep 100"));
  REQUIRE(result_of(context, child.ready_line(std::chrono::seconds(10))) == "ready");
  auto const patience = std::chrono::milliseconds(100);
  // The machine stalls when the end has been seen and before the waiter goes on: by then its watchdog is due as well.
  child.on_crash([&](process&) {
    auto const over = std::chrono::steady_clock::now() + 2 * patience;
    while (std::chrono::steady_clock::now() < over) ::sched_yield();
  });
  ::kill(child.pid(), SIGKILL);
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child.pid()), &ended, WEXITED | WNOWAIT) == 0);
  CHECK(result_of(context, child.wait(patience)));
  context.restart();
  context.poll(); // what was due runs after the coroutine is gone (AddressSanitizer looks on)
}

TEST_CASE("the destructor leaves no process behind") {
  scratch at;
  asio::io_context context;
  pid_t pid = 0;
  {
    process child(context.get_executor(), shell(at, "exec sleep 100"));
    pid = child.pid();
    REQUIRE(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("a program that does not exist cannot be started, and the message says which") {
  scratch at;
  asio::io_context context;
  command what{"gateway[0]", "/nowhere/crest-gateway", {}, at.directory / "log"};
  CHECK_THROWS_WITH(process(context.get_executor(), what),
                    Catch::Contains("gateway[0]") && Catch::Contains("/nowhere"));
}

TEST_CASE("a reserved port refuses connections until a node listens, and serves its next life as well") {
  port_reservation const reserved;
  asio::io_context context;
  asio::ip::tcp::endpoint const where(asio::ip::address_v4::loopback(), reserved.port());
  auto const connects = [&] {
    asio::ip::tcp::socket client(context);
    boost::system::error_code error;
    client.connect(where, error);
    return !error;
  };
  CHECK_FALSE(connects());
  for (int life = 0; life < 2; ++life) {
    asio::ip::tcp::acceptor node(context);
    node.open(where.protocol());
    node.set_option(asio::socket_base::reuse_address(true));
    if (life == 1) node.set_option(reuse_port(true));
    REQUIRE_NOTHROW(node.bind(where));
    node.listen();
    for (int i = 0; i < 10; ++i) CHECK(connects());
    node.close();
    CHECK_FALSE(connects());
  }
}

TEST_CASE("reservations never share a port") {
  std::vector<port_reservation> many(200);
  std::vector<std::uint16_t> ports;
  for (port_reservation const& one : many) ports.push_back(one.port());
  std::sort(ports.begin(), ports.end());
  CHECK(std::adjacent_find(ports.begin(), ports.end()) == ports.end());
}
