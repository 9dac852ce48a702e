#pragma once

#include "tests/live/eventually.hpp"
#include "tests/live/harness.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <sys/types.h>
#include <vector>

/// crest-sim from the outside: a scenario goes in; an exit code, what it printed and summary.json come out.
namespace tests::live {

/// One call of crest-sim. Killed and reaped at the end of its scope.
class lab {
public:
  explicit lab(std::vector<std::string> const& arguments);

  pid_t pid() const { return process_.pid(); }
  void signal(int number) const { process_.signal(number); }
  /// Waits for its end; exit status, or 128 + signal.
  int wait();
  /// What it printed on stderr so far.
  std::string errors() const { return process_.errors(); }
  /// After the end: what it printed, stdout and then stderr.
  std::string const& output() const { return output_; }

private:
  child process_;
  std::string output_;
};

/// A run of a scenario, in a directory of its own.
class lab_run {
public:
  explicit lab_run(nlohmann::json const& scenario, std::vector<std::string> const& flags = {});

  lab& sim() { return sim_; }
  int wait() { return sim_.wait(); }
  std::string const& output() const { return sim_.output(); }
  std::filesystem::path out() const { return at_.path() / "out"; }
  /// After the end. Fails the test when there is none.
  nlohmann::json summary() const;

  /// Waits until proxy[0] has served requests.
  void wait_for_load() const;
  /// The processes whose command line names this run, crest-sim among them.
  std::set<pid_t> processes() const;
  /// The one process of a node; fails the test when there is not exactly one.
  pid_t process_of(std::string const& node) const;
  bool runs(std::string const& node) const;

private:
  scratch_directory at_;
  lab sim_;
};

/// One gateway, two proxies, one sol; 50 characters that send 10 requests each. To be changed by the test.
nlohmann::json small_scenario();

std::string text_of(std::filesystem::path const& file);

/// Processes whose command line has `text` in it, without ourselves.
std::set<pid_t> processes_with(std::string const& text);

/// A metric's number in summary.json, such as count(summary, "requests"), or of a phase: count(summary["phases"]["x"],
/// "requests").
std::uint64_t count(nlohmann::json const& of, std::string const& metric);

/// Every invariant of the run holds, and those named were exercised.
void check_invariants(nlohmann::json const& summary, std::vector<std::string> const& exercised);

}
