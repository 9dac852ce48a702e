#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>

using Catch::Contains;
using command_test::has_nginx;
using command_test::outcome;
using command_test::outcome_of;
using command_test::run;
using command_test::scratch;
using command_test::text_of;

namespace {

std::string const configs = CREST_SOURCE_DIR "/tests/sim/authoring/configs/";

/// Each line with a key has a comment on the line before. Thresholds, which are last, have metrics for keys.
bool every_key_is_explained(std::string const& text) {
  std::istringstream in(text);
  std::string line, before;
  for (; std::getline(in, line) && before.find("\"thresholds\"") == std::string::npos; before = line) {
    std::size_t const first = line.find_first_not_of(' ');
    if (first != std::string::npos && line[first] == '"' && line.find("\": ") != std::string::npos)
      if (before.find("// ") == std::string::npos) return false;
  }
  return true;
}

}

TEST_CASE("init: what it writes passes check, and runs") {
  for (char const* kind : {"gateway", "nginx", "command"}) {
    INFO(kind);
    scratch const dir;
    std::string const file = (dir.path / "mine" / "first.json").string();
    outcome const written = outcome_of({"init", file, "--kind", kind});
    INFO(written.errors);
    REQUIRE(written.code == 0);
    CHECK_THAT(written.out, Contains("wrote " + file) && Contains("next: crest-sim check " + file));
    CHECK(every_key_is_explained(text_of(file)));
    outcome const checked = outcome_of({"check", file});
    INFO(checked.out << checked.errors);
    CHECK(checked.code == 0);
    // Simulated time runs our own balancers only: the rest of the scenario is what is tried of the others.
    std::vector<std::string> words{"run", file, "--engine", "virtual", "--quiet", "--out", (dir.path / "out").string()};
    if (kind != std::string("gateway"))
      words.insert(words.end(), {"--set", R"(topology.balancers={"kind": "gateway", "count": 2})"});
    CHECK(run(words) == 0);
  }
}

TEST_CASE("init: gateway is what is written where nothing else is said") {
  scratch const dir;
  std::string const one = (dir.path / "a.json").string(), other = (dir.path / "b.json").string();
  REQUIRE(outcome_of({"init", one}).code == 0);
  REQUIRE(outcome_of({"init", other, "--kind", "gateway"}).code == 0);
  std::string text = text_of(other);
  text.replace(text.find("\"b\""), 3, "\"a\"");
  CHECK(text_of(one) == text);
}

TEST_CASE("init: nothing is overwritten unasked, and nothing is written beside what is refused") {
  scratch const dir;
  std::string const file = dir.file("first.json", "mine"), conf = (dir.path / "first.conf").string();
  CHECK_THROWS_WITH(run({"init", file}), Contains("first.json: found a file that would be overwritten; allowed: "));
  CHECK_THROWS_WITH(run({"init", file, "--kind", "nginx"}), Contains("first.json: found a file"));
  CHECK(text_of(file) == "mine");
  CHECK_FALSE(std::filesystem::exists(conf));
  dir.file("second.conf", "mine");
  CHECK_THROWS_WITH(run({"init", (dir.path / "second.json").string(), "--kind", "nginx"}),
                    Contains("second.conf: found a file"));
  CHECK_FALSE(std::filesystem::exists(dir.path / "second.json"));
  CHECK(outcome_of({"init", file, "--kind", "nginx", "--force"}).code == 0);
  CHECK_THAT(text_of(file), Contains("\"template\": \"first.conf\""));
  CHECK_THROWS_WITH(run({"init", (dir.path / "new.conf").string(), "--kind", "nginx"}),
                    Contains("new.conf: found the name that the template would have"));
  CHECK_THROWS_WITH(run({"init", dir.path.string(), "--force"}), Contains("found a directory"));
}

TEST_CASE("init --from: an nginx configuration becomes a template that passes check, and what it has is said by line") {
  for (char const* name : {"article-guess.conf", "article-lua.conf", "site-with-tls.conf", "whole-nginx.conf"}) {
    INFO(name);
    scratch const dir;
    std::string const file = (dir.path / "first.json").string();
    outcome const written = outcome_of({"init", file, "--from", configs + name});
    INFO(written.out << written.errors);
    REQUIRE(written.code == 0);
    CHECK_THAT(written.out, Contains("first.conf, its template") && Contains(configs + name + ":"));
    CHECK(every_key_is_explained(text_of(file)));
    outcome const checked = outcome_of({"check", file}); // nginx -t, where there is one
    INFO(text_of((dir.path / "first.conf").string()));
    INFO(checked.out << checked.errors);
    CHECK(checked.code == 0);
    if (has_nginx()) CHECK_THAT(checked.out, !Contains("not tried"));
  }
}

TEST_CASE("init --from: what cannot be taken over is refused with file and line") {
  scratch const dir;
  std::string const conf = dir.file("mine.conf", "http {\n  server {\n"), file = (dir.path / "first.json").string();
  CHECK_THROWS_WITH(run({"init", file, "--from", conf}), Contains("mine.conf:3: found no '}'"));
  CHECK_THROWS_WITH(run({"init", file, "--from", (dir.path / "none.conf").string()}),
                    Contains("none.conf: cannot read"));
  CHECK_THROWS_WITH(run({"init", (dir.path / "mine.json").string(), "--from", conf, "--force"}),
                    Contains("mine.conf: found the name that the template would have"));
  CHECK(text_of(conf) == "http {\n  server {\n");
  CHECK_FALSE(std::filesystem::exists(file));
}
