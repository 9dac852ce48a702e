// SIGINT and SIGTERM at every step of a live run.
#include "sim/engines/live/run.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace sim;
namespace fs = std::filesystem;

namespace {

struct place {
  place()
    : path(fs::temp_directory_path() / ("crest-interruption-" + std::to_string(::getpid()))) {
    fs::create_directories(path);
  }
  ~place() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  place(place const&) = delete;
  place& operator=(place const&) = delete;
  fs::path path;
};

scenario::scenario of(place const& where, std::string const& text) {
  fs::path const file = where.path / "s.json";
  std::ofstream(file) << text;
  return scenario::load_file(file);
}

/// All that a start may have: sols, proxies, EVE clients, a shared map's Redis, gateways, events.
constexpr char const* full = R"({"name": "interrupted", "seed": 1,
  "topology": {"balancers": {"kind": "gateway", "count": 2}, "proxies": {"count": 2}, "sols": {"count": 2}},
  "population": {"characters": 20, "logged_in": 0.5, "eve_clients": 2},
  "load": {"kind": "constant_rate", "rate_rps": 100, "duration": "300ms"},
  "events": [{"at": "100ms", "add_balancer": {"kind": "gateway"}}, {"at": "150ms", "restart": "proxy[1]"}]})";

constexpr char const* nginx = R"({"name": "interrupted", "seed": 1,
  "topology": {"balancers": {"kind": "nginx", "config": "guess"}, "proxies": {"count": 1}, "sols": {"count": 1}},
  "population": {"characters": 20}, "load": {"kind": "closed", "requests_per_character": 2}})";

constexpr char const* shared_map = R"({"name": "interrupted", "seed": 1,
  "topology": {"balancers": {"kind": "gateway", "shared_map": {"ttl": "60s"}}, "proxies": {"count": 1, "process": "shared"},
               "sols": {"count": 1, "process": "shared"}},
  "population": {"characters": 20}, "load": {"kind": "closed", "requests_per_character": 2}})";

bool no_child_is_left() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

std::vector<std::string> steps_of(scenario::scenario const& s, place const& where) {
  std::vector<std::string> steps;
  live::run_options options{where.path / "run"};
  options.at_step = [&](std::string const& step) { steps.push_back(step); };
  live::run(s, options);
  return steps;
}

struct fault {
  std::size_t step;
  int signal;
  int times = 1;
};

void check_interrupted(scenario::scenario const& s, place const& where, fault const& how) {
  std::size_t at = 0;
  live::interruption const signals;
  live::run_options options{where.path / "run"};
  options.signals = &signals;
  options.at_step = [&](std::string const&) {
    if (at++ == how.step)
      for (int i = 0; i < how.times; ++i) ::raise(how.signal);
  };
  records::result r;
  CHECK_NOTHROW(r = live::run(s, options));
  bool const in_the_run = signals.happened();
  CHECK(in_the_run);
  CHECK(no_child_is_left());
  if (at > how.step + 1 || r.verdict == records::verdict::interrupted) {
    CHECK(r.exit_code == records::exit_interrupted);
    CHECK(r.verdict == records::verdict::interrupted);
  }
}

}

TEST_CASE("a signal at any step of a live run ends it as interrupted, and nothing is left running") {
  place const where;
  struct row {
    char const* name;
    char const* text;
    char const* program; // needed
  };
  row const table[] = {{"gateways, EVE clients, events", full, nullptr},
                       {"nginx", nginx, "/usr/sbin/nginx"},
                       {"Redis, nodes that share processes", shared_map, "/usr/bin/redis-server"}};
  for (row const& r : table) {
    if (r.program != nullptr && !fs::exists(r.program)) continue;
    scenario::scenario const s = of(where, r.text);
    std::vector<std::string> const steps = steps_of(s, where);
    REQUIRE(steps.size() >= 10);
    REQUIRE(steps.back() == "analysed");
    for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
      INFO(r.name << ", step " << i << ": " << steps[i]);
      check_interrupted(s, where, {i, i % 2 == 0 ? SIGINT : SIGTERM});
    }
  }
}

TEST_CASE("a second signal ends a run at once, with the same result") {
  place const where;
  scenario::scenario const s = of(where, full);
  std::vector<std::string> const steps = steps_of(s, where);
  for (std::size_t i = 0; i + 1 < steps.size(); i += 2) {
    INFO("step " << i << ": " << steps[i]);
    check_interrupted(s, where, {i, SIGTERM, 2});
  }
}

TEST_CASE("a signal that came before the run ends it when it begins") {
  place const where;
  scenario::scenario const s = of(where, nginx);
  live::interruption const signals;
  ::raise(SIGINT);
  live::run_options options{where.path / "run"};
  options.signals = &signals;
  CHECK(live::run(s, options).exit_code == records::exit_interrupted);
  CHECK(no_child_is_left());
}

TEST_CASE("signals are counted while somebody wants to know, and deadly again afterwards") {
  {
    live::interruption const signals;
    CHECK_FALSE(signals.happened());
    for (int const signal : {SIGINT, SIGTERM}) ::raise(signal);
    CHECK(signals.count() == 2);
  }
  pid_t const child = ::fork();
  if (child == 0) {
    ::raise(SIGTERM);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  pid_t const impatient = ::fork();
  if (impatient == 0) {
    live::interruption const again;
    for (int i = 0; i < 3; ++i) ::raise(SIGINT);
    ::_exit(0);
  }
  ::waitpid(impatient, &status, 0);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == records::exit_interrupted);
  live::interruption const again;
  CHECK_FALSE(again.happened());
}
