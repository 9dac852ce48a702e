// A live request's way, as crest-sim trace tells it, against the journals of the run.
#include "base/journal/journal.hpp"
#include "base/journal/names.hpp"
#include "base/journal/records.hpp"
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace tests::live;
using nlohmann::json;

TEST_CASE("a live request is traced through client, gateway and proxy as their journals have it") {
  json scenario = small_scenario();
  scenario["population"]["logged_in"] = 1.0; // half of the first requests are redirected
  scenario["load"]["targets"] = {"/characters/{character}/"};
  scenario["load"]["mix"] = {{{"method", "POST"}, {"body_bytes", 50}}};
  lab_run run(scenario, {"--keep", "--keep-requests", "all"});
  int const code = run.wait();
  INFO(run.output());
  REQUIRE(code == 0);
  auto const journals = run.out() / "run/journals";
  auto const events = journal::read<journal::balancer_event>(journals / "gateway[0].journal", "balancer_event");
  auto const redirect = std::find_if(events.begin(), events.end(), [](journal::balancer_event const& e) {
    return e.kind == journal::balancer_event_kind::hop && e.result == journal::hop_result::redirected;
  });
  REQUIRE(redirect != events.end()); // of 50 guesses, never none
  lab trace({"trace", run.out().string(), std::to_string(redirect->request), "--json"});
  REQUIRE(trace.wait() == 0);
  json const record = json::parse(trace.output());
  CHECK(record.at("redirects").size() == 1);
  std::vector<std::string> results, received;
  int applied = 0;
  std::int64_t before = std::numeric_limits<std::int64_t>::min();
  for (json const& step : record.at("steps")) {
    CHECK(step.at("at_ns") >= before);
    before = step.at("at_ns");
    if (step.at("what") == "hop")
      for (json const& fact : step.at("facts"))
        if (fact[0] == "result") results.push_back(fact[1]);
    if (step.at("what") == "receives") received.push_back(step.at("then"));
    applied += step.at("what") == "applied";
  }
  CHECK(results == std::vector<std::string>{"redirected", "answered"});
  CHECK(received == std::vector<std::string>{"redirected", "served"});
  CHECK(applied == 1);
  lab text({"trace", std::to_string(redirect->request), run.out().string()});
  CHECK(text.wait() == 0);
  CHECK_THAT(text.output(), Catch::Contains("gateway[0]  hop  number=2 kind=redirect"));
  lab unknown({"trace", run.out().string(), "999999"});
  CHECK(unknown.wait() == 2);
  CHECK_THAT(unknown.output(), Catch::Contains("found no request 999999"));
}
