#include "sim/cli/verify.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"
#include "sim/theory/explain.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sstream>

namespace {

using namespace sim;

scenario::scenario quickstart() {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/quickstart.json");
}

/// An engine that shows what theory expects, off by so many standard errors of a run.
verify::evaluate off_by(double standard_errors) {
  return [=](scenario::scenario const& s) {
    records::result r;
    for (theory::prediction const& p : theory::explain(s)) {
      if (!p.value || p.metric.find('{') != std::string::npos) continue;
      records::ratio_metric m;
      m.denominator = 1;
      m.value = *p.value + (p.metric == "redirect_ratio" ? standard_errors * *p.standard_error : 0);
      if (p.unit.empty()) r.metrics[p.metric] = m;
      if (p.unit == "sessions") r.metrics[p.metric] = records::counter_metric{*p.value};
    }
    return r;
  };
}

}

TEST_CASE("verify's exit code is 0 when all agree, and 99 for a disagreement that is named") {
  verify::options how;
  how.simulated_runs = 4;
  std::ostringstream good, bad;
  CHECK(cli::verify_all({quickstart()}, {off_by(0), off_by(1), off_by(-1)}, how, false, good) == records::exit_passed);
  CHECK(good.str().find("all agree") != std::string::npos);
  CHECK(cli::verify_all({quickstart(), quickstart()}, {off_by(0), off_by(5), off_by(0)}, how, false, bad) ==
        records::exit_failed);
  CHECK(bad.str().find("quickstart: redirect_ratio: gateway is 0.0024") != std::string::npos);
  CHECK(bad.str().find("all agree") == std::string::npos);
}

TEST_CASE("verify tells tools the same as people") {
  std::ostringstream out;
  verify::options how;
  how.simulated_runs = 4;
  CHECK(cli::verify_all({quickstart()}, {off_by(0), {}, off_by(5)}, how, true, out) == records::exit_failed);
  auto const j = nlohmann::json::parse(out.str());
  CHECK(j["agrees"] == false);
  auto const& row = j["scenarios"][0]["metrics"][0];
  CHECK(row["metric"] == "redirect_ratio");
  CHECK(row["virtual"]["comparison"]["agrees"] == true);
  CHECK(row["nginx"]["comparison"]["agrees"] == false);
  CHECK_FALSE(row.contains("gateway"));
}

TEST_CASE("verify says what it would have seen, and prints no tick beside what it cannot tell") {
  scenario::scenario s = quickstart();
  s.topology.balancers[0].guess = scenario::guess_policy::least_conn; // theory knows no error
  auto const around = [](double middle) {
    return [=](scenario::scenario const& of) {
      records::result r;
      records::ratio_metric m;
      m.denominator = 1;
      m.value = middle + (of.seed % 2 ? 0.001 : -0.001);
      r.metrics["redirect_ratio"] = m;
      return r;
    };
  };
  struct row {
    char const* name;
    double live;
    unsigned runs;
    int code;
    char const* says;
  };
  for (row const& x : {row{"far, but of two runs", 0.041, 2, records::exit_failed, "se undecided"},
                       row{"far, of twenty", 0.041, 20, records::exit_failed, "se ✗"},
                       row{"near, of twenty", 0.0501, 20, records::exit_passed, "se ✓"}}) {
    INFO(x.name);
    verify::options how;
    how.simulated_runs = x.runs;
    std::ostringstream text, json;
    CHECK(cli::verify_all({s}, {around(0.05), around(x.live), {}}, how, false, text) == x.code);
    CHECK_THAT(text.str(), Catch::Contains(x.says));
    CHECK((text.str().find("✓") != std::string::npos) == (x.code == 0));
    CHECK_THAT(text.str(), Catch::Contains("power: the smallest true difference"));
    cli::verify_all({s}, {around(0.05), around(x.live), {}}, how, true, json);
    auto const j = nlohmann::json::parse(json.str())["scenarios"][0]["metrics"][0]["gateway"]["comparison"];
    CHECK(j["undecided"] == (x.runs == 2));
    CHECK(j["smallest_seen"].get<double>() > 0);
    CHECK(j["smallest_seen_share"].get<double>() == Approx(j["smallest_seen"].get<double>() / 0.05));
  }
}

TEST_CASE("no scenario is no agreement") {
  std::ostringstream out;
  CHECK(cli::verify_all({}, {}, {}, false, out) == records::exit_failed);
}
