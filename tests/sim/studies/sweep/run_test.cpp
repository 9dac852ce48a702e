#include "base/os/write_file.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/merge.hpp"
#include "sim/studies/sweep/run.hpp"
#include "sim/studies/sweep/table.hpp"
#include "tests/sim/studies/sweep/fake.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <set>
#include <sys/wait.h>
#include <unistd.h>

using namespace sim::sweep;
using namespace sweep_test;
namespace fs = std::filesystem;

namespace {

constexpr char const* twelve = R"({"topology.proxies.count": [2, 3, 4, 7], "topology.balancers[0].count": [1, 2, 3]})";

definition twelve_points(scratch const& at, std::uint32_t replications = 1) {
  return define(at.file("s.json", scenario_text(twelve)), {{}, "fake", replications});
}

/// An engine that is over after `survived` trials: `end` is called in the midst of the next.
engine ending_engine(std::atomic<int>& evaluated, int survived, std::function<void()> end) {
  engine e = fake_engine();
  e.evaluate = [&evaluated, survived, end](sim::scenario::scenario const& s) {
    if (++evaluated > survived) end();
    return fake_result(s);
  };
  return e;
}

/// Runs the sweep in a process of its own that is killed in the midst of a trial, after `survived`.
void run_and_be_killed(definition const& d, fs::path const& directory, int survived, unsigned jobs) {
  pid_t const child = ::fork();
  if (child == 0) {
    std::atomic<int> evaluated{0};
    engine const with = ending_engine(evaluated, survived, [] { ::kill(::getpid(), SIGKILL); });
    run_options options;
    options.jobs = jobs;
    run(d, with, store(directory), options);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
}

std::size_t points_in(fs::path const& directory) {
  std::size_t count = 0;
  if (!fs::exists(directory / "points")) return 0;
  for (auto const& entry : fs::directory_iterator(directory / "points")) count += entry.path().extension() == ".json";
  return count;
}

std::string message_of(std::function<void()> const& act) {
  try {
    act();
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "nothing thrown";
}

}

TEST_CASE("a sweep that was killed after any number of points goes on to the same bytes") {
  scratch const at;
  definition const d = twelve_points(at);
  std::string const undisturbed = swept(d, at / "whole");
  REQUIRE(undisturbed.size() > 1000);
  for (int survived = 0; survived < 12; ++survived) {
    INFO("killed after " << survived);
    fs::path const directory = at / ("killed-" + std::to_string(survived));
    run_and_be_killed(d, directory, survived, 1);
    CHECK_FALSE(fs::exists(directory / csv_name));
    std::atomic<int> evaluated{0};
    store const results(directory);
    outcome const o = run(d, ending_engine(evaluated, 1000, [] {}), results, {});
    CHECK(o.progress.found == static_cast<std::size_t>(survived));
    CHECK(evaluated == 12 - survived);
    write_table(manifest_of(d), results);
    CHECK(table_of(directory) == undisturbed);
  }
}

TEST_CASE("a sweep whose engine throws keeps what was finished, says where it was, and goes on to the same bytes") {
  scratch const at;
  definition const d = twelve_points(at);
  std::string const undisturbed = swept(d, at / "whole");
  for (int survived = 0; survived < 12; ++survived) {
    fs::path const directory = at / ("thrown-" + std::to_string(survived));
    std::atomic<int> evaluated{0};
    engine const with = ending_engine(evaluated, survived, [] { throw config::bad_input("cannot model this"); });
    std::string const message = message_of([&] { run(d, with, store(directory), {}); });
    INFO(message);
    CHECK(message.find("at point " + std::to_string(survived) + " (topology.") != std::string::npos);
    CHECK(message.find("cannot model this") != std::string::npos);
    CHECK(points_in(directory) == static_cast<std::size_t>(survived));
    CHECK(swept(d, directory) == undisturbed);
  }
}

TEST_CASE("a sweep of 1,000 points that was killed three times equals one that was not") {
  scratch const at;
  definition const d = define(at.file("s.json", scenario_text(R"({"topology.proxies.count": {"linear": [1, 100, 100]},
    "topology.balancers[0].count": {"linear": [1, 10, 10]}})")),
                              {{}, "fake", 1});
  REQUIRE(d.trials.size() == 1000);
  std::string const undisturbed = swept(d, at / "whole");
  fs::path const directory = at / "killed";
  for (int const survived : {137, 401, 5}) run_and_be_killed(d, directory, survived, 2);
  std::size_t const kept = points_in(directory);
  CHECK(kept >= 137 + 401 + 5 - 3 * 2); // a killed process may have had two in hand
  CHECK(kept < 1000);
  CHECK(swept(d, directory) == undisturbed);
}

TEST_CASE("the number of jobs does not change a byte") {
  scratch const at;
  definition const d = twelve_points(at, 3);
  std::set<std::string> tables;
  for (unsigned const jobs : {1u, 2u, 4u}) {
    run_options options;
    options.jobs = jobs;
    tables.insert(swept(d, at / std::to_string(jobs), options));
  }
  CHECK(tables.size() == 1);
}

TEST_CASE("shards, merged, are the whole sweep to the last byte") {
  scratch const at;
  definition const d = twelve_points(at, 2);
  std::string const whole = swept(d, at / "whole");
  for (std::size_t const shards : {1u, 2u, 5u, 24u, 30u}) {
    INFO(shards << " shards");
    std::vector<fs::path> directories;
    std::size_t trials = 0;
    for (std::size_t i = 1; i <= shards; ++i) {
      directories.push_back(at / (std::to_string(shards) + "-" + std::to_string(i)));
      run_options options;
      options.shard = {i, shards};
      trials += run(d, fake_engine(), store(directories.back()), options).progress.trials;
    }
    CHECK(trials == 24);
    fs::path const out = at / ("merged-" + std::to_string(shards));
    CHECK(merge(directories, out).all.verdict == sim::records::verdict::failed); // that of seven proxies
    CHECK(table_of(out) == whole);
    CHECK(text_of(out / "sweep.json") == text_of(at / "whole" / "sweep.json"));
    CHECK(merge({out}, at / "again").all.verdict == sim::records::verdict::failed);
    CHECK(table_of(at / "again") == whole);
  }
}

TEST_CASE("shards in one directory are the whole sweep once the last is done") {
  scratch const at;
  definition const d = twelve_points(at);
  std::string const whole = swept(d, at / "whole");
  run_options options;
  options.shard = {2, 2};
  CHECK(swept(d, at / "shared", options).empty());
  options.shard = {1, 2};
  CHECK(swept(d, at / "shared", options) == whole);
}

TEST_CASE("merge names the points that are missing and writes nothing") {
  scratch const at;
  definition const d = twelve_points(at);
  run_options options;
  options.shard = {1, 4};
  run(d, fake_engine(), store(at / "one"), options);
  std::string const message = message_of([&] { merge({at / "one"}, at / "out"); });
  INFO(message);
  CHECK(message.find("9 of 12 trials: point 1 (topology.balancers[0].count=1, topology.proxies.count=3)") !=
        std::string::npos);
  CHECK_FALSE(fs::exists(at / "out"));
}

TEST_CASE("merge refuses a mixture of different sweeps and says what differs") {
  scratch const at;
  struct row {
    char const* says;
    std::string axes, keys;
    definition_settings settings;
  };
  row const rows[] = {
      {"the engine live instead of fake", twelve, "", {{}, "live", 1}},
      {"2 replications instead of 1", twelve, "", {{}, "fake", 2}},
      {"the scenario 'other' instead of 'sweep test'", twelve, "", {{"name=other"}, "fake", 1}},
      {"another scenario at point 0", twelve, "\"seed\": 5,\n", {{}, "fake", 1}},
      {"the axes load.threads instead of topology.", R"({"load.threads": [1]})", "", {{}, "fake", 1}},
      {"11 trials",
       R"({"topology.balancers[0].count": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
                        "topology.proxies.count": [4]})",
       "",
       {{}, "fake", 1}},
      {"point 1 (topology.balancers[0].count=1, topology.proxies.count=9) instead of",
       R"({"topology.proxies.count": [2, 9, 4, 7], "topology.balancers[0].count": [1, 2, 3]})",
       "",
       {{}, "fake", 1}},
  };
  swept(twelve_points(at), at / "a");
  for (row const& r : rows) {
    definition const d = define(at.file("s.json", scenario_text(r.axes, r.keys)), r.settings);
    swept(d, at / "b");
    std::string const message = message_of([&] { merge({at / "a", at / "b"}, at / "out"); });
    INFO(message);
    CHECK(message.find(r.says) != std::string::npos);
    CHECK_FALSE(fs::exists(at / "out"));
  }
}

