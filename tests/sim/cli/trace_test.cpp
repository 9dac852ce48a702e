// One request's way, from the command line.
#include "base/config/document.hpp"
#include "sim/records/result.hpp"
#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <iostream>
#include <sstream>

using Catch::Contains;
using command_test::run;
using command_test::scratch;
using command_test::text_of;
namespace fs = std::filesystem;

namespace {

constexpr char const* small = R"({"name": "small", "seed": 1,
  "topology": {"balancers": {"kind": "gateway", "count": 2}, "proxies": {"count": 4}, "sols": {"count": 1}},
  "population": {"characters": 100}, "load": {"kind": "closed", "requests_per_character": 5}})";

/// What a command prints on stdout.
std::string printed(std::vector<std::string> const& arguments) {
  std::ostringstream out;
  std::streambuf* const before = std::cout.rdbuf(out.rdbuf());
  int code = -1;
  try {
    code = run(arguments);
  } catch (...) {
    std::cout.rdbuf(before);
    throw;
  }
  std::cout.rdbuf(before);
  CHECK(code == sim::records::exit_passed);
  return out.str();
}

struct finished_run {
  explicit finished_run(std::vector<std::string> const& more = {}) {
    std::vector<std::string> arguments{"run",    dir.file("s.json", small), "--engine", "virtual", "--out", out,
                                       "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    REQUIRE(run(arguments) == 0);
  }
  scratch dir;
  std::string const out = (dir.path / "out").string();
};

}

TEST_CASE("a simulated run's requests are traced from its directory, in either order of the words") {
  finished_run const a;
  std::string const text = printed({"trace", a.out, "1"});
  CHECK(text == printed({"trace", "1", a.out + "/requests.jsonl"}));
  CHECK_THAT(text, Contains("request 1  GET ") && Contains("clients     due") && Contains("proxy[") &&
                       Contains("served") && Contains("sol[0]") && Contains("granted"));
  auto const record = nlohmann::json::parse(printed({"trace", a.out, "1", "--json"}));
  CHECK(record.at("request") == 1);
  CHECK(record.at("steps").size() >= 4);
}

TEST_CASE("lists: the slowest first, and only failed ones") {
  finished_run const a;
  std::istringstream lines(printed({"trace", a.out, "--slowest", "5", "--json"}));
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    auto const latency = nlohmann::json::parse(line).at("latency_ns").get<std::int64_t>();
    CHECK(latency <= before);
    before = latency;
  }
  CHECK(count == 5);
  CHECK_THAT(printed({"trace", a.out}), Contains("500 of 500 requests kept") && Contains("latency_ms"));
  CHECK_THAT(printed({"trace", a.out, "--failed"}), Contains("none of them failed"));
  std::string const file = (a.dir.path / "trace.json").string();
  printed({"trace", a.out, "--slowest", "3", "--perfetto", file});
  CHECK(nlohmann::json::parse(text_of(file)).at("traceEvents").size() > 9);
}

TEST_CASE("how many requests are kept is the user's choice; the rest is said") {
  struct row {
    char const* asked;
    std::size_t lines; // of the file: one about the run
  };
  for (row const& r : {row{"10", 11}, row{"all", 501}, row{"0", 0}}) {
    INFO(r.asked);
    finished_run const a({"--keep-requests", r.asked});
    std::string const file = a.out + "/requests.jsonl";
    REQUIRE(fs::exists(file) == (r.lines != 0));
    std::string const text = r.lines != 0 ? text_of(file) : std::string();
    CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == r.lines);
    if (r.lines == 0) CHECK_THROWS_WITH(run({"trace", a.out, "1"}), Contains("has no requests.jsonl"));
  }
  finished_run const ten({"--keep-requests", "10"});
  int refused = 0;
  for (int id = 1; id <= 500; ++id) {
    try {
      printed({"trace", ten.out, std::to_string(id)});
    } catch (config::bad_input const& error) {
      ++refused;
      CHECK_THAT(error.what(), Contains("the file has 10 of 500; run again with --keep-requests all"));
    }
  }
  CHECK(refused == 490);
}

TEST_CASE("a run without records leaves none of an earlier one's") {
  finished_run const a;
  REQUIRE(fs::exists(a.out + "/requests.jsonl"));
  REQUIRE(run({"run", a.dir.file("s.json", small), "--engine", "virtual", "--detail", "summary", "--out", a.out,
               "--quiet"}) == 0);
  CHECK_FALSE(fs::exists(a.out + "/requests.jsonl"));
}

TEST_CASE("wrong words of trace and --keep-requests are bad input") {
  finished_run const a;
  CHECK_THROWS_WITH(run({"trace", a.out, "501"}), Contains("found no request 501 among all that the run sent, 500"));
  CHECK_THROWS_WITH(run({"trace", a.out, "abc"}),
                    Contains("ID, RESULT: found '") && Contains("one of them a request's number"));
  CHECK_THROWS_WITH(run({"trace", a.out, "1", "--failed"}), Contains("found with an ID"));
  CHECK_THROWS_AS(run({"trace", (a.dir.path / "s.json").string(), "1"}), config::bad_input);
  std::string const s = a.dir.file("s.json", small);
  CHECK_THROWS_WITH(run({"run", s, "--keep-requests", "many"}), Contains("allowed: a number, or all"));
  CHECK_THROWS_WITH(run({"run", s, "--engine", "virtual", "--replications", "2", "--keep-requests", "5", "--out",
                         (a.dir.path / "r").string()}),
                    Contains("allowed: with a single run"));
}
