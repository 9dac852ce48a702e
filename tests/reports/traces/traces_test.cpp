#include "base/config/document.hpp"
#include "reports/traces/traces.hpp"
#include "tests/base/os/scratch.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <fstream>

using Catch::Contains;
using nlohmann::json;
using sim::records::kept_requests;
using sim::records::request_trace;
namespace traces = reports::traces;

namespace {

request_trace redirected() {
  request_trace t;
  t.request = 17, t.method = "GET", t.target = "/a?b=\"c\"", t.character = 3, t.phase = "steady";
  t.balancer = "gateway[0]", t.outcome = "answered", t.status = 200, t.due_ns = 12'000'000;
  t.latency_ns = 4'000'000, t.redirects = {"cold"};
  t.steps = {
      {"clients", "due", 12'000'000},
      {"clients", "sends", 12'100'000, {{"to", "gateway[0]"}}, 16'000'000, "answered", {{"status", "200"}}},
      {"gateway[0]", "received", 12'200'000, {{"result", "forwarded"}}},
      {"gateway[0]", "hop", 12'300'000, {{"to", "proxy[1]"}, {"chosen_by", "guess"}, {"result", "redirected"}}},
      {"proxy[1]", "receives", 12'400'000, {}, 13'000'000, "redirected", {{"to", "proxy[0]"}, {"reason", "cold"}}},
      {"gateway[0]", "hop", 13'100'000, {{"to", "proxy[0]"}, {"result", "answered"}}},
      {"proxy[0]", "receives", 13'200'000, {}, 15'500'000, "served", {{"status", "200"}, {"epoch", "1"}}}};
  t.not_recorded = {"when a proxy's answer reached gateway[0]"};
  return t;
}

request_trace lost() {
  request_trace t;
  t.request = 18, t.method = "POST", t.target = "/\xff", t.balancer = "gateway[0]", t.outcome = "pending";
  t.failed = "unfinished", t.due_ns = 20'000'000;
  t.steps = {{"clients", "due", 20'000'000},
             {"clients", "sends", 20'000'100, {{"to", "gateway[0]"}}, {}, "pending", {}}};
  return t;
}

struct a_run {
  a_run() {
    std::filesystem::create_directories(dir.path / "run");
    std::ofstream(dir.path / "run/requests.jsonl")
        << traces::kept_text(kept_requests{"small", "live", 1, 40, {redirected(), lost()}});
  }
  traces::source found() const { return traces::find(dir.path / "run"); }
  files_test::scratch dir;
};

}

TEST_CASE("what is kept of requests is read back as it was") {
  a_run const run;
  traces::source const from = run.found();
  CHECK(from.scenario == "small");
  CHECK(from.kept == 2);
  CHECK(from.of == 40);
  std::vector<request_trace> read;
  traces::each(from, [&](request_trace const& t, std::string const& line) {
    CHECK(json::parse(line).at("request") == t.request);
    read.push_back(t);
  });
  REQUIRE(read.size() == 2);
  CHECK(traces::kept_text({"", "", 0, 0, {read[0]}}) == traces::kept_text({"", "", 0, 0, {redirected()}}));
  CHECK(traces::one(from, 18).trace.failed == "unfinished");
  CHECK(traces::text_of(traces::one(from, 17).trace) == traces::text_of(redirected()));
}

TEST_CASE("a request's way as text: a line a moment, by time, with the time of each leg") {
  CHECK(traces::text_of(redirected()) == R"(request 17  GET /a?b="c"
character 3, through gateway[0], due 12.000 ms after the load began, phase steady
answered 200 after 4.000 ms; redirects: 1 (cold); retries: 0

     at_ms      leg_ms  node        what
     0.000       0.000  clients     due
     0.100       0.100  clients     sends  to=gateway[0]
     0.200       0.100  gateway[0]  received  result=forwarded
     0.300       0.100  gateway[0]  hop  to=proxy[1] chosen_by=guess result=redirected
     0.400       0.100  proxy[1]    receives
     1.000       0.600  proxy[1]    redirected  to=proxy[0] reason=cold
     1.100       0.100  gateway[0]  hop  to=proxy[0] result=answered
     1.200       0.100  proxy[0]    receives
     3.500       2.300  proxy[0]    served  status=200 epoch=1
     4.000       0.500  clients     answered  status=200

not recorded: when a proxy's answer reached gateway[0]
)");
  CHECK_THAT(traces::text_of(lost()), Contains("clients, sends: no end noted (pending)"));
  CHECK_THAT(traces::table_of(std::vector{redirected(), lost()}), Contains("17       4.000  answered 200"));
}

TEST_CASE("trace events: a group a request, a track a node, durations where an end was noted") {
  json const document = json::parse(traces::perfetto_json("small", std::vector{redirected(), lost()}));
  std::map<std::pair<int, int>, std::string> tracks;
  std::size_t slices = 0, marks = 0;
  for (json const& e : document.at("traceEvents")) {
    std::pair const track{e.at("pid").get<int>(), e.at("tid").get<int>()};
    if (e.at("ph") == "M") {
      if (e.at("name") == "thread_name") CHECK(tracks.emplace(track, e.at("args").at("name")).second);
      continue;
    }
    INFO(e);
    CHECK(tracks.count(track) == 1);
    CHECK(e.at("ts").is_number());
    CHECK(e.contains("dur") == (e.at("ph") == "X"));
    if (e.contains("dur")) CHECK(e.at("dur") >= 0);
    (e.at("ph") == "X" ? slices : marks) += 1;
    if (e.at("name") == "redirected") {
      CHECK(tracks[track] == "proxy[1]");
      CHECK(e.at("ts") == 12'400);
      CHECK(e.at("dur") == 600);
      CHECK(e.at("args").at("reason") == "cold");
    }
  }
  CHECK(tracks.size() == 5); // clients, gateway, two proxies; clients
  CHECK(slices == 3);
  CHECK(marks == 6);
}

TEST_CASE("what is no run with records, or was not kept, is refused by name") {
  a_run const run;
  CHECK_THROWS_WITH(traces::one(run.found(), 5),
                    Contains("request 5 was not kept: the file has 2 of 40") && Contains("--keep-requests all"));
  CHECK_THROWS_WITH(traces::find(run.dir.path), Contains("has no requests.jsonl; allowed: the directory of a single"));
  CHECK_THROWS_WITH(traces::find(run.dir.path / "none"), Contains("no such file"));
  auto const file = run.dir.path / "run/requests.jsonl";
  std::ofstream(file) << "{\"scenario\":\"x\"}\n";
  CHECK_THROWS_WITH(run.found(), Contains("requests.jsonl:1: found what is no requests.jsonl"));
  std::ofstream(file) << R"({"requests_schema":2})"
                      << "\n";
  CHECK_THROWS_WITH(run.found(), Contains("requests_schema: found 2; allowed: 1"));
  std::ofstream(file) << traces::kept_text({"small", "live", 1, 1, {redirected()}}) << "{\"request\":18,\n";
  CHECK_THROWS_WITH(traces::one(run.found(), 18), Contains("requests.jsonl:3: found what is no request"));
}
