#include "base/config/document.hpp"
#include "base/config/schema.hpp"
#include "base/config/version.hpp"
#include "base/os/directory_claim.hpp"
#include "reports/reports.hpp"
#include "sim/cli/closing_line.hpp"
#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

using Catch::Contains;
using command_test::run;
using command_test::scratch;
using command_test::text_of;
using command_test::operator+; // NOLINT(misc-unused-using-decls): operators are not seen
namespace fs = std::filesystem;

namespace {

using words = std::vector<std::string>;

constexpr char const* small = R"({"name": "small", "seed": 1,
  "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "closed"}})";

constexpr char const* swept = R"({"name": "swept", "axes": {"topology.proxies.count": [1, 2]},
  "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "closed"}})";

constexpr char const* planned = R"({"name": "planned",
  "plan": {"goals": {"redirect_ratio": ["<0.9"]}, "prices": {"proxies": 1}, "replications": 1,
           "space": {"topology.proxies.count": [1, 2]}},
  "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "closed"}})";

constexpr char const* nginx = R"({"name": "of <nginx> & \"co\"",
  "topology": {"balancers": {"kind": "nginx", "config": "guess"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "closed"}})";

words names_in(fs::path const& directory) {
  words names;
  for (auto const& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// What every command leaves in its directory, however it ends.
words const verdict = {"junit.xml", "report.html", "summary.json", "summary.txt"};

}

TEST_CASE("a directory in which another run works is refused before anything in it is touched") {
  scratch const dir;
  std::string const s = dir.file("s.json", small), sweep = dir.file("sweep.json", swept),
                    plan = dir.file("plan.json", planned), out = (dir.path / "out").string(),
                    shard = (dir.path / "shard").string();
  REQUIRE(run({"sweep", sweep, "--out", shard, "--quiet", "--shard", "1/1"}) == 0);
  struct row {
    char const* name;
    words arguments;
  };
  row const table[] = {
      {"a live run", {"run", s, "--out", out}},
      {"a simulated run", {"run", s, "--engine", "virtual", "--out", out}},
      {"replications", {"run", s, "--engine", "virtual", "--replications", "3", "--out", out}},
      {"until a precision", {"run", s, "--engine", "virtual", "--precision", "5%", "--out", out}},
      {"a sweep", {"sweep", sweep, "--out", out}},
      {"a live sweep", {"sweep", sweep, "--engine", "live", "--out", out}},
      {"a shard of a sweep", {"sweep", sweep, "--shard", "1/2", "--out", out}},
      {"a merge", {"merge", shard, "--out", out}},
      {"a plan", {"plan", plan, "--out", out}},
      {"live runs of verify", {"verify", s, "--out", out}},
      {"another spelling", {"run", s, "--engine", "virtual", "--out", out + "/../out/"}},
  };
  words const before = {".crest-sim.lock", "junit.xml", "run", "summary.json", "sweep.csv"};
  for (char const* name : {"summary.json", "junit.xml", "sweep.csv", "run/logs/sol[0].log"})
    dir.file(std::string("out/") + name, "of the other");
  os::directory_claim const other = os::directory_claim::alone(out);
  for (row const& r : table) {
    INFO(r.name);
    CHECK_THROWS_AS(run(r.arguments + words{"--quiet"}), os::directory_in_use);
    CHECK(names_in(out) == before);
    CHECK(text_of(fs::path(out) / "summary.json") == "of the other");
    CHECK(fs::exists(fs::path(out) / "run/logs/sol[0].log"));
  }
  os::directory_claim const calibrating = os::directory_claim::alone(dir.path / "p.json.run");
  CHECK_THROWS_AS(run({"calibrate", "--out", (dir.path / "p.json").string()}), os::directory_in_use);
}

TEST_CASE("shards of one sweep share a directory, and no other sweep's shard comes in between") {
  scratch const dir;
  std::string const sweep = dir.file("sweep.json", swept), out = (dir.path / "out").string();
  auto const shard = [&](std::string const& which, words const& more = {}) {
    return run(words{"sweep", sweep, "--quiet", "--out", out, "--shard", which} + more);
  };
  CHECK(shard("1/2") == 0);
  std::string const manifest = text_of(fs::path(out) / "sweep.json");
  {
    auto const running = os::directory_claim::together(
        out, [] { return true; }, [] {});
    CHECK(shard("2/2") == 0);
    CHECK(fs::exists(fs::path(out) / "sweep.csv"));
    CHECK_THROWS_AS(shard("1/2", {"--seed", "7"}), os::directory_in_use);
    CHECK_THROWS_AS(run({"sweep", sweep, "--quiet", "--out", out}), os::directory_in_use);
    CHECK(text_of(fs::path(out) / "sweep.json") == manifest);
  }
  CHECK(shard("1/2", {"--seed", "7"}) == 0); // alone now
  CHECK_FALSE(fs::exists(fs::path(out) / "sweep.csv"));
  CHECK(names_in(out) == words{"points", "sweep.json"}); // no lock is left
}

TEST_CASE("an older report does not stand beside a new failure, and nothing else is touched") {
  scratch const dir;
  std::string const s = dir.file("s.json", small), n = dir.file("nginx.json", nginx),
                    broken = dir.file("broken.json", "{\"name\": "), out = (dir.path / "out").string();
  dir.file("no.log", "not a line of a log\n");
  struct row {
    char const* name;
    words arguments;
    std::string junit; // of its error
  };
  row const table[] = {
      {"a scenario that is no JSON", {"run", broken}, "broken.json"},
      {"no scenario at all", {"run", dir.path / "nowhere.json"}, "nowhere.json"},
      {"an override that is none", {"run", s, "--set", "topology.proxies.count=none"}, "topology.proxies.count"},
      {"an option that does not fit", {"run", s, "--replications", "2"}, "--replications"},
      {"a share that is none", {"run", s, "--engine", "virtual", "--precision", "7"}, "--precision"},
      {"more at least than at most",
       {"run", s, "--engine", "virtual", "--precision", "1%", "--max-replications", "1"},
       "--max-replications"},
      {"refused by the engine", {"run", n, "--engine", "virtual"}, "nginx"},
      {"refused by the live engine",
       {"run", s, "--set", R"(partitions=[{"between":["clients","balancers"],"at":"1s","for":"1s"}])"},
       "proxies from sols"},
      {"found when the log is read",
       {"run", s, "--engine", "virtual", "--set", R"(load={"kind":"trace","file":"no.log"})"},
       "no.log"},
  };
  for (row const& r : table) {
    INFO(r.name);
    fs::remove_all(out);
    REQUIRE(run({"run", s, "--engine", "virtual", "--quiet", "--out", out}) == 0);
    REQUIRE_THAT(text_of(fs::path(out) / "junit.xml"), Contains("errors=\"0\""));
    dir.file("out/notes.txt", "mine");
    dir.file("out/sweep.csv", "mine");
    CHECK_THROWS_AS(run(r.arguments + words{"--quiet", "--out", out}), config::bad_input);
    CHECK(names_in(out) == words{"junit.xml", "notes.txt", "report.html", "summary.json", "summary.txt", "sweep.csv"});
    CHECK_THAT(text_of(fs::path(out) / "junit.xml"),
               Contains("tests=\"1\" failures=\"0\" errors=\"1\"") &&
                   Contains("<error message=\"could not run\" type=\"could not run\">") && Contains(r.junit) &&
                   Contains("name=\"exit_code\" value=\"2\""));
    CHECK_THAT(text_of(fs::path(out) / "summary.txt"), Contains("COULD NOT RUN, exit code 2"));
    fs::remove_all(out);
    CHECK_THROWS_AS(run(r.arguments + words{"--quiet", "--out", out}), config::bad_input);
    CHECK(names_in(out) == verdict); // whoever looks for a report finds one
    auto const summary = nlohmann::json::parse(text_of(fs::path(out) / "summary.json"));
    CHECK_FALSE(config::validate(summary, nlohmann::json::parse(reports::summary_schema)));
    CHECK(summary["verdict"] == "error");
    CHECK(summary["exit_code"] == 2);
    CHECK_THAT(summary["reasons"][0].get<std::string>(), Contains(r.junit));
    CHECK(summary["provenance"]["version"] == std::string(config::version));
  }
}

TEST_CASE("a report that cannot be written leaves none that says passed") {
  scratch const dir;
  std::string const s = dir.file("s.json", small), out = (dir.path / "out").string();
  for (char const* name : {"summary.json", "summary.txt", "junit.xml", "timeseries.csv"}) {
    INFO(name);
    fs::remove_all(out);
    dir.file(std::string("out/") + name + "/in.the.way", "x"); // a directory of that name
    CHECK_THROWS_WITH(run({"run", s, "--engine", "virtual", "--quiet", "--out", out}), Contains(name));
    if (fs::is_regular_file(fs::path(out) / "summary.json"))
      CHECK_THAT(text_of(fs::path(out) / "summary.json"), Contains("\"verdict\": \"error\""));
    if (fs::is_regular_file(fs::path(out) / "junit.xml"))
      CHECK_THAT(text_of(fs::path(out) / "junit.xml"), !Contains("errors=\"0\""));
  }
}

TEST_CASE("tables and plans of an earlier command do not stand beside a failure") {
  scratch const dir;
  std::string const sweep = dir.file("sweep.json", swept), plan = dir.file("plan.json", planned),
                    out = (dir.path / "out").string();
  struct row {
    char const* name;
    words good, bad;
    words left; // of what the good one wrote
  };
  row const table[] = {
      {"a sweep of a broken scenario", {"sweep", sweep}, {"sweep", sweep, "--set", "seed=x"}, {"points", "sweep.json"}},
      {"a sweep that its engine refuses",
       {"sweep", sweep},
       {"sweep", sweep, "--set", R"(topology.balancers.kind="nginx")", "--set", R"(topology.balancers.config="guess")"},
       {"points", "sweep.json"}},
      {"a plan of a broken scenario", {"plan", plan}, {"plan", plan, "--set", "plan.confidence=7"}, {"runs.jsonl"}},
      {"a plan whose runs are refused",
       {"plan", plan},
       {"plan", plan, "--set", R"(topology.balancers.kind="nginx")", "--set", R"(topology.balancers.config="guess")"},
       {"runs.jsonl"}},
      {"a merge of what is not there", {"sweep", sweep}, {"merge", dir.path / "nowhere"}, {"points", "sweep.json"}},
  };
  for (row const& r : table) {
    INFO(r.name);
    fs::remove_all(out);
    REQUIRE(run(r.good + words{"--quiet", "--out", out}) == 0);
    REQUIRE(names_in(out).size() > r.left.size());
    dir.file("out/notes.txt", "mine");
    CHECK_THROWS(run(r.bad + words{"--quiet", "--out", out}));
    words left = r.left + words{"notes.txt"} + verdict;
    std::sort(left.begin(), left.end());
    CHECK(names_in(out) == left);
  }
}

TEST_CASE("a live run empties no directory that is not a run's") {
  scratch const dir;
  std::string const s = dir.file("s.json", small), out = (dir.path / "out").string();
  for (char const* mine : {"out/run/notes.txt", "out/run/logs2/a.log", "out/run/.git/config", "out/run/a", "out/run"}) {
    INFO(mine);
    fs::remove_all(out);
    dir.file(mine, "mine");
    CHECK_THROWS_WITH(run({"run", s, "--quiet", "--out", out}), Contains((fs::path(out) / "run").string()));
    CHECK(text_of(dir.path / mine) == "mine");
    CHECK_THAT(text_of(fs::path(out) / "junit.xml"), Contains("errors=\"1\""));
  }
}

TEST_CASE("every command says last where its report is, unless it is to be quiet") {
  scratch const dir;
  std::string const s = dir.file("s.json", small), broken = dir.file("broken.json", "{\"name\": "),
                    sweep = dir.file("sweep.json", swept), plan = dir.file("plan.json", planned);
  struct row {
    char const* name;
    words arguments;
    bool refused;
  };
  row const table[] = {{"a run", {"run", s, "--engine", "virtual"}, false},
                       {"a run of a broken scenario", {"run", broken, "--engine", "virtual"}, true},
                       {"a sweep", {"sweep", sweep}, false},
                       {"a plan", {"plan", plan}, false}};
  for (row const& r : table) {
    INFO(r.name);
    std::string const out = (dir.path / "out").string();
    fs::remove_all(out);
    sim::cli::closing_line().clear();
    if (r.refused) {
      CHECK_THROWS_AS(run(r.arguments + words{"--out", out}), config::bad_input);
    } else {
      CHECK(run(r.arguments + words{"--out", out}) == 0);
    }
    CHECK(sim::cli::closing_line() == "report: " + out);
    for (std::string const& name : verdict) CHECK(fs::is_regular_file(fs::path(out) / name));
    sim::cli::closing_line().clear();
    if (!r.refused) {
      CHECK(run(r.arguments + words{"--quiet", "--out", out}) == 0);
      CHECK(sim::cli::closing_line().empty());
    }
  }
  sim::cli::closing_line().clear();
}

TEST_CASE("a sweep's report names each trial, with what it varies and why it did not pass") {
  scratch const dir;
  std::string const sweep = dir.file("sweep.json", swept), out = (dir.path / "out").string();
  CHECK(run({"sweep", sweep, "--out", out, "--quiet", "--set", R"(thresholds={"redirect_ratio": ["<0.0001"]})", "--set",
             "topology.balancers.count=2", "--set", "load.requests_per_character=20"}) == 99);
  auto const summary = nlohmann::json::parse(text_of(fs::path(out) / "summary.json"));
  CHECK(summary["verdict"] == "failed");
  CHECK(summary["exit_code"] == 99);
  REQUIRE(summary["reasons"].size() == 1); // one proxy redirects nothing
  CHECK_THAT(summary["reasons"][0].get<std::string>(),
             Contains("topology.proxies.count=2") && Contains("threshold redirect_ratio"));
  CHECK_THAT(text_of(fs::path(out) / "junit.xml"),
             Contains("tests=\"3\" failures=\"1\"") && Contains("name=\"point 1 (topology.proxies.count=2)\""));
  CHECK_THAT(text_of(fs::path(out) / "summary.txt"),
             Contains("point 0 (topology.proxies.count=1)  passed") &&
                 Contains("point 1 (topology.proxies.count=2)  failed  threshold redirect_ratio") &&
                 Contains("1 passed, 1 failed") && Contains("What ran"));
}

TEST_CASE("a report says what ran: the command, what was overridden, the scenario as it was run") {
  scratch const dir;
  std::string const s = dir.file("s.json", small);
  auto const provenance = [&](words const& more) {
    REQUIRE(run(words{"run", s, "--engine", "virtual", "--quiet", "--out", dir.path / "out"} + more) == 0);
    return nlohmann::json::parse(text_of(dir.path / "out" / "summary.json"))["provenance"];
  };
  auto const plain = provenance({}), again = provenance({}), seed = provenance({"--seed", "7"}),
             more = provenance({"--set", "topology.proxies.count=3"});
  CHECK(plain["scenario"]["topology"]["proxies"]["count"] == 2);
  CHECK(more["scenario"]["topology"]["proxies"]["count"] == 3);
  CHECK(more["overrides"] == nlohmann::json{"topology.proxies.count=3"});
  CHECK(seed["overrides"] == nlohmann::json{"seed=7"});
  CHECK(plain["scenario_digest"] == again["scenario_digest"]);
  CHECK(plain["scenario_digest"] != more["scenario_digest"]);
  CHECK(plain["scenario_digest"] != seed["scenario_digest"]);
  CHECK_FALSE(plain["command"].empty());
  CHECK(plain["cores"] >= 1);
  for (char const* time : {"started", "ended"}) CHECK_THAT(plain[time].get<std::string>(), Catch::Matches("20.*T.*Z"));
  for (char const* name : {"summary.txt", "junit.xml"})
    CHECK_THAT(text_of(dir.path / "out" / name), Contains(more["scenario_digest"].get<std::string>()));
}

TEST_CASE("a picture has one drawer at a time, others beside it are free, and the last line says where it is") {
  scratch const dir;
  std::string const s = dir.file("s.json", small), out = (dir.path / "out").string();
  REQUIRE(run({"run", s, "--engine", "virtual", "--quiet", "--out", out}) == 0);
  std::string const picture = (dir.path / "pictures" / "p.svg").string();
  auto const draw = [&](std::string const& to) { return run({"plot", out, "--kind", "bars", "--out", to}); };
  {
    os::directory_claim const other = os::directory_claim::of_file(picture);
    CHECK_THROWS_WITH(draw(picture), Catch::StartsWith(picture + ": in use by another crest-sim") &&
                                         Catch::Contains("name another file"));
    CHECK_FALSE(fs::exists(picture));
    CHECK(draw((dir.path / "pictures" / "q.svg").string()) == 0);
  }
  sim::cli::closing_line().clear();
  CHECK(draw(picture) == 0);
  CHECK(sim::cli::closing_line() == "picture: " + picture);
  sim::cli::closing_line().clear();
  CHECK_THROWS_AS(run({"plot", out, "--kind", "heatmap", "--out", (dir.path / "none" / "h.svg").string()}),
                  config::bad_input);
  CHECK(sim::cli::closing_line().empty());
  CHECK_FALSE(fs::exists(dir.path / "none")); // nothing is left of what could not be drawn
  CHECK(names_in(dir.path / "pictures") ==
        words{"p.dat", "p.gnuplot", "p.svg", "q.dat", "q.gnuplot", "q.svg"}); // no lock
}
