#include "sim/cli/shipped.hpp"
#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>

#include <iostream>

using Catch::Contains;
using command_test::run;
using command_test::scratch;
using namespace sim::cli;

namespace {

/// Shipped files of which two have one name.
struct shelf : scratch {
  shelf() {
    for (char const* const name : {"first.json", "x.schema.json", "both.json", "sweeps/both.json", "sweeps/knee.json",
                                   "sweeps/twice.json", "plans/twice.json", "notes.txt"})
      file(name, "{}");
  }
  std::vector<shipped_file> files() const { return shipped_in(path); }
};

std::string refusal(std::string const& word, std::vector<shipped_file> const& shipped) {
  try {
    check_named(word, shipped);
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "";
}

/// What was printed on stderr meanwhile.
template<class F>
std::string errors_of(F const& f) {
  command_test::printed const text;
  f();
  return text.errors.text();
}

}

TEST_CASE("scenarios, sweeps and plans have the names of their files") {
  std::string names;
  for (shipped_file const& file : shelf().files()) names += file.name + " ";
  CHECK(names == "both first both knee twice twice ");
  CHECK(shipped_in("").empty());
}

TEST_CASE("every shipped file says what it is about") {
  auto const shipped = shipped_in(CREST_SOURCE_DIR "/scenarios");
  CHECK(shipped.size() > 30);
  for (shipped_file const& file : shipped) {
    INFO(file.file);
    CHECK(config::document::load(file.file).root().value("description", "").size() > 20);
    CHECK(config::document::load(file.file).root().value("name", "") == file.name);
  }
}

TEST_CASE("a word is a shipped file, a scenario first, unless a file has that name or it is a path") {
  shelf const s;
  auto const shipped = s.files();
  CHECK(file_named("first", shipped) == s.path / "first.json");
  CHECK(file_named("first.json", shipped) == s.path / "first.json");
  CHECK(file_named("both", shipped) == s.path / "both.json");
  CHECK(file_named("knee", shipped) == s.path / "sweeps/knee.json");
  for (char const* const word : {"twice", "frist", "./first", "sweeps/knee", ""})
    CHECK(file_named(word, shipped) == word);
  std::string const here = (s.path / "notes.txt").string();
  CHECK(file_named(here, shipped) == here);
}

TEST_CASE("a word that names nothing is refused with the nearest name, one of several files with all of them") {
  shelf const s;
  auto const shipped = s.files();
  CHECK(refusal("frist", shipped) ==
        "frist: found neither a file nor a shipped scenario; allowed: a file, or a name of "
        "`crest-sim list`; did you mean 'first'?");
  CHECK_THAT(refusal("twice", shipped), Contains("sweeps/twice.json, ") && Contains("plans/twice.json"));
  CHECK(refusal("no/such", shipped).empty()); // reading it says more
  CHECK(refusal("frist", {}).empty());
}

TEST_CASE("every command that takes a scenario takes its name, and refuses a wrong one with the nearest") {
  scratch const dir;
  std::string const out = (dir.path / "out").string();
  CHECK(run({"check", "quickstart", "knee", "crest-tier"}) == 0);
  CHECK(run({"run", "quickstart", "--engine", "virtual", "--quiet", "--out", out}) == 0);
  for (std::vector<std::string> const& command :
       std::vector<std::vector<std::string>>{{"run", "qickstart", "--out", out},
                                             {"sweep", "qickstart", "--out", out},
                                             {"plan", "qickstart", "--out", out},
                                             {"verify", "qickstart", "--no-live"}})
    CHECK_THROWS_WITH(run(command), Contains("did you mean 'quickstart'?"));
  CHECK_THAT(errors_of([] { CHECK(run({"check", "qickstart"}) == 2); }), Contains("did you mean 'quickstart'?"));
  CHECK_THAT(command_test::text_of(out + "/summary.json"), Contains("did you mean 'quickstart'?"));
}

TEST_CASE("with --quiet, stderr says why a run, a sweep or a plan did not pass, and nothing of one that did") {
  scratch const dir;
  std::string const out = (dir.path / "out").string();
  std::vector<std::string> const quiet{"quickstart", "--quiet", "--out", out};
  auto const with = [&](std::string const& command, std::vector<std::string> const& more) {
    std::vector<std::string> words{command};
    words.insert(words.end(), quiet.begin(), quiet.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  std::vector<std::string> const failing{"--set", R"(thresholds={"redirect_ratio": ["<0.001"]})"};
  std::vector<std::string> failing_run = failing;
  failing_run.insert(failing_run.end(), {"--engine", "virtual"});
  CHECK(errors_of([&] { CHECK(run(with("run", {"--engine", "virtual"})) == 0); }).empty());
  std::string const why = errors_of([&] { CHECK(run(with("run", failing_run)) == 99); });
  CHECK_THAT(why, Contains("crest-sim: quickstart: failed: ") && Contains("redirect_ratio <0.001"));
  std::vector<std::string> const axis{"--set", R"(axes={"topology.proxies.count": [2, 4]})"};
  std::vector<std::string> failing_sweep = failing;
  failing_sweep.insert(failing_sweep.end(), axis.begin(), axis.end());
  CHECK(errors_of([&] { CHECK(run(with("sweep", axis)) == 99); }).find("quickstart: failed") != std::string::npos);
  CHECK_THAT(errors_of([&] { CHECK(run(with("sweep", failing_sweep)) == 99); }), Contains("redirect_ratio <0.001"));
}
