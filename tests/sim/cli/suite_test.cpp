// Several scenarios by one command, runs that are made again, and what CI systems are told.
#include "base/config/document.hpp"
#include "base/config/schema.hpp"
#include "base/os/directory_claim.hpp"
#include "reports/reports.hpp"
#include "sim/cli/closing_line.hpp"
#include "sim/cli/suite_files.hpp"
#include "sim/engines/virtual/run.hpp"
#include "tests/reports/junit_rules.hpp"
#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <thread>
#include <unistd.h>

using Catch::Contains;
using command_test::printed;
using command_test::run;
using command_test::scratch;
using command_test::text_of;
using command_test::operator+; // NOLINT(misc-unused-using-decls): operators are not seen
using nlohmann::json;
namespace fs = std::filesystem;
namespace records = sim::records;

namespace {

using words = std::vector<std::string>;

/// A small scenario that passes in simulated time. `more`: keys and values, each on a line of its own from line 5 on.
std::string scenario(std::string const& name, std::string const& more = "") {
  return "{\"name\": \"" + name + R"(", "seed": 1,
 "topology": {"balancers": {"kind": "gateway", "count": 2}, "proxies": {"count": 2}, "sols": {"count": 1}},
 "population": {"characters": 10},
 "load": {"kind": "closed", "requests_per_character": 20})" +
         (more.empty() ? "" : ",\n" + more) + "}\n";
}

std::string const failing = "\"thresholds\": {\"redirect_ratio\": [\n\"<0.9\",\n\"<0.0001\"]}";
std::string const simulated = "\"engine\": \"virtual\"";

