// Balancers of kind `command`: programs that the lab knows nothing of but how to start them.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

using namespace tests::live;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// crest-gateway as if it were anybody's program. Its command line names the run's directory.
json own_program(fs::path const& at) {
  fs::path const file = at / "mine.json";
  std::ofstream(file) << "# of balancer at {{listen}}\n{\"token_map\": \"off\", \"listen\": [\"{{host}}:{{port}}\"]}\n";
  std::string const program = (fs::path(CREST_BIN_DIR) / "crest-gateway").string();
  std::ofstream(at / "start.sh") << "grep -v '^#' \"$2\" > \"$1/used.json\"; shift 2; exec \"$@\"\n";
  return {{"kind", "command"},
          {"name", "mine"},
          {"command",
           {"sh", (at / "start.sh").string(), "{{prefix}}", "{{config}}", program, "--config", "{{prefix}}/used.json",
            "--reuse-port", "--upstream={{proxy_address}}"}},
          {"config", file.string()}};
}

/// Lets a shell stand in front of `own_program`, which gets the signals.
void trap_signals(fs::path const& at, std::string const& traps) {
  std::ofstream(at / "start.sh", std::ios::trunc)
      << "grep -v '^#' \"$2\" > \"$1/used.json\"; shift 2; \"$@\" &\n" + traps + "\nwhile :; do wait; done\n";
}

json scenario_with(json balancers) {
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = std::move(balancers);
  return scenario;
}

json shell(std::string const& script) {
  return {{"kind", "command"}, {"name", "mine"}, {"command", {"sh", "-c", script}}};
}

/// The exit code, and that nothing of the run is left.
int code_of(lab_run& run) {
  int const code = run.wait();
  CHECK(run.processes().empty());
  return code;
}

bool no_proxy_was_started(lab_run const& run) { return !fs::exists(run.out() / "run" / "logs" / "proxy[0].log"); }

}

TEST_CASE("any program is started from a template, told where the proxies are, measured and ended") {
  scratch_directory at;
  json mine = own_program(at.path());
  mine["count"] = 2;
  mine["ready"] = {{"http", "/"}};
  json scenario = scenario_with(json::array({mine, {{"kind", "gateway"}}}));
  scenario["thresholds"] = {{"redirect_ratio{balancer:mine[1]}", {">0.3", "<0.7"}}, {"failed_requests", {"==0"}}};
  lab_run run(scenario, {"--keep"});
  int const code = code_of(run);
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(summary.at("balancers").at("mine[0]").at("kind") == "command");
  CHECK(summary.at("balancers").at("mine[0]").at("retries_on").is_null()); // read from nginx's configurations only
  CHECK(summary.at("balancers").contains("gateway[0]"));
  check_invariants(summary, {"one_session", "right_place", "intact", "nobody_elses", "closed_door", "books"});
  std::string const used = text_of(run.out() / "run" / "configs" / "mine[1].conf");
  CHECK_THAT(used, Catch::Contains("{{listen}}") && Catch::Contains("[\"127.0.0.1:") && !Catch::Contains("{{port}}"));
  bool named = false; // what a black box hides
  for (json const& note : summary.at("notes")) named = named || note.get<std::string>().find("mine[0]: what") == 0;
  CHECK(named);
}

TEST_CASE("a program is killed, restarted and added by events, as any balancer is") {
  scratch_directory at;
  json scenario = scenario_with(own_program(at.path()));
  scenario["load"] = {{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "5s"}};
  scenario["events"] = {{{"at", "300ms"}, {"add_balancer", own_program(at.path())}},
                        {{"at", "600ms"}, {"restart", "mine[0]"}},
                        {{"at", "900ms"}, {"restart", {{"node", "mine[1]"}, {"graceful", false}}}}};
  lab_run run(scenario);
  int const code = code_of(run);
  INFO(run.output());
  CHECK(code == 0);
  CHECK(run.summary().at("events").size() == 3);
  CHECK(count(run.summary().at("balancers").at("mine[1]"), "requests") > 0);
}

