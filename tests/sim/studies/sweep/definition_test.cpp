#include "sim/studies/sweep/definition.hpp"
#include "tests/sim/studies/sweep/fake.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sim::sweep;
using sweep_test::scenario_text;
using sweep_test::scratch;

namespace {

/// What defining a sweep throws, or "defined".
std::string message_of(std::filesystem::path const& file, definition_settings const& settings = {}) {
  try {
    define(file, settings);
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "defined";
}

std::vector<std::string> fingerprints(definition const& d) {
  std::vector<std::string> result;
  for (trial const& t : d.trials) result.push_back(t.fingerprint);
  return result;
}

struct row {
  char const* name;
  std::string axes, keys;
  std::vector<std::string> overrides;
  char const* where; // with the line
  std::vector<char const*> says;
};

}

TEST_CASE("each broken sweep gets one line with the axis's line, the path and what is allowed, before anything runs") {
  row const rows[] = {
      {"unknown path",
       R"({"topology.proxies.cuont": [1]})",
       "",
       {},
       ":2: topology.proxies.cuont: ",
       {"unknown key", "did you mean 'count'?"}},
      {"unknown path at the top", R"({"topolgy.proxies": [1]})", "", {}, ":2: topolgy: ", {"did you mean 'topology'?"}},
      {"path into a value", R"({"name.x": [1]})", "", {}, ":2: name: ", {"found key 'x'", "no key"}},
      {"path that is none", R"({"load..kind": [1]})", "", {}, ":2: ", {"the path 'load..kind'", "separated by '.'"}},
      {"index beyond the list",
       R"({"topology.balancers[3].count": [1]})",
       "",
       {},
       ":2: topology.balancers: ",
       {"index [3]", "[0] to [0]"}},
      {"key of a list",
       R"({"topology.balancers.count": [1]})",
       "",
       {},
       ":2: topology.balancers: ",
       {"found key 'count'", "such as [0]"}},
      {"value of a wrong type",
       R"({"load.requests_per_character": [1, "many"]})",
       "",
       {},
       ":2: load.requests_per_character: ",
       {"\"many\"", "a whole number", "point 1"}},
      {"value out of range",
       R"({"topology.proxies.count": [1, 0]})",
       "",
       {},
       ":2: topology.proxies.count: ",
       {"found 0", "from 1 to 1000", "topology.proxies.count=0"}},
      {"fraction of a proxy", R"({"topology.proxies.count": [1.5]})", "", {}, ":2: topology.proxies.count: ", {"1.5"}},
      {"value that only another part refuses",
       R"({"population.eve_clients": [1, 2000]})",
       "",
       {},
       "population.eve_clients: ",
       {"2000 EVE clients", "point 1: population.eve_clients=2000"}},
      {"no values", R"({"load.threads": []})", "", {}, ":2: axes.load.threads: ", {"a list of 0"}},
      {"no list",
       R"({"load.threads": 4})",
       "",
       {},
       ":2: axes.load.threads: ",
       {"found 4", "a list of 1 to 10000 values"}},
      {"unknown spacing",
       R"({"load.threads": {"lag": [1, 8, 4]}})",
       "",
       {},
       ":2: axes.load.threads.lag: ",
       {"did you mean 'log'?"}},
      {"two spacings",
       R"({"load.threads": {"log": [1, 8, 4], "linear": [1, 8, 4]}})",
       "",
       {},
       ":2: axes.load.threads: ",
       {"allowed: "}},
      {"spacing without a count",
       R"({"load.threads": {"log": [1, 8]}})",
       "",
       {},
       ":2: axes.load.threads.log: ",
       {"a list of 2", "at least 3"}},
      {"logarithm of nothing",
       R"({"load.threads": {"log": [0, 8, 4]}})",
       "",
       {},
       ":2: axes.load.threads.log[0]: ",
       {"found 0", "greater than 0"}},
      {"half a point",
       R"({"load.threads": {"linear": [1, 8, 2.5]}})",
       "",
       {},
       ":2: axes.load.threads.linear[2]: ",
       {"2.5 points", "from 2 to 10000"}},
      {"a single spaced point",
       R"({"load.threads": {"linear": [1, 8, 1]}})",
       "",
       {},
       ":2: axes.load.threads.linear[2]: ",
       {"1 points"}},
      {"a value twice", R"({"load.threads": [1, 2, 1]})", "", {}, ":2: axes.load.threads: ", {"found 1 a second time"}},
      {"unequal lengths in a zip",
       "{\n\"load.threads\": [1, 2],\n\"topology.proxies.count\": [1, 2, 3]}",
       "\"axes_combine\": \"zip\",\n",
       {},
       ":4: axes.topology.proxies.count: ",
       {"3 values", "2 of load.threads", "\"zip\""}},
      {"unknown combination",
       R"({"load.threads": [1]})",
       "\"axes_combine\": \"zipp\",\n",
       {},
       ":3: axes_combine: ",
       {"did you mean 'zip'?"}},
      {"no axis", "{}", "", {}, ":2: axes: ", {"allowed: "}},
      {"axes that vary the axes",
       R"({"axes_combine": ["grid", "zip"]})",
       "",
       {},
       ":2: axes.axes_combine: ",
       {"varies the axes"}},
      {"a grid of too many points",
       R"({"load.threads": {"linear": [1, 64, 64]}, "population.characters": {"linear": [1, 5000, 5000]}})",
       "",
       {},
       ":2: axes.population.characters: ",
       {"more than 100000 points"}},
      {"an override of an axis",
       R"({"load.threads": [1, 2]})",
       "",
       {"load.threads=4"},
       ":--set: load.threads: ",
       {"line 2", "--set 'axes="}},
      {"an override below an axis",
       R"({"topology.proxies": [{"count": 2}]})",
       "",
       {"topology.proxies.count=4"},
       ":--set: topology.proxies.count: ",
       {"an override of an axis"}},
      {"a seed twice", R"({"seed": [1, 2]})", "", {"seed=4"}, ":--set: seed: ", {"an override of an axis"}},
  };
  scratch const at;
  for (row const& r : rows) {
    std::string const message = message_of(at.file("s.json", scenario_text(r.axes, r.keys)), {r.overrides, "fake", 1});
    INFO(r.name << ": " << message);
    CHECK(message.find("s.json:") != std::string::npos);
    CHECK(message.find(r.where) != std::string::npos);
    for (char const* says : r.says) CHECK(message.find(says) != std::string::npos);
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("every point's scenario has the values of its axes, and the rest as it stands") {
  scratch const at;
  definition const d = define(at.file("s.json", scenario_text(R"({"topology.proxies.count": [3, 5],
    "topology.balancers[0].guess": ["random", "token_hash"]})",
                                                              "\"seed\": 9,\n")),
                              {{"population.characters=77"}});
  REQUIRE(d.trials.size() == 4);
  auto const s = scenario_of(d, d.trials[3]);
  CHECK(s.topology.proxies.count == 5);
  CHECK(s.topology.balancers[0].guess == sim::scenario::guess_policy::token_hash);
  CHECK(s.population.characters == 77);
  for (trial const& t : d.trials) CHECK(scenario_of(d, t).seed == 9); // common random numbers
}

TEST_CASE("replications have seeds of their own, the same at every point, and the first is the scenario's") {
  scratch const at;
  auto const file = at.file("s.json", scenario_text(R"({"topology.proxies.count": [3, 5]})", "\"seed\": 9,\n"));
  definition const d = define(file, {{}, "fake", 3});
  REQUIRE(d.trials.size() == 6);
  std::set<std::uint64_t> seeds;
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(d.trials[i].seed == d.trials[i + 3].seed);
    CHECK(d.trials[i].seed == scenario_of(d, d.trials[i]).seed);
    CHECK(d.trials[i].seed <= 9007199254740991);
    seeds.insert(d.trials[i].seed);
  }
  CHECK(seeds.size() == 3);
  CHECK(d.trials[0].seed == 9);
}

