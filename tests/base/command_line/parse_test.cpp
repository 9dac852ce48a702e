#include "base/command_line/parse.hpp"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>

#include <memory>
#include <sstream>

using Catch::Contains;

namespace {

/// A program with commands, as crest-sim is one, and without.
struct program {
  CLI::App app{"makes things\nExit codes: 0 good, 2 bad input.", "lab"};
  std::string engine = "live", out, file, config;
  unsigned jobs = 1;

  explicit program(bool commands = true) {
    CLI::App& taker = commands ? *app.add_subcommand("run", "runs") : app;
    taker.add_option("--engine", engine, "which")->check(CLI::IsMember({"live", "virtual"}));
    taker.add_option("--out", out, "where")->type_name("DIR");
    taker.add_option("--jobs", jobs, "how many")->check(CLI::Range(1u, 8u));
    if (!commands) {
      taker.add_option("-c,--config", config, "configuration");
      return;
    }
    taker.add_option("FILE", file, "what")->required();
    app.add_subcommand("replay", "replays");
    app.add_subcommand("secret", "is hidden")->group("");
    command_line::add_help(app);
    app.require_subcommand(1);
  }
};

struct outcome {
  std::optional<int> code;
  std::string out, errors;
};

outcome read(program& p, std::vector<char const*> words) {
  words.insert(words.begin(), "/somewhere/lab");
  std::ostringstream out, errors;
  auto* const old_out = std::cout.rdbuf(out.rdbuf());
  auto* const old_errors = std::cerr.rdbuf(errors.rdbuf());
  auto const code = command_line::parse(p.app, static_cast<int>(words.size()), words.data());
  std::cout.rdbuf(old_out), std::cerr.rdbuf(old_errors);
  return {code, out.str(), errors.str()};
}

outcome read(std::vector<char const*> const& words, bool commands = true) {
  program p(commands);
  return read(p, words);
}

/// Exit code 2, nothing on stdout, and one line on stderr: this one, without its newline.
std::string refusal(std::vector<char const*> const& words, bool commands = true) {
  outcome const o = read(words, commands);
  CHECK(o.code == 2);
  CHECK(o.out.empty());
  REQUIRE(!o.errors.empty());
  CHECK(o.errors.find('\n') == o.errors.size() - 1);
  return o.errors.substr(0, o.errors.size() - 1);
}

}

TEST_CASE("a command line that is right goes on") {
  program p;
  outcome const o = read(p, {"run", "--engine", "virtual", "a.json"});
  CHECK(!o.code);
  CHECK((o.out + o.errors).empty());
  CHECK(p.engine == "virtual");
  CHECK(p.file == "a.json");
}

TEST_CASE("a command that is not known is refused with the nearest, whatever follows it") {
  CHECK(refusal({"rnu"}) == "lab: found 'rnu'; allowed: a command: run, replay, help; did you mean 'run'?");
  CHECK(refusal({"repaly", "--out", "x"}) ==
        "lab: found 'repaly'; allowed: a command: run, replay, help; did you mean 'replay'?");
  CHECK(refusal({"zzzzz"}) == "lab: found 'zzzzz'; allowed: a command: run, replay, help");
  CHECK(refusal({}) == "lab: a command is missing; allowed: run, replay, help");
}

TEST_CASE("a flag that is not known is refused with the nearest of that command, before what else is wrong") {
  CHECK(refusal({"run", "--otu", "x"}) ==
        "lab: run: found the flag --otu, which is not known; did you mean '--out'? (see `lab run --help`)");
  CHECK(refusal({"run", "a.json", "--egnine=virtual"}) ==
        "lab: run: found the flag --egnine, which is not known; did you mean '--engine'? (see `lab run --help`)");
  CHECK(refusal({"run", "a.json", "-out"}) ==
        "lab: run: found the flag -out, which is not known; did you mean '--out'? (see `lab run --help`)");
  CHECK(refusal({"--versoin"}) == "lab: found the flag --versoin, which is not known (see `lab --help`)");
  CHECK(refusal({"--confg", "x"}, false) ==
        "lab: found the flag --confg, which is not known; did you mean '--config'? (see `lab --help`)");
}

TEST_CASE("words, values and files that are wrong or missing are one line, with the nearest word that is allowed") {
  CHECK_THAT(refusal({"run", "a", "b"}), Contains("lab: run: found 'b', which is one word too many"));
  CHECK_THAT(refusal({"run"}), Contains("lab: run: FILE is required"));
  CHECK_THAT(refusal({"run", "a", "--engine", "vrtual"}), Contains("did you mean 'virtual'?"));
  CHECK_THAT(refusal({"run", "a", "--engine", "zz"}), !Contains("did you mean"));
  CHECK_THAT(refusal({"run", "a", "--jobs", "9"}), Contains("--jobs") && Contains("9") && Contains("8"));
  CHECK_THAT(refusal({"run", "a", "--jobs", "x"}), Contains("--jobs"));
  CHECK_THAT(refusal({"run", "a", "--out"}), Contains("--out"));
  CHECK_THAT(refusal({"run", "a", "--engine", "a\nb"}), Contains("a b"));
}

TEST_CASE("help COMMAND is COMMAND --help, and help is --help") {
  outcome const by_flag = read({"run", "--help"}), by_word = read({"help", "run"});
  CHECK(by_word.code == 0);
  CHECK(by_word.out == by_flag.out);
  CHECK_THAT(by_flag.out, Contains("Usage: lab run [OPTIONS] FILE") && Contains("--engine"));
  CHECK(read({"help"}).out == read({"--help"}).out);
  CHECK_THAT(read({"help"}).out, Contains("replay"));
  CHECK(refusal({"help", "rnu"}) ==
        "lab: help: COMMAND: found 'rnu'; allowed: run, replay, help; did you mean 'run'? (see `lab help --help`)");
  refusal({"help", "secret"});
}

TEST_CASE("the flag --generate is none that anybody sees, and refuses what it cannot make") {
  for (char const* const what : {"man", "bash", "zsh", "fish"}) {
    outcome const o = read({"--generate", what});
    CHECK(o.code == 0);
    CHECK_THAT(o.out, Contains("replay") && !Contains("secret") && !Contains("generate"));
  }
  CHECK_THAT(read({"--help"}).out, !Contains("generate"));
  refusal({"--generate", "csh"});
}
