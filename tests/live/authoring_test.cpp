// What `init` and `export` write, behind the lab's load.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>
#include <vector>

using namespace tests::live;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// crest-sim to its end; checks the exit code.
std::string said_by(std::vector<std::string> const& arguments, int code = 0) {
  lab sim(arguments);
  int const actual = sim.wait();
  INFO(sim.output());
  CHECK(actual == code);
  return sim.output();
}

json summary_in(fs::path const& out) { return json::parse(text_of(out / "summary.json")); }

/// New and logged-in characters, bodies, targets that a decoding balancer changes.
json tier() {
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = {{"kind", "gateway"}, {"count", 2}};
  scenario["topology"]["proxies"] = {{"count", 4}};
  scenario["population"] = {{"characters", 200}, {"logged_in", 0.3}};
  scenario["load"]["mix"] =
      json::parse(R"([{"method": "GET", "weight": 5}, {"method": "HEAD"}, {"method": "PUT", "body_bytes": 20},
    {"method": "POST", "body_bytes": 3000}, {"method": "PATCH", "body_bytes": 9000}, {"method": "DELETE"}])");
  scenario["load"]["targets"] = {"/characters/{character}/", "/market/a%20b%2Fc?type=%2534&x=/../y", "/a?"};
  scenario["thresholds"] = {{"failed_requests", {"==0"}}};
  return scenario;
}

/// The same behind an exported template; whatever breaks an invariant fails the run.
void check_exported(std::string const& program, std::string const& token_map,
                    std::vector<std::string> const& thresholds) {
  INFO(program << " " << token_map);
  scratch_directory at;
  json scenario = tier();
  scenario["topology"]["balancers"]["token_map"] = token_map;
  std::ofstream(at.path() / "tier.json") << scenario.dump(2);
  said_by({"export", program, (at.path() / "tier.json").string(), "--out", at.path().string()});
  json const words = {"haproxy", "-db", "-f", "{{config}}"};
  scenario["topology"]["balancers"] = program == "nginx"
                                          ? json{{"kind", "nginx"}, {"template", (at.path() / "nginx.conf").string()}}
                                          : json{{"kind", "command"},
                                                 {"name", program},
                                                 {"command", words},
                                                 {"config", (at.path() / "haproxy.cfg").string()}};
  scenario["topology"]["balancers"]["count"] = 2;
  scenario["thresholds"]["redirect_ratio"] = thresholds;
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  check_invariants(run.summary(),
                   {"one_session", "right_place", "intact", "at_most_once", "nobody_elses", "closed_door", "books"});
}

}

TEST_CASE("exported nginx routes the planned load, and breaks nothing") {
  // 10 requests a token over two maps: (1.998 - 1 + 0.3) * 3/4 / 10.
  check_exported("nginx", "10m", {">0.06", "<0.14"});
  // Without one: (9 + 0.3) * 3/4 / 10.
  check_exported("nginx", "off", {">0.6", "<0.8"});
}

TEST_CASE("exported HAProxy routes the planned load, and breaks nothing") {
  check_exported("haproxy", "10m", {">0.06", "<0.14"});
}

TEST_CASE("an exported nginx whose proxies die sends what it may to others, and forgets who is gone") {
  scratch_directory at;
  json scenario = tier();
  std::ofstream(at.path() / "tier.json") << scenario.dump(2);
  said_by({"export", "nginx", (at.path() / "tier.json").string(), "--out", at.path().string()});
  scenario["topology"]["balancers"] = {{"kind", "nginx"}, {"template", (at.path() / "nginx.conf").string()}};
  scenario["topology"]["proxies"]["lease"] = "300ms";
  scenario["load"] = {{"kind", "constant_rate"}, {"rate_rps", 300}, {"duration", "4s"}};
  scenario["phases"] = json::parse(R"([{"name": "before", "until": "2500ms"}, {"name": "after"}])");
  scenario["events"] = {{{"at", "1s"}, {"kill", "proxy[1]"}}};
  scenario["thresholds"] = {{"failed_requests{phase:after}", {"==0"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
}

TEST_CASE("what init writes runs as it stands") {
  for (char const* kind : {"gateway", "nginx", "command"}) {
    INFO(kind);
    scratch_directory at;
    std::string const file = (at.path() / "first.json").string();
    said_by({"init", file, "--kind", kind});
    said_by({"run", file, "--out", (at.path() / "out").string()});
    CHECK(count(summary_in(at.path() / "out"), "requests") == 10'000);
  }
}

TEST_CASE("init --from runs a user's own nginx, and what it breaks is named") {
  fs::path const configs = fs::path(CREST_SOURCE_DIR) / "tests/sim/authoring/configs";
  struct row {
    char const* file;
    std::vector<std::string> violated;
  };
  for (row const& r : {row{"article-guess.conf", {"closed_door"}}, row{"article-lua.conf", {"closed_door"}},
                       row{"site-with-tls.conf", {}}}) {
    INFO(r.file);
    scratch_directory at;
    std::string const file = (at.path() / "first.json").string();
    said_by({"init", file, "--from", (configs / r.file).string()});
    // A site that does not know X-Accel-Redirect: nobody is logged in elsewhere, and one proxy has all sessions.
    std::vector<std::string> words{
        "run", file, "--out", (at.path() / "out").string(), "--set", "population.characters=100"};
    said_by(words, 99);
    json const summary = summary_in(at.path() / "out");
    CHECK(summary.at("verdict") == "failed");
    for (json const& invariant : summary.at("invariants")) {
      std::string const name = invariant.at("name");
      for (std::string const& violated : r.violated)
        if (violated == name) CHECK(invariant.at("violations") > 0);
    }
  }
}

TEST_CASE("a configuration that was exported for production and taken back with init --from breaks nothing") {
  scratch_directory at;
  json scenario = tier();
  scenario["topology"]["balancers"]["token_map"] = "off";
  std::ofstream(at.path() / "tier.json") << scenario.dump(2);
  said_by({"export", "nginx", (at.path() / "tier.json").string(), "--upstream", "10.0.0.1:26001", "--upstream",
           "10.0.0.2:26001", "--out", at.path().string()});
  std::string const file = (at.path() / "again.json").string();
  said_by({"init", file, "--from", (at.path() / "nginx.conf").string()});
  said_by({"run", file, "--out", (at.path() / "out").string()});
}