TEST_CASE("merge refuses two different results of one point, and directories that no sweep made") {
  scratch const at;
  definition const d = twelve_points(at);
  swept(d, at / "a");
  swept(d, at / "b");
  CHECK(message_of([&] { merge({at / "a", at / "b"}, at / "same"); }) == "nothing thrown");
  sim::records::result other = fake_result(scenario_of(d, d.trials[4]));
  other.metrics["requests"] = sim::records::counter_metric{1};
  store(at / "b").keep(d.trials[4].fingerprint, "{}", evaluation_of(other));
  CHECK(message_of([&] {
          merge({at / "a", at / "b"}, at / "out");
        }).find("another result of point 4") != std::string::npos);
  CHECK(message_of([&] { merge({at.path()}, at / "out"); }).find("no sweep.json") != std::string::npos);
  os::write_file(at / "c" / "sweep.json", "{\"format\": 99}");
  CHECK(message_of([&] { merge({at / "c"}, at / "out"); }).find("found something else") != std::string::npos);
}

TEST_CASE("a changed scenario is run again, and the old table is gone until it is done") {
  scratch const at;
  definition const before = twelve_points(at);
  swept(before, at / "d");
  definition const changed = define(at.file("s.json", scenario_text(twelve, "\"seed\": 5,\n")), {{}, "fake", 1});
  run_options options;
  options.stopped = [] { return true; };
  outcome const o = run(changed, fake_engine(), store(at / "d"), options);
  CHECK(o.interrupted);
  CHECK(o.progress.found == 0);
  CHECK_FALSE(fs::exists(at / "d" / csv_name));
  CHECK_FALSE(fs::exists(at / "d" / json_lines_name));
  CHECK(swept(changed, at / "d") == swept(changed, at / "fresh"));
  CHECK(run(before, fake_engine(), store(at / "d"), {}).progress.found == 12); // and what was known is still known
}

