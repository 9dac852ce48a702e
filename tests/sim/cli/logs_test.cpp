// Runs that replay a log of the user's.
#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>

using Catch::Contains;
using command_test::run;
using command_test::scratch;
using command_test::text_of;

namespace {

std::string scenario(std::string const& load) {
  return R"({"name": "mine", "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "load": {"kind": "trace", "file": "my.log", )" +
         load + "}}";
}

/// 98 requests of 7 sessions of one address, a line of garbage, one without a request, and blanks.
std::string log_of_a_proxy() {
  std::string log;
  for (int i = 0; i != 98; ++i)
    log += "10.0.0.1 [17/May/2015:10:05:0" + std::to_string(i / 20) + " +0000] \"GET /" + std::to_string(i) +
           " HTTP/1.1\" \"session=" + std::to_string(i % 7) + "\"\n";
  return log + "garbage\n\n\n10.0.0.1 [17/May/2015:10:05:05 +0000] \"\" \"-\"\n";
}

constexpr char const* by_session =
    R"("format": {"nginx": "$remote_addr [$time_local] \"$request\" \"$http_cookie\""}, "identity": "$cookie_session")";

}

TEST_CASE("a log behind a proxy is replayed by session, and what was skipped is in the report") {
  scratch const dir;
  dir.file("my.log", log_of_a_proxy());
  std::string const out = (dir.path / "out").string();
  int const code =
      run({"run", dir.file("s.json", scenario(by_session)), "--engine", "virtual", "--out", out, "--quiet"});
  CHECK(code == 0);
  std::string const summary = text_of(out + "/summary.txt");
  CHECK_THAT(summary,
             Contains("4 lines skipped: 1 of another form, 2 blank, 1 without a request; first line 99: garbage"));
  CHECK_THAT(summary, !Contains("all of one client"));
  CHECK_THAT(text_of(out + "/summary.json"), Contains("lines skipped"));
}

TEST_CASE("more skipped lines than load.max_skipped allows make a run invalid, in one run and in several") {
  scratch const dir;
  dir.file("my.log", log_of_a_proxy());
  std::string const out = (dir.path / "out").string();
  auto const code_of = [&](std::string const& share, std::vector<std::string> const& more) {
    std::vector<std::string> words{
        "run",      dir.file("s.json", scenario(std::string(by_session) + R"(, "max_skipped": )" + share)),
        "--engine", "virtual",
        "--out",    out,
        "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  CHECK(code_of("0.02", {}) == 0); // 2 of 100 lines: blank ones do not count
  CHECK(code_of("0.01", {}) == 3);
  CHECK_THAT(
      text_of(out + "/summary.txt"),
      Contains("invalid: 2 % of the log's lines were skipped, allowed 1 % (load.max_skipped): 4 lines skipped: "));
  CHECK(code_of("0.01", {"--replications", "2"}) == 3);
  CHECK_THAT(text_of(out + "/summary.txt"), Contains("load.max_skipped"));
}

TEST_CASE("what is run more than once does not read stdin") {
  scratch const dir;
  std::string const swept =
      dir.file("s.json", R"({"axes": {"topology.proxies.count": [1, 2]}, )" + scenario("\"speed\": 1").substr(1));
  for (char const* command : {"sweep", "plan"})
    CHECK_THROWS_WITH(run({command, swept, "--set", "load.file=-", "--out", (dir.path / "out").string(), "--quiet"}),
                      Contains("load.file: found \"-\", stdin") && Contains("allowed: a file"));
}