TEST_CASE("seeds may be an axis, and replications follow from each") {
  scratch const at;
  definition const d = define(at.file("s.json", scenario_text(R"({"seed": [4, 5]})")), {{}, "fake", 2});
  CHECK(d.trials[0].seed == 4);
  CHECK(d.trials[2].seed == 5);
  CHECK(d.trials[1].seed != d.trials[3].seed);
  CHECK(scenario_of(d, d.trials[3]).seed == d.trials[3].seed);
}

TEST_CASE("the fingerprint changes with everything that determines a result, and with nothing else") {
  scratch const at;
  auto const prints = [&](std::string const& axes, std::string const& keys, definition_settings const& settings = {}) {
    return fingerprints(define(at.file("s.json", scenario_text(axes, keys)), settings));
  };
  std::string const axes = R"({"topology.proxies.count": [3, 5]})";
  auto const before = prints(axes, "");
  CHECK(before[0] != before[1]);
  CHECK(prints(axes, "\"description\": \"in other words\", // and a comment\n") == before);
  CHECK(prints(axes, "\"seed\": 1,\n") == before); // the default
  CHECK(prints(R"({"topology.proxies.count": [5, 3]})", "") == std::vector<std::string>{before[1], before[0]});
  CHECK(prints(R"({"topology.proxies.count": [3, 4, 5]})", "")[2] == before[1]); // a sweep that has grown
  CHECK(prints(axes, "\"seed\": 2,\n")[0] != before[0]);
  CHECK(prints(axes, "", {{"population.characters=5"}})[0] != before[0]);
  CHECK(prints(axes, "", {{}, "live"})[0] != before[0]);
}

TEST_CASE("the fingerprint changes with the files that a scenario names") {
  scratch const at;
  auto const file = at.file("s.json", R"({"name": "s", "topology": {"balancers": {"kind": "gateway"},
    "proxies": {"count": 2}}, "load": {"kind": "trace", "file": "a.log"}})");
  at.file("a.log", "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 1\n");
  auto const before = fingerprints(define(file, {}));
  CHECK(fingerprints(define(file, {})) == before);
  at.file("a.log", "10.0.0.2 - - [10/Oct/2000:13:55:36 -0700] \"GET /a HTTP/1.0\" 200 1\n");
  CHECK(fingerprints(define(file, {})) != before);
}

TEST_CASE("the fingerprint changes with the files that a profile names") {
  scratch const at;
  auto const file = at.file("s.json", scenario_text("", R"("virtual": {"profile": "machine.json"},)"));
  at.file("machine.json", R"({"network": {"client": {"empirical": {"file": "times.txt"}}}})");
  at.file("times.txt", "1\n2\n");
  auto const before = fingerprints(define(file, {}));
  CHECK(fingerprints(define(file, {})) == before);
  at.file("times.txt", "1\n3\n");
  CHECK(fingerprints(define(file, {})) != before);
}

TEST_CASE("the shipped sweeps are good") {
  std::size_t sweeps = 0;
  for (auto const& entry : std::filesystem::directory_iterator(std::string(CREST_SOURCE_DIR) + "/scenarios/sweeps")) {
    INFO(entry.path().string());
    CHECK(define(entry.path(), {}).points.size() >= 5);
    ++sweeps;
  }
  CHECK(sweeps >= 2);
}