TEST_CASE("a sweep that has grown runs only what is new") {
  scratch const at;
  swept(twelve_points(at), at / "d");
  definition const grown = define(at.file("s.json", scenario_text(R"({"topology.proxies.count": [2, 3, 4, 5, 7],
    "topology.balancers[0].count": [1, 2, 3]})")),
                                  {{}, "fake", 2});
  outcome const o = run(grown, fake_engine(), store(at / "d"), {});
  CHECK(o.progress.trials == 30);
  CHECK(o.progress.found == 12);
}

TEST_CASE("a point's file that is damaged is as good as none") {
  scratch const at;
  definition const d = twelve_points(at);
  std::string const whole = swept(d, at / "d");
  fs::path const file = at / "d" / "points" / (d.trials[3].fingerprint + ".json");
  std::string const good = text_of(file);
  for (std::string const& damaged :
       {good.substr(0, good.size() / 2), std::string(), std::string("{}"), std::string("7"),
        text_of(at / "d" / "points" / (d.trials[4].fingerprint + ".json"))}) {
    fs::remove(file);
    os::write_file(file, damaged);
    CHECK(run(d, fake_engine(), store(at / "d"), {}).progress.found == 11);
    CHECK(text_of(file) == good);
  }
  CHECK(swept(d, at / "d") == whole);
}

TEST_CASE("when asked to stop no further point is started, and those that run are kept") {
  scratch const at;
  definition const d = twelve_points(at);
  std::atomic<bool> stop{false};
  std::atomic<int> evaluated{0};
  run_options options;
  options.stopped = [&] { return stop.load(); };
  outcome const o = run(d, ending_engine(evaluated, 4, [&] { stop = true; }), store(at / "d"), options);
  CHECK(o.interrupted);
  CHECK(o.progress.finished == 5);
  CHECK(points_in(at / "d") == 5);
}

TEST_CASE("a run that was interrupted is not kept and ends the sweep") {
  scratch const at;
  definition const d = twelve_points(at);
  engine with = fake_engine();
  with.evaluate = [](sim::scenario::scenario const& s) {
    auto r = fake_result(s);
    if (s.topology.proxies.count == 3) r.verdict = sim::records::verdict::interrupted;
    return r;
  };
  outcome const o = run(d, with, store(at / "d"), {});
  CHECK(o.interrupted);
  CHECK(points_in(at / "d") == 1);
}

TEST_CASE("an engine that has the machine to itself runs one point at a time") {
  scratch const at;
  engine with = fake_engine();
  with.concurrent = false;
  run_options options;
  options.jobs = 2;
  CHECK(message_of([&] { run(twelve_points(at), with, store(at / "d"), options); }).find("--jobs: found 2") == 0);
  CHECK_FALSE(fs::exists(at / "d"));
}

TEST_CASE("progress counts what was found and what is finished") {
  scratch const at;
  definition const d = twelve_points(at);
  run_options options;
  options.shard = {1, 2};
  run(d, fake_engine(), store(at / "d"), options);
  std::vector<std::size_t> finished;
  options.shard = {1, 1};
  options.report = [&](progress const& p) {
    finished.push_back(p.finished);
    CHECK(p.trials == 12);
    CHECK(p.found == 6);
  };
  run(d, fake_engine(), store(at / "d"), options);
  CHECK(finished == std::vector<std::size_t>{6, 7, 8, 9, 10, 11, 12});
}
