// Balancers that run already, and cannot be reached.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <filesystem>
#include <string>

using namespace tests::live;
using Catch::Contains;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE("an external balancer that is down: exit code 1 with name, address and error, before anything is started") {
  sim::live::port_reservation const down, proxies;
  std::string const address = down.address();
  json scenario = small_scenario();
  scenario["topology"]["proxies"] = {{"count", 1}, {"first_port", proxies.port()}};
  scenario["topology"]["balancers"] = {{"kind", "external"}, {"addresses", {address}}};
  std::string error = "external[0] at " + address + ": cannot be reached: Connection refused";
  SECTION("refused") {}
  SECTION("refused, with TLS") { scenario["load"]["tls"] = true; }
  SECTION("of several, one is down") {
    scenario["topology"]["balancers"] = json::array({json{{"kind", "gateway"}}, scenario["topology"]["balancers"]});
  }
  SECTION("no such name") {
    scenario["topology"]["balancers"]["addresses"] = {"no-such-balancer.invalid:8080"};
    error = "external[0] at no-such-balancer.invalid:8080: cannot be reached: ";
  }
  lab_run run(scenario, {"--keep"});
  CHECK(run.wait() == 1);
  CHECK_THAT(run.output(), Contains(error));
  CHECK(run.processes().empty());
  CHECK((!fs::exists(run.out() / "run" / "logs") || fs::is_empty(run.out() / "run" / "logs"))); // nothing was started
}

TEST_CASE("load on a URL that nobody serves is exit code 1 with the error, before any load") {
  sim::live::port_reservation const down;
  lab load({"load", "http://" + down.address() + "/", "--duration", "30"});
  CHECK(load.wait() == 1);
  CHECK_THAT(load.output(), Catch::Contains("cannot be reached: Connection refused"));
}
