// Balancers that the lab does not start itself, or starts from a configuration that is not its own.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <exception>
#include <fstream>
#include <vector>

using namespace tests::live;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

/// Two free ports, one after the other, kept free for those who bind them with SO_REUSEADDR.
std::vector<sim::live::port_reservation> two_ports() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::vector<sim::live::port_reservation> ports(1);
    if (ports[0].port() == 65535) continue;
    try {
      ports.emplace_back(static_cast<std::uint16_t>(ports[0].port() + 1));
      return ports;
    } catch (std::exception const&) {
      continue; // taken
    }
  }
  FAIL("no two free ports in a row");
  return {};
}

/// The article's configuration, as a user's own.
std::string own_template() {
  return "# mine\n" + text_of(fs::path(CREST_SOURCE_DIR) / "scenarios" / "nginx" / "article-guess.conf");
}

json nginx_with(fs::path const& file) {
  return {{"kind", "nginx"}, {"template", file.string()}, {"expect_violations", {{"closed_door", ">0"}}}};
}

}

TEST_CASE("an external balancer is used, measured and left running") {
  auto const ports = two_ports();
  balancer mine(kind::gateway, {ports[0].address(), ports[1].address()}, {"--token-map", "off"});
  json scenario = small_scenario();
  scenario["topology"]["proxies"]["first_port"] = ports[0].port();
  scenario["topology"]["balancers"] = {{"kind", "external"},
                                       {"addresses", {"127.0.0.1:" + std::to_string(mine.port())}}};
  scenario["thresholds"] = {{"redirect_ratio{balancer:external[0]}", {">0.3", "<0.6"}}, {"failed_requests", {"==0"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  json const& external = summary.at("balancers").at("external[0]");
  CHECK(external.at("kind") == "external");
  CHECK(count(external, "requests") == 500);
  CHECK(count(external, "redirects") == count(summary, "redirects"));
  check_invariants(summary, {"one_session", "right_place", "intact", "nobody_elses", "closed_door", "books"});
  // What a black box hides is named.
  bool named = false;
  for (json const& note : summary.at("notes")) named = named || note.get<std::string>().find("external[0]") == 0;
  CHECK(named);
  // It is ours, not the run's: it still runs, and counted what the run counted, and the closed door's probes.
  CHECK(mine.count("requests") >= 500);
  CHECK(mine.count("redirects") == count(summary, "redirects"));
}

// One proxy's death may harm nobody: the other one sees its connections end, and does not redirect there any more.
TEST_CASE("behind an nginx that retries nothing the proxies die: each failure has a cause, its log says more, and the "
          "report what to do") {
  scratch_directory at;
  fs::path const file = at.path() / "mine.conf";
  std::ofstream(file) << own_template();
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = nginx_with(file);
  scenario["load"]["think_time"] = "20ms"; // 1.2 s, so that the event takes place within the load
  scenario["load"]["threads"] = 1;
  scenario["events"] = {{{"at_share", 0.4}, {"kill", "proxy[1]"}}, {{"at_share", 0.5}, {"kill", "proxy[0]"}}};
  scenario["thresholds"] = {{"failed_requests{status:502,kind:nginx}", {">0"}},
                            {"failed_requests{cause:reset}", {"<10"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  double of_causes = 0;
  for (auto const& [name, metric] : summary.at("metrics").items())
    if (name.starts_with("failed_requests{cause:")) of_causes += metric.at("value").get<double>();
  CHECK(of_causes > 0);
  CHECK(of_causes == static_cast<double>(count(summary, "failed_requests")));
  json const& nginx = summary.at("balancers").at("nginx[0]");
  CHECK(nginx.at("retries_on").empty());
  REQUIRE_FALSE(nginx.at("log").empty());
  std::string const first = nginx.at("log").at(0).at("text");
  CHECK_THAT(first, Catch::StartsWith("[error] ") && Catch::Contains("upstream: proxy["));
  REQUIRE(summary.at("next_steps").size() == 1);
  CHECK_THAT(summary.at("next_steps").at(0).get<std::string>(),
             Catch::StartsWith("nginx[0] answered ") && Catch::Contains(" requests with 502"));
  json const& killed = summary.at("events").at(0);
  CHECK(killed.at("failures_back_s").is_null() != killed.at("failures_back_note").get<std::string>().empty());
  for (char const* part :
       {"Failed requests by cause", "status 502", "Logs of balancers with failed requests", "What to do next"})
    CHECK_THAT(run.output(), Catch::Contains(part));
}

TEST_CASE("nginx runs a template of the user's own") {
  scratch_directory at;
  fs::path const file = at.path() / "mine.conf";
  std::ofstream(file) << own_template();
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = nginx_with(file);
  scenario["thresholds"] = {{"redirect_ratio{balancer:nginx[0]}", {">0.3", "<0.6"}}, {"failed_requests", {"==0"}}};
  lab_run run(scenario, {"--keep"});
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  std::string const used = text_of(run.out() / "run" / "configs" / "nginx[0].conf");
  CHECK(used.starts_with("# mine\n"));
  CHECK_THAT(used, Catch::Contains("server 127.0.0.1:") && Catch::Contains("listen 127.0.0.1:"));
  CHECK(run.summary().at("balancers").at("nginx[0]").at("kind") == "nginx");
  CHECK(run.processes().empty());
}

TEST_CASE("a template that cannot be used is named") {
  scratch_directory at;
  fs::path const file = at.path() / "mine.conf";
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = nginx_with(file);
  SECTION("there is none: bad input") {
    lab_run run(scenario);
    CHECK(run.wait() == 2);
    CHECK_THAT(run.output(), Catch::Contains("mine.conf"));
    CHECK(run.processes().empty());
  }
  SECTION("an unknown placeholder: bad input") {
    std::ofstream(file) << own_template() << "{{ports}}\n";
    lab_run run(scenario);
    CHECK(run.wait() == 2);
    CHECK_THAT(run.output(), Catch::Contains("{{ports}}") && Catch::Contains("{{upstreams}}"));
    CHECK(run.processes().empty());
  }
  SECTION("nginx refuses it: could not run, with nginx's own words") {
    std::ofstream(file) << own_template() << "no_such_directive on;\n";
    lab_run run(scenario);
    CHECK(run.wait() == 1);
    CHECK_THAT(run.output(), Catch::Contains("nginx[0]") && Catch::Contains("no_such_directive"));
    CHECK(run.processes().empty());
  }
}
