// SIGINT and SIGTERM during commands that run in simulated time.
#include "base/os/directory_claim.hpp"
#include "sim/records/result.hpp"
#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <thread>
#include <unistd.h>

using command_test::run;
using command_test::scratch;
using command_test::text_of;
namespace fs = std::filesystem;

namespace {

/// So much to do that no command is done before it is told to end.
constexpr char const* endless = R"({"name": "endless", "axes": {"topology.proxies.count": [2, 3]},
  "plan": {"goals": {"redirect_ratio": ["<0.9"]}, "prices": {"proxies": 1}, "replications": 1,
           "space": {"topology.proxies.count": [1, 2]}},
  "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10000}, "load": {"kind": "poisson", "rate_rps": 1000000, "duration": "20h"}})";

/// Sends the signal as soon as the command works in its directory.
std::jthread signalling(fs::path const& out, int signal) {
  return std::jthread([out, signal](std::stop_token const& stop) {
    fs::path const lock = out / os::directory_claim::file_name;
    while (!fs::exists(lock) && !stop.stop_requested()) std::this_thread::yield();
    ::kill(::getpid(), signal);
  });
}

}

TEST_CASE("a signal ends commands in simulated time with 130, and no file is partial or says passed") {
  struct row {
    char const* name;
    std::vector<std::string> arguments;
    int signal;
    char const* report; // that is there, and says interrupted
  };
  row const table[] = {
      {"a run", {"run", "--engine", "virtual"}, SIGINT, "summary.json"},
      {"a run, terminated", {"run", "--engine", "virtual"}, SIGTERM, "junit.xml"},
      {"a run with little detail", {"run", "--engine", "virtual", "--detail", "summary"}, SIGINT, "summary.json"},
      {"replications", {"run", "--engine", "virtual", "--replications", "4", "--jobs", "2"}, SIGTERM, "summary.json"},
      {"until a precision", {"run", "--engine", "virtual", "--precision", "1%", "--jobs", "2"}, SIGINT, "summary.json"},
      {"a sweep", {"sweep", "--jobs", "2"}, SIGINT, nullptr},
      {"a shard", {"sweep", "--shard", "1/2"}, SIGTERM, nullptr},
      {"a plan", {"plan", "--jobs", "2"}, SIGINT, nullptr},
      {"a plan, terminated", {"plan"}, SIGTERM, nullptr},
  };
  for (row const& r : table) {
    INFO(r.name);
    scratch const dir;
    fs::path const out = dir.path / "out";
    auto arguments = r.arguments;
    for (std::string const& more :
         {dir.file("s.json", endless), std::string("--out"), out.string(), std::string("--quiet")})
      arguments.push_back(more);
    {
      std::jthread const sender = signalling(out, r.signal);
      CHECK(run(arguments) == sim::records::exit_interrupted);
    }
    if (r.report != nullptr) {
      CHECK_THAT(text_of(out / r.report), Catch::Contains("interrupted"));
      CHECK_THAT(text_of(out / "summary.txt"), Catch::Contains("INTERRUPTED, exit code 130"));
    } else {
      for (char const* name : {"sweep.csv", "sweep.jsonl", "plan.json", "candidates.csv"})
        CHECK_FALSE(fs::exists(out / name));
    }
    if (fs::exists(out))
      for (auto const& entry : fs::recursive_directory_iterator(out))
        CHECK(entry.path().filename().string().find(".partial") == std::string::npos);
    CHECK_FALSE(fs::exists(out / os::directory_claim::file_name));
  }
}
