// Suites, and runs that are made again, with real processes.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>

using namespace tests::live;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

std::string written(fs::path const& file, json const& what) {
  std::ofstream(file) << what.dump(2);
  return file.string();
}

json summary_of(fs::path const& out) { return json::parse(text_of(out / "summary.json")); }

/// crest-gateway as somebody's program, which lets one request at a time through in its first life, and all in later
/// ones.
json slow_at_first(fs::path const& at) {
  for (bool const slow : {true, false}) {
    json settings = {{"token_map", "off"}, {"listen", {"{{host}}:{{port}}"}}};
    if (slow) settings["limits"]["requests_per_upstream"] = {{"at_once", 1}, {"waiting", 1000}};
    std::ofstream(at / (slow ? "slow.json" : "fast.json")) << settings.dump(2);
  }
  std::ofstream(at / "start.sh") << "dir=$1; shift\n"
                                    "config=fast.json; [ -e \"$dir/lived\" ] || config=slow.json; : > \"$dir/lived\"\n"
                                    "sed \"s/{{host}}:{{port}}/$LISTEN/\" \"$dir/$config\" > \"$USED\"\n"
                                    "exec \"$@\" --config \"$USED\"\n";
  std::string const program = (fs::path(CREST_BIN_DIR) / "crest-gateway").string();
  return {{"kind", "command"},
          {"name", "mine"},
          {"command",
           {"env", "LISTEN={{host}}:{{port}}", "USED={{prefix}}/used.json", "sh", (at / "start.sh").string(),
            at.string(), program, "--reuse-port", "--upstream={{proxy_address}}"}}};
}

/// 100 requests a second, each of 20 ms, over eight connections.
json hundred_a_second(json balancer) {
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = std::move(balancer);
  scenario["topology"]["proxies"] = {{"count", 1}, {"service_time", {{"constant", {{"mean_ms", 20}}}}}};
  scenario["load"] = {{"kind", "constant_rate"},
                      {"rate_rps", 100},
                      {"duration", "1s"},
                      {"targets", {"/plain"}},
                      {"connections_per_balancer", 8}};
  scenario["load"]["max_schedule_lag"] = "250ms";
  return scenario;
}

}

TEST_CASE("a suite of one live scenario and two simulated ones has one summary, one junit.xml, the worst exit code") {
  scratch_directory at;
  fs::path const dir = at.path() / "scenarios", out = at.path() / "out";
  fs::create_directories(dir);
  json live = small_scenario(), simulated = small_scenario(), failing = small_scenario();
  live["name"] = "live", simulated["name"] = "simulated", failing["name"] = "failing";
  simulated["engine"] = failing["engine"] = "virtual";
  failing["thresholds"]["redirect_ratio"] = {">0.5"}; // one balancer redirects once a token
  written(dir / "a.json", live), written(dir / "b.json", simulated), written(dir / "c.json", failing);
  lab sim({"run", dir.string(), "--out", out.string(), "--ci", "gitlab"});
  int const code = sim.wait();
  INFO(sim.output());
  CHECK(code == 99);
  json const summary = summary_of(out);
  CHECK(summary.at("engine") == "live and virtual");
  CHECK(summary.at("scenarios").size() == 3);
  std::string verdicts, engines;
  for (json const& one : summary.at("scenarios")) {
    verdicts += one.at("verdict").get<std::string>() + " ";
    engines += one.at("engine").get<std::string>() + " ";
  }
  CHECK(verdicts == "passed passed failed ");
  CHECK(engines == "live virtual virtual ");
  for (char const* name : {"a", "b", "c"})
    CHECK(summary_of(out / name).at("metrics").at("requests").at("value") == 500);
  check_invariants(summary_of(out / "a"), {"right_place", "books"});
  CHECK_FALSE(fs::exists(out / "a" / "run")); // it passed
  CHECK_THAT(text_of(out / "junit.xml"), Catch::Contains("<testsuite name=\"live\"") &&
                                             Catch::Contains("<testsuite name=\"failing\"") &&
                                             Catch::Contains("type=\"threshold\""));
  CHECK(json::parse(text_of(out / "gl-code-quality-report.json")).size() == 1);
  CHECK_THAT(sim.output(), Catch::Contains("2 passed, 1 failed; exit code 99"));
  CHECK(processes_with(out.string()).empty());
}

TEST_CASE("a run that is invalid is made again, and its report says why it was") {
  scratch_directory at;
  json const scenario = hundred_a_second(slow_at_first(at.path()));
  lab_run once(scenario);
  CHECK(once.wait() == 3);
  INFO(once.output());
  CHECK_FALSE(once.summary().contains("attempts"));
  fs::remove(at.path() / "lived");
  lab_run run(scenario, {"--retry-invalid", "2"});
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(summary.at("verdict") == "passed");
  CHECK(summary.at("attempts").at("count") >= 2); // more on a machine that is busy as well
  CHECK_THAT(summary.at("attempts").at("invalid").at(0).at("reasons").at(0).get<std::string>(),
             Catch::Contains("could not keep its rate"));
  CHECK_THAT(text_of(run.out() / "junit.xml"), Catch::Contains("<flakyError message=\"attempt 1\" type=\"invalid\">"));
  CHECK_THAT(run.output(), Catch::Contains("This is attempt 2 of at most 3") || Catch::Contains("attempt 3"));
  CHECK(count(summary, "requests") == 100);
  CHECK(run.processes().empty());
}

TEST_CASE("Ctrl-C ends a suite of live scenarios: the one that runs is reported, the next is not begun") {
  scratch_directory at;
  json first = small_scenario();
  first["load"] = {{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "600s"}, {"targets", {"/plain"}}};
  first["load"]["max_schedule_lag"] = "60s"; // a busy machine is not what is tested here
  std::string const a = written(at.path() / "a.json", first), b = written(at.path() / "b.json", small_scenario());
  fs::path const out = at.path() / "out", journal = out / "a" / "run" / "journals" / "proxy[0].journal";
  lab sim({"run", a, b, "--out", out.string()});
  REQUIRE(eventually([&] {
    std::error_code none;
    return fs::exists(journal, none) && fs::file_size(journal, none) > 4096;
  }));
  sim.signal(SIGINT);
  int const code = sim.wait();
  INFO(sim.output());
  CHECK(code == 130);
  json const summary = summary_of(out);
  CHECK(summary.at("scenarios").at(0).at("verdict") == "interrupted");
  CHECK(summary.at("scenarios").at(1).at("verdict") == "not run");
  CHECK(summary_of(out / "a").at("metrics").at("requests").at("value") > 0);
  CHECK_FALSE(fs::exists(out / "b"));
  CHECK(processes_with(out.string()).empty());
}
