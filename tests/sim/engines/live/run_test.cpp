#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using tests::live::eventually;
using tests::live::lab;
using tests::live::processes_with;
using tests::live::text_of;

namespace {

using scratch = tests::live::scratch_directory;

fs::path write_scenario(scratch const& at, std::string const& balancers, std::string const& load,
                        std::string const& thresholds, std::uint32_t characters = 1000) {
  fs::path file = at.path() / "scenario.json";
  std::ofstream(file) << R"({"name": "test", "seed": 5, "topology": {"balancers": )" << balancers
                      << R"(, "proxies": {"count": 4}, "sols": {"count": 1}}, "population": {"characters": )"
                      << characters << R"(}, "load": )" << load << R"(, "thresholds": )" << thresholds << "}";
  return file;
}

std::string const nginx_guess =
    R"({"kind": "nginx", "config": "guess", "count": 2, "expect_violations": {"closed_door": ">0"}})";
std::string const closed =
    R"({"kind": "closed", "requests_per_character": 20, "concurrency": 32, "targets": ["/plain"]})";
std::string const endless = R"({"kind": "constant_rate", "rate_rps": 50, "duration": "600s", "targets": ["/plain"]})";

/// The nodes of the run, once load is being served.
std::set<pid_t> wait_for_load(fs::path const& out) {
  fs::path const journals = out / "run" / "journals";
  auto const serving = [&] { // a journal beyond its header page has records
    std::error_code error;
    return fs::exists(journals / "proxy[0].journal", error) &&
           fs::file_size(journals / "proxy[0].journal", error) > 4096;
  };
  REQUIRE(eventually(serving));
  return processes_with(out.string());
}

}

TEST_CASE("stock nginx that guesses is within 4.5 standard errors of theory, and the run passes") {
  scratch at;
  fs::path const out = at.path() / "out";
  fs::path const file =
      write_scenario(at, nginx_guess, closed, R"({"redirect_ratio": [">0"], "failed_requests": ["==0"]})");
  lab sim({"run", file.string(), "--out", out.string()});
  int const code = sim.wait();
  INFO(sim.output());
  REQUIRE(code == 0);
  auto const summary = nlohmann::json::parse(text_of(out / "summary.json"));
  auto const& ratio = summary.at("metrics").at("redirect_ratio");
  CHECK(ratio.at("denominator") == 20000);
  CHECK(ratio.at("theory").get<double>() == Approx(0.7125));
  double const difference = ratio.at("value").get<double>() - 0.7125;
  CHECK(std::abs(difference) < 4.5 * ratio.at("standard_error").get<double>());
  CHECK(summary.at("verdict") == "passed");
  CHECK_FALSE(fs::exists(out / "run")); // removed after success
  CHECK(processes_with(out.string()).empty());
}

TEST_CASE("an impossible threshold gives exit code 99, and the run's files are kept") {
  scratch at;
  fs::path const out = at.path() / "out";
  fs::path const file = write_scenario(at, nginx_guess, closed, R"({"redirect_ratio": ["<0.01"]})", 20);
  lab sim({"run", file.string(), "--out", out.string()});
  int const code = sim.wait();
  INFO(sim.output());
  CHECK(code == 99);
  CHECK(fs::exists(out / "run" / "logs"));
  CHECK(fs::exists(out / "junit.xml"));
}

TEST_CASE("SIGINT ends a run with 130, a report, and no process left") {
  scratch at;
  fs::path const out = at.path() / "out";
  fs::path const file = write_scenario(at, R"({"kind": "gateway", "count": 1})", endless, "{}");
  lab sim({"run", file.string(), "--out", out.string()});
  CHECK(wait_for_load(out).size() >= 6); // sim, 1 sol, 4 proxies, 1 gateway, as far as their command lines name `out`
  ::kill(sim.pid(), SIGINT);
  int const code = sim.wait();
  INFO(sim.output());
  CHECK(code == 130);
  CHECK(processes_with(out.string()).empty());
  auto const summary = nlohmann::json::parse(text_of(out / "summary.json"));
  CHECK(summary.at("verdict") == "interrupted");
  CHECK(summary.at("metrics").at("requests").at("value").get<double>() > 0);
}

TEST_CASE("nothing is left when crest-sim itself is killed") {
  scratch at;
  fs::path const out = at.path() / "out";
  fs::path const file = write_scenario(at, nginx_guess, endless, "{}");
  lab sim({"run", file.string(), "--out", out.string()});
  CHECK(wait_for_load(out).size() >= 7);
  ::kill(sim.pid(), SIGKILL);
  CHECK(sim.wait() == 128 + SIGKILL);
  CHECK(eventually([&] { return processes_with(out.string()).empty(); }));
}

TEST_CASE("a node that dies unasked ends the run with exit code 1 and is named, with its last words") {
  scratch at;
  fs::path const out = at.path() / "out";
  fs::path const file = write_scenario(at, nginx_guess, endless, "{}");
  lab sim({"run", file.string(), "--out", out.string()});
  wait_for_load(out);
  std::set<pid_t> const victims = processes_with((out / "run" / "configs" / "proxy[2].json").string());
  REQUIRE(victims.size() == 1);
  std::ofstream(out / "run" / "logs" / "proxy[2].log", std::ios::app) << "first\n"
                                                                      << "its last words\n";
  ::kill(*victims.begin(), SIGKILL);
  CHECK(sim.wait() == 1);
  CHECK_THAT(sim.output(), Catch::Contains("proxy[2] ended unexpectedly: signal 9") &&
                               Catch::Contains("its log ends:\n") && Catch::Contains("  its last words\n"));
  CHECK(processes_with(out.string()).empty());
}

TEST_CASE("bad input is exit code 2 with one line") {
  scratch at;
  struct input {
    char const* name;
    std::vector<std::string> arguments;
  };
  for (input const& one :
       {input{"no such file", {"run", "/nowhere/scenario.json"}}, input{"no command", {}},
        input{"unknown option", {"run", "x", "--sed", "4"}}, input{"not a URL", {"load", "ftp://127.0.0.1/"}}}) {
    INFO(one.name);
    lab sim(one.arguments);
    CHECK(sim.wait() == 2);
    CHECK_FALSE(sim.output().empty());
  }
}

TEST_CASE("calibrate writes a profile of this machine whose times add up to what clients saw") {
  scratch const at;
  fs::path const file = at.path() / "profile.json";
  lab calibration({"calibrate", "--out", file.string(), "--rounds", "1", "--requests", "500"});
  int const code = calibration.wait();
  INFO(calibration.output());
  REQUIRE(code == 0);
  auto const profile = nlohmann::json::parse(text_of(file));
  CHECK(profile["measured"]["requests"] == 500);
  CHECK(profile["network"].size() == 3);
  auto const& way = profile["measured"]["direct"];
  double const seen = way["interquartile_mean_ms"], sum = way["parts_add_up_to_ms"];
  CHECK(seen > 0);
  CHECK(sum / seen == Approx(1).margin(0.5));
  CHECK_FALSE(fs::exists(file.string() + ".unfinished"));
  CHECK_FALSE(fs::exists(file.string() + ".run"));
}