words names_in(fs::path const& directory) {
  words names;
  for (auto const& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Its summary, which is as the schema has it, and so is its junit.xml.
json summary_of(fs::path const& out) {
  json summary = json::parse(text_of(out / "summary.json"));
  CHECK_FALSE(config::validate(summary, json::parse(reports::summary_schema)));
  CHECK_THAT(reports_test::broken_junit_rules(text_of(out / "junit.xml")), Catch::Equals(words{}));
  return summary;
}

/// "a passed, b failed".
std::string verdicts_of(json const& summary) {
  std::string text;
  for (json const& one : summary.at("scenarios"))
    text += (text.empty() ? "" : ", ") + one.at("directory").get<std::string>() + " " +
            one.at("verdict").get<std::string>();
  return text;
}

/// Stands for processes and sockets: the verdict of each run of a scenario, by its name, in turn; passed where there is
/// no more. Counts runs, and how many went on at once.
struct scripted {
  std::map<std::string, std::vector<records::verdict>> verdicts = {};
  std::map<std::string, int> runs = {};
  int at_once = 0, most_at_once = 0;

  sim::cli::live_engine engine() {
    return [this](sim::scenario::scenario const& s, sim::live::run_options const&) {
      most_at_once = std::max(most_at_once, ++at_once);
      records::result r = sim::virtual_time::run(s);
      r.engine = "live", r.history_hash.reset();
      auto const n = static_cast<std::size_t>(runs[s.name]++);
      if (n < verdicts[s.name].size()) r.verdict = verdicts[s.name][n];
      r.exit_code = records::exit_code_of(r.verdict);
      if (r.verdict == records::verdict::invalid) r.load_as_planned = false;
      if (r.verdict != records::verdict::passed) r.reasons = {"run " + std::to_string(n + 1) + " of " + s.name};
      --at_once;
      return r;
    };
  }
};

/// An environment variable for the time of a test.
class variable {
public:
  variable(char const* name, std::string const& value)
    : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~variable() { ::unsetenv(name_); }
  variable(variable const&) = delete;
  variable& operator=(variable const&) = delete;

private:
  char const* name_;
};

constexpr auto invalid = records::verdict::invalid, failed = records::verdict::failed,
               passed = records::verdict::passed;

}

TEST_CASE("a directory is a suite: its scenarios by name, and what is none is named and left out") {
  scratch const dir;
  dir.file("s/b.json", scenario("second", failing));
  dir.file("s/a.json", scenario("first"));
  dir.file("s/sweep.json", scenario("swept", R"("axes": {"topology.proxies.count": [1, 2]})"));
  dir.file("s/plan.json", scenario("planned", R"("plan": {})"));
  dir.file("s/x.schema.json", R"({"$schema": "https://json-schema.org/draft/2020-12/schema"})");
  dir.file("s/package.json", R"({"name": "web"})");
  dir.file("s/.hidden.json", "{");
  dir.file("s/notes.txt", "{");
  dir.file("s/below/c.json", "{");
  fs::path const out = dir.path / "out";
  printed const text;
  sim::cli::closing_line().clear();
  CHECK(run({"run", dir.path / "s", "--engine", "virtual", "--out", out}) == 99);
  CHECK(sim::cli::closing_line() == "report: " + out.string());
  sim::cli::closing_line().clear();
  json const summary = summary_of(out);
  CHECK(verdicts_of(summary) == "a passed, b failed");
  CHECK(summary.at("of") == "suite");
  CHECK(summary.at("scenario") == "s");
  CHECK(summary.at("verdict") == "failed");
  CHECK(summary.at("exit_code") == 99);
  CHECK_THAT(summary.at("reasons").at(0).get<std::string>(),
             Contains("second: failed: threshold redirect_ratio <0.0001"));
  CHECK(names_in(out) == words{"a", "b", "junit.xml", "summary.json", "summary.txt"});
  for (char const* of : {"a", "b"}) CHECK(summary_of(out / of).at("metrics").contains("redirect_ratio"));
  CHECK_THAT(text.out.text(), Contains("first ") && Contains("1 passed, 1 failed; exit code 99"));
  CHECK_THAT(text_of(out / "summary.txt"), Contains("1 passed, 1 failed; exit code 99") && Contains("What ran"));
  CHECK_THAT(text_of(out / "junit.xml"),
             Contains("<testsuite name=\"first\"") && Contains("<testsuite name=\"second\""));
  for (char const* why : {"sweep.json: a sweep", "plan.json: a plan", "x.schema.json: a JSON Schema",
                          "package.json: JSON of another kind"})
    CHECK_THAT(text.errors.text(), Contains(why));
  CHECK_THAT(text.errors.text(), !Contains("hidden") && !Contains("notes") && !Contains("below"));
}

TEST_CASE("a directory without scenarios, and one that is not there, are bad input") {
  scratch const dir;
  dir.file("s/package.json", "{}");
  std::string const out = (dir.path / "out").string();
  CHECK_THROWS_WITH(run({"run", dir.path / "s", "--quiet", "--out", out}), Contains("found no scenario in it"));
  CHECK(summary_of(out).at("exit_code") == 2);
  CHECK_THROWS_AS(run({"run", dir.path / "nowhere", "--quiet", "--out", out}), config::bad_input);
}

TEST_CASE("bad files of a suite are all named, and nothing is run") {
  scratch const dir;
  std::string const good = dir.file("good.json", scenario("good")), broken = dir.file("broken.json", "{\"name\": "),
                    wrong = dir.file("wrong.json", scenario("wrong", "\"events\": 7,\n\"phases\": 7")),
                    nginx = dir.file("nginx.json", R"({"name": "nginx",
  "topology": {"balancers": {"kind": "nginx", "config": "guess"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "closed"}})"),
                    schema = dir.file("x.json", R"({"$schema": "https://json-schema.org/draft/2020-12/schema"})"),
                    out = (dir.path / "out").string();
  words const command = {"run",      good,      broken,  wrong, nginx, schema, dir.path / "nowhere.json",
                         "--engine", "virtual", "--out", out};
  printed const text;
  CHECK(run(command) == 2);
  for (char const* fault : {"broken.json:1", "wrong.json:5: events: ", "wrong.json:6: phases: ",
                            "nginx[0], whose code simulated time does not run", "x.json: found a JSON Schema",
                            "nowhere.json: found no such file"})
    CHECK_THAT(text.errors.text(), Contains(fault));
  json const summary = summary_of(out);
  CHECK(verdicts_of(summary) == "good not run, broken error, wrong error, nginx error, x error, nowhere error");
  CHECK(summary.at("verdict") == "error");
  CHECK(summary.at("exit_code") == 2);
  CHECK(names_in(out) == words{"junit.xml", "summary.json", "summary.txt"});
}

TEST_CASE("scenarios of a suite have directories of their own, also when two files have the same name") {
  using sim::cli::directory_names;
  CHECK(directory_names({"a/x.json", "b/x.json", "x-2.json", "c/x.json"}) == words{"x", "x-2", "x-2-2", "x-3"});
  CHECK(directory_names({".json", "../..", "a b.json"}) == words{"scenario", "scenario-2", "a-b"});
  scratch const dir;
  std::string const a = dir.file("a/x.json", scenario("same")), b = dir.file("b/x.json", scenario("same")),
                    out = (dir.path / "out").string();
  printed const text;
  CHECK(run({"run", a, b, a, (dir.path / "b").string(), "--engine", "virtual", "--out", out}) == 0);
  CHECK(verdicts_of(summary_of(out)) == "x passed, x-2 passed");
  CHECK_THAT(text.errors.text(), Contains("a/x.json: named before, run once") && Contains("b/x.json: named before"));
  CHECK_THAT(text_of(fs::path(out) / "junit.xml"),
             Contains("<testsuite name=\"same (x)\"") && Contains("<testsuite name=\"same (x-2)\""));
}

TEST_CASE("live scenarios run one at a time, and the worst exit code is the suite's") {
  scratch const dir;
  words command = {"run", "--out", dir.path / "out", "--quiet"};
  for (char const* name : {"a", "b", "c", "d"})
    command.push_back(dir.file(std::string(name) + ".json", scenario(name, *name == 'd' ? simulated : "")));
  struct row {
    std::map<std::string, std::vector<records::verdict>> verdicts;
    int code;
  };
  row const table[] = {{{}, 0}, {{{"b", {invalid}}}, 3}, {{{"a", {failed}}, {"b", {invalid}}}, 99}};
  for (row const& r : table) {
    scripted live{r.verdicts};
    printed const text;
    CHECK(run(command, live.engine()) == r.code);
    CHECK(live.runs == std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}});
    CHECK(live.most_at_once == 1);
    json const summary = summary_of(dir.path / "out");
    CHECK(summary.at("engine") == "live and virtual");
    CHECK(summary.at("scenarios").at(3).at("engine") == "virtual");
  }
}

TEST_CASE("a scenario that cannot be run does not keep the others from it") {
  scratch const dir;
  std::string const a = dir.file("a.json", scenario("a")), b = dir.file("b.json", scenario("b"));
  scripted live;
  auto const engine = [&](sim::scenario::scenario const& s, sim::live::run_options const& o) {
    if (s.name == "a") throw std::runtime_error("sol[0] died");
    return live.engine()(s, o);
  };
  printed const text;
  CHECK(run({"run", a, b, "--out", dir.path / "out"}, engine) == 1);
  json const summary = summary_of(dir.path / "out");
  CHECK(verdicts_of(summary) == "a error, b passed");
  CHECK_THAT(summary.at("reasons").at(0).get<std::string>(), Contains("sol[0] died"));
  CHECK(summary_of(dir.path / "out" / "a").at("exit_code") == 1);
}

TEST_CASE("reports of an earlier suite's scenarios do not stand beside a new result") {
  scratch const dir;
  std::string const a = dir.file("a.json", scenario("a")), b = dir.file("b.json", scenario("b")),
                    c = dir.file("c.json", scenario("c"));
  fs::path const out = dir.path / "out";
  auto const command = [&](words files) {
    for (char const* word : {"--engine", "virtual", "--quiet", "--out"}) files.emplace_back(word);
    files.push_back(out);
    files.insert(files.begin(), "run");
    return files;
  };
  REQUIRE(run(command({a, b, c})) == 0);
  dir.file("out/b/notes.txt", "mine");
  dir.file("out/mine/summary.json", "mine");
  REQUIRE(run(command({c, a})) == 0);
  CHECK(names_in(out) == words{"a", "b", "c", "junit.xml", "mine", "summary.json", "summary.txt"});
  CHECK(names_in(out / "b") == words{"notes.txt"});
  CHECK(text_of(out / "mine" / "summary.json") == "mine");
  REQUIRE(run(command({a})) == 0); // one file: a plain run
  CHECK_FALSE(fs::exists(out / "c"));
  CHECK(summary_of(out).at("metrics").contains("redirect_ratio"));
}

TEST_CASE("a suite's directory has one user") {
  scratch const dir;
  std::string const a = dir.file("a.json", scenario("a")), b = dir.file("b.json", scenario("b")),
                    out = (dir.path / "out").string();
  auto const other = os::directory_claim::alone(out);
  CHECK_THROWS_AS(run({"run", a, b, "--engine", "virtual", "--quiet", "--out", out}), os::directory_in_use);
  CHECK(names_in(out) == words{os::directory_claim::file_name});
}

TEST_CASE("a signal ends a suite, and what ran is reported") {
  std::string const endless = R"("load": {"kind": "poisson", "rate_rps": 1000000, "duration": "20h"})";
  scratch const dir;
  words command = {"run", "--engine", "virtual", "--jobs", "1", "--quiet", "--out", dir.path / "out"};
  command.push_back(dir.file("a.json", scenario("a")));
  std::string text = scenario("b");
  text.replace(text.find("\"load\""), text.size(), endless + "}");
  command.push_back(dir.file("b.json", text));
  command.push_back(dir.file("c.json", scenario("c")));
  {
    std::jthread const sender([at = dir.path / "out" / "b"](std::stop_token const& stop) {
      while (!fs::exists(at / os::directory_claim::file_name) && !stop.stop_requested()) std::this_thread::yield();
      ::kill(::getpid(), SIGINT);
    });
    printed const out;
    CHECK(run(command) == records::exit_interrupted);
  }
  json const summary = summary_of(dir.path / "out");
  CHECK(verdicts_of(summary) == "a passed, b interrupted, c not run");
  CHECK(summary.at("verdict") == "interrupted");
  CHECK_THAT(text_of(dir.path / "out" / "junit.xml"), Contains("<error message=\"interrupted\""));
}

TEST_CASE("a scenario says which engine runs it, unless the command line does") {
  scratch const dir;
  std::string const s = dir.file("s.json", scenario("s", simulated)), l = dir.file("l.json", scenario("l")),
                    out = (dir.path / "out").string();
  scripted live;
  auto const engine = [&](words const& more) {
    words command = {"run", "--quiet", "--out", out};
    command.insert(command.end(), more.begin(), more.end());
    CHECK(run(command, live.engine()) == 0);
    return summary_of(out).at("engine").get<std::string>();
  };
  CHECK(engine({s}) == "virtual");
  CHECK(engine({l}) == "live");
  CHECK(engine({s, "--engine", "live"}) == "live");
  CHECK(engine({l, "--engine", "virtual"}) == "virtual");
  CHECK(engine({l, "--set", "engine=virtual"}) == "virtual");
  CHECK(live.runs == std::map<std::string, int>{{"l", 1}, {"s", 1}});
}

TEST_CASE("an invalid run is made again, as often as is allowed, and no other is") {
  struct row {
    char const* name;
    std::vector<records::verdict> verdicts;
    int code, runs;
  };
  row const table[] = {
      {"valid at once", {passed}, 0, 1},
      {"valid the second time", {invalid, passed}, 0, 2},
      {"failed the third time", {invalid, invalid, failed, passed}, 99, 3},
      {"never valid", {invalid, invalid, invalid, passed}, 3, 3},
      {"failed at once", {failed, passed}, 99, 1},
      {"interrupted", {records::verdict::interrupted, passed}, 130, 1},
  };
  scratch const dir;
  std::string const s = dir.file("s.json", scenario("s")), v = dir.file("v.json", scenario("v", simulated));
  for (row const& r : table) {
    for (bool const suite : {false, true}) {
      INFO(r.name << (suite ? ", in a suite" : ""));
      scripted live{{{"s", r.verdicts}}};
      words command = {"run", s, "--retry-invalid", "2", "--quiet", "--out", dir.path / "out"};
      if (suite) command.push_back(v);
      printed const text;
      CHECK(run(command, live.engine()) == r.code);
      CHECK(live.runs["s"] == r.runs);
      json const attempts = summary_of(dir.path / "out" / (suite ? "s" : "")).at("attempts");
      CHECK(attempts.at("count") == r.runs);
      CHECK(attempts.at("most") == 3);
      REQUIRE(attempts.at("invalid").size() == static_cast<std::size_t>(r.runs - 1));
      if (r.runs > 1) CHECK(attempts.at("invalid").at(0).at("reasons").at(0) == "run 1 of s");
      if (suite) {
        CHECK(summary_of(dir.path / "out").at("scenarios").at(0).at("attempts") == attempts);
        CHECK_FALSE(summary_of(dir.path / "out").at("scenarios").at(1).contains("attempts"));
      }
      if (r.runs > 1)
        CHECK_THAT(text_of(dir.path / "out" / "summary.txt"),
                   Contains("attempt " + std::to_string(r.runs) + " of at most 3"));
    }
  }
}

TEST_CASE("runs are not made again where that cannot change anything") {
  scratch const dir;
  std::string const v = dir.file("v.json", scenario("v", simulated)), w = dir.file("w.json", scenario("w")),
                    log = dir.file("log.json", R"({"name": "log",
  "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "trace", "file": "-"}})");
  words const more = {"--retry-invalid", "1", "--quiet", "--out", dir.path / "out"};
  auto const refusal = [&](words command) {
    command.insert(command.begin(), "run");
    command.insert(command.end(), more.begin(), more.end());
    try {
      static_cast<void>(run(command));
    } catch (config::bad_input const& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK_THAT(refusal({v}), Contains("--retry-invalid: found with --engine virtual"));
  CHECK_THAT(refusal({w, "--engine", "virtual"}), Contains("--retry-invalid: found with --engine virtual"));
  CHECK_THAT(refusal({v, w, "--engine", "virtual"}), Contains("--retry-invalid: found with --engine virtual"));
  CHECK_THAT(refusal({log}), Contains("load.file: found \"-\""));
}

TEST_CASE("for GitHub: annotations at the line of the threshold, a section of the log, a step summary") {
  scratch const dir;
  std::string const s = dir.file("repo/ci/s.json", scenario("s", failing)), out = (dir.path / "out").string(),
                    steps = dir.file("steps.md", "what was there\n");
  variable const root("GITHUB_WORKSPACE", (dir.path / "repo").string());
  words const command = {"run", s, "--engine", "virtual", "--ci", "github", "--out", out};
  {
    variable const file("GITHUB_STEP_SUMMARY", steps);
    printed const text;
    CHECK(run(command) == 99);
    CHECK_THAT(text.out.text(), Contains("\n::error file=ci/s.json,line=7,title=s%3A threshold failed::redirect_ratio "
                                         "<0.0001: found "));
    CHECK_THAT(text.out.text(),
               Catch::StartsWith("::group::s: failed\n::stop-commands::") && Contains("\n::endgroup::\n"));
    CHECK_THAT(text.errors.text(), !Contains("GITHUB_STEP_SUMMARY"));
    CHECK(text_of(steps) == "what was there\n" + text_of(fs::path(out) / "summary.md"));
    CHECK_THAT(text_of(steps), Contains("### s: ❌ failed, exit code 99") && Contains("redirect_ratio \\<0.0001"));
  }
  printed const text;
  CHECK(run(command) == 99); // without it
  CHECK_THAT(text.errors.text(), Contains("GITHUB_STEP_SUMMARY is not set"));
  CHECK_THAT(text_of(fs::path(out) / "summary.md"), Contains("### s: ❌ failed"));
  variable const nowhere("GITHUB_STEP_SUMMARY", (dir.path / "no" / "such").string());
  CHECK(run({"run", s, "--engine", "virtual", "--ci", "github", "--out", out, "--set", "thresholds={}"}) == 1);
  CHECK_THAT(text.errors.text(), Contains("cannot write the step summary") && Contains("No such file"));
}

TEST_CASE("for GitLab: a code quality report and a summary in markdown, which go with the next run") {
  scratch const dir;
  std::string const s = dir.file("repo/ci/s.json", scenario("s", failing)), out = (dir.path / "out").string();
  variable const root("CI_PROJECT_DIR", (dir.path / "repo").string());
  printed const text;
  words const command = {"run", s, "--engine", "virtual", "--out", out};
  CHECK(run(command + words{"--ci", "gitlab"}) == 99);
  json const found = json::parse(text_of(fs::path(out) / "gl-code-quality-report.json"));
  REQUIRE(found.size() == 1);
  CHECK(found[0].at("location") == json::parse(R"({"path": "ci/s.json", "lines": {"begin": 7}})"));
  CHECK(found[0].at("check_name") == "crest-sim/threshold");
  CHECK(found[0].at("fingerprint").get<std::string>().size() == 32);
  CHECK_THAT(text.out.text(), Contains("section_start:") && Contains("section_end:") && !Contains("::error"));
  CHECK(fs::exists(fs::path(out) / "summary.md"));
  CHECK(run(command) == 99);
  for (char const* name : {"summary.md", "gl-code-quality-report.json"}) CHECK_FALSE(fs::exists(fs::path(out) / name));
}

TEST_CASE("CI systems are told of suites and of what was refused as well") {
  scratch const dir;
  std::string const bad = dir.file("repo/bad.json", scenario("bad", "\"phases\": 7")),
                    s = dir.file("repo/s.json", scenario("s", failing)), good = dir.file("repo/a.json", scenario("a")),
                    out = (dir.path / "out").string();
  variable const root("GITHUB_WORKSPACE", (dir.path / "repo").string());
  auto const told = [&](words command, int code) {
    command.insert(command.begin(), {"run", "--engine", "virtual", "--ci", "github", "--out", out});
    printed const text;
    int got = 2;
    try {
      got = run(command);
    } catch (config::bad_input const&) {
    }
    CHECK(got == code);
    CHECK(fs::exists(fs::path(out) / "summary.md"));
    return text.out.text();
  };
  CHECK_THAT(told({bad}, 2), Contains("::error file=bad.json,line=5,title=bad%3A bad input::"));
  CHECK_THAT(told({bad, good}, 2), Contains("::error file=bad.json,line=5,title=bad%3A bad input::"));
  CHECK_THAT(told({s, good}, 99), Contains("::error file=s.json,line=7,title=s%3A threshold failed::") &&
                                      Contains("::group::a: passed\n") && Contains("::group::s: failed\n"));
  auto const other = os::directory_claim::alone(out);
  printed const text;
  CHECK_THROWS_AS(run({"run", s, "--engine", "virtual", "--ci", "github", "--out", out}), os::directory_in_use);
  CHECK_THAT(text.out.text(), Contains("::error file=s.json,title=s%3A bad input::"));
}