TEST_CASE("a program that cannot be used ends the run before any load, and is named") {
  scratch_directory at;
  SECTION("it is not installed") {
    json mine = own_program(at.path());
    mine["command"][0] = "no-such-balancer";
    lab_run run(scenario_with(mine));
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(), Catch::Contains("scenario.json: mine[0]: there is no program no-such-balancer in PATH"));
    CHECK(no_proxy_was_started(run));
  }
  SECTION("it is not installed, and an event would add it later") {
    json mine = own_program(at.path());
    mine["command"][0] = "./no-such-balancer";
    json scenario = small_scenario();
    scenario["events"] = {{{"at_share", 0.5}, {"add_balancer", mine}}};
    lab_run run(scenario);
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(),
               Catch::Contains("mine[0]: there is no program /") && Catch::Contains("/no-such-balancer:"));
    CHECK(no_proxy_was_started(run));
  }
  SECTION("what asks it to end is not installed") {
    json mine = own_program(at.path());
    mine["stop"] = {"no-such-stop", "{{pid}}"};
    lab_run run(scenario_with(mine));
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(), Catch::Contains("there is no program no-such-stop"));
    CHECK(no_proxy_was_started(run));
  }
  SECTION("it ends at once") {
    lab_run run(scenario_with(shell("echo one says; echo another says >&2; exit 3")));
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(), Catch::Contains("mine[0] ended before it was ready: exit status 3; its output begins:\n"
                                             "  one says\n  another says\n"));
  }
  SECTION("it ends at once with success, as what goes to the background does") {
    lab_run run(scenario_with(shell("exit 0")));
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(),
               Catch::Contains("mine[0] ended before it was ready: exit status 0") && Catch::Contains("(nothing)"));
  }
  SECTION("it never listens") {
    json mine = shell("echo waiting for nothing; exec sleep 1000");
    mine["ready"] = {{"within", "300ms"}};
    lab_run run(scenario_with(mine));
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(), Catch::Contains("mine[0] was not ready within 300 ms: it does not accept connections; its "
                                             "output begins:\n  waiting for nothing\n"));
  }
  SECTION("it listens, and does not answer as it should") {
    json mine = own_program(at.path());
    mine["command"].back() = "--upstream=127.0.0.1:1";
    mine["command"].insert(mine["command"].begin(), {"env", "PROXIES={{proxies}}"}); // which nobody looks at
    mine["ready"] = {{"http", "/"}, {"within", "300ms"}};
    lab_run run(scenario_with(mine));
    CHECK(code_of(run) == 1);
    CHECK_THAT(run.output(), Catch::Contains("mine[0] was not ready within 300 ms: GET /: status 502"));
  }
}

TEST_CASE("a template or command that cannot be filled in is bad input, before anything is started") {
  scratch_directory at;
  json mine = own_program(at.path());
  std::string expected;
  json scenario = small_scenario();
  SECTION("in the template: file and line") {
    std::ofstream(at.path() / "mine.json", std::ios::app) << "{{prot}}\n";
    expected = "mine.json:3: found the unknown placeholder {{prot}}";
  }
  SECTION("in the command") {
    mine["command"].push_back("--port={{prot}}");
    expected = "scenario.json: mine[0]: command: found the unknown placeholder {{prot}}";
  }
  SECTION("in the command that asks it to end") {
    mine["stop"] = {"kill", "{{prot}}"};
    expected = "scenario.json: mine[0]: stop: found the unknown placeholder {{prot}}";
  }
  SECTION("TLS without a place for the certificate") {
    scenario["load"]["tls"] = true;
    expected = "scenario.json: mine[0]: found neither {{certificate}} nor {{bundle}}";
  }
  scenario["topology"]["balancers"] = mine;
  lab_run run(scenario);
  CHECK(code_of(run) == 2);
  CHECK_THAT(run.output(), Catch::Contains(expected) && Catch::Contains("; allowed: "));
  CHECK(no_proxy_was_started(run));
}

TEST_CASE("a program is asked to end by the signal or the command that its group names") {
  scratch_directory at;
  json mine = own_program(at.path());
  std::string const told = (at.path() / "told").string();
  SECTION("a signal; how a program ends by it is its own matter") {
    // What it was in front of ends with it.
    trap_signals(at.path(), "trap 'echo by signal > " + told + "; exit 138' USR1");
    mine["stop"] = "SIGUSR1";
  }
  SECTION("a command") { mine["stop"] = {"sh", "-c", "echo by command > " + told + "; kill -TERM {{pid}}"}; }
  lab_run run(scenario_with(mine));
  int const code = code_of(run);
  INFO(run.output());
  CHECK(code == 0);
  CHECK_THAT(text_of(told), Catch::StartsWith(mine["stop"].is_array() ? "by command" : "by signal"));
  CHECK(processes_with(at.path().string()).empty());
}

TEST_CASE("a balancer reads its configuration again by the signal or the command that its group names") {
  scratch_directory at;
  std::string const told = (at.path() / "told").string();
  json mine = own_program(at.path());
  int expected = 0;
  SECTION("a signal") {
    trap_signals(at.path(), "trap 'echo by signal > " + told + "' USR2; trap 'kill $!; wait; exit 0' TERM");
    mine["reload"] = "SIGUSR2";
  }
  SECTION("a command") { mine["reload"] = {"sh", "-c", "echo by command {{pid}} > " + told}; }
  SECTION("a command that fails") {
    mine["reload"] = {"sh", "-c", "echo cannot > " + told + "; echo no such thing >&2; exit 3"};
    expected = 1;
  }
  json scenario = scenario_with(mine);
  scenario["events"] = {{{"at_share", 0.5}, {"reload", "mine[0]"}}};
  lab_run run(scenario);
  int const code = code_of(run);
  INFO(run.output());
  CHECK(code == expected);
  CHECK_THAT(text_of(told), Catch::StartsWith(expected == 1               ? "cannot"
                                              : mine["reload"].is_array() ? "by command"
                                                                          : "by signal"));
  if (expected == 1) {
    CHECK_THAT(run.output(),
               Catch::Contains("mine[0]: its reload failed: exit status 3") && Catch::Contains("no such thing"));
  } else {
    CHECK(run.summary().at("events")[0].at("detail") == "let mine[0] read its configuration again");
  }
}

TEST_CASE("a gateway reads its configuration again, loses no request over it, and forgets nothing") {
  json scenario = scenario_with({{"kind", "gateway"}, {"count", 2}});
  scenario["events"] = {{{"at_share", 0.3}, {"reload", "gateway[0]"}}, {{"at_share", 0.6}, {"reload", "gateway[0]"}}};
  scenario["thresholds"] = {{"failed_requests", {"==0"}}, {"redirects{reason:restarted}", {"==0"}}};
  lab_run run(scenario, {"--keep"});
  int const code = code_of(run);
  INFO(run.output());
  CHECK(code == 0);
  CHECK(run.summary().at("events")[1].at("detail") == "let gateway[0] read its configuration again");
  CHECK_THAT(text_of((run.out() / "run" / "logs" / "gateway[0].log").string()),
             Catch::Contains("configuration reloaded"));
}

TEST_CASE("no program is left when crest-sim is killed") {
  scratch_directory at;
  json scenario = scenario_with(own_program(at.path()));
  scenario["load"] = {{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "1000s"}};
  lab_run run(scenario);
  run.wait_for_load();
  CHECK(processes_with((run.out() / "run" / "balancers" / "mine[0]").string()).size() == 1);
  run.sim().signal(SIGKILL);
  CHECK(run.wait() == 128 + SIGKILL);
  CHECK(eventually([&] { return run.processes().empty(); }));
}

namespace {

struct shipped {
  char const* scenario;
  char const* program;
  std::vector<std::string> violated; // as the scenario declares
  bool fails = false;                // requests, and then theory says nothing
};

bool installed(std::string const& program) {
  for (char const* directory : {"/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"})
    if (fs::exists(fs::path(directory) / program)) return true;
  return false;
}

void check_shipped(shipped const& one) {
  INFO(one.scenario);
  if (!installed(one.program)) {
    WARN("skipped: " << one.scenario << ", for there is no " << one.program);
    return;
  }
  scratch_directory at;
  fs::path const file = fs::path(CREST_SOURCE_DIR) / "scenarios" / one.scenario, out = at.path() / "out";
  lab sim(
      {"run", file.string(), "--out", out.string(), "--set", "population.characters=600", "--set", "thresholds={}"});
  int const code = sim.wait();
  INFO(sim.output());
  CHECK(code == 0);
  json const summary = json::parse(text_of(out / "summary.json"));
  CHECK(summary.at("metrics").at("redirect_ratio").at("theory").is_null() == one.fails);
  CHECK(summary.at("differences").empty());
  CHECK((count(summary, "failed_requests") > 0) == one.fails);
  for (json const& invariant : summary.at("invariants")) {
    std::string const name = invariant.at("name");
    bool const declared = std::find(one.violated.begin(), one.violated.end(), name) != one.violated.end();
    INFO(invariant.dump(2));
    CHECK(invariant.at("violations") == 0);
    CHECK((invariant.at("expected_violations") > 0) == declared);
  }
}

}

TEST_CASE("shipped scenarios with balancers of others: theory is beside them, and what they violate is named") {
  check_shipped({"haproxy.json", "haproxy", {"intact", "at_most_once", "closed_door", "books"}});
  check_shipped({"haproxy-follows.json", "haproxy", {}});
  check_shipped({"nginx-balancer-lua.json", "nginx", {"intact"}});
  check_shipped({"varnish.json", "varnishd", {}, true});
  check_shipped({"caddy.json", "caddy", {"intact"}, true});
}
