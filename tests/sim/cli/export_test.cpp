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

std::string scenario(std::string const& balancers, std::string const& more = "") {
  return R"({"name": "tier", "topology": {"balancers": )" + balancers +
         R"(, "proxies": {"count": 3}, "sols": {"count": 1}}, "population": {"characters": 10}, "load": {"kind": "closed")" +
         more + "}}";
}

bool has_haproxy() {
  return std::system("PATH=$PATH:/usr/sbin:/usr/local/sbin command -v haproxy >/dev/null 2>&1") == 0; // NOLINT
}

constexpr char const* policies[] = {"random", "round_robin", "least_conn", "two_choices", "token_hash"};

/// The scenario that runs an exported template behind the lab's load.
std::string with_template(std::string const& program, std::string const& file, std::string const& more = "") {
  return scenario(program == "nginx" ? R"({"kind": "nginx", "template": ")" + file + "\"}"
                                     : R"({"kind": "command", "command": ["haproxy", "-db", "-f", "{{config}}"],
                                           "check": ["haproxy", "-c", "-f", "{{config}}"], "config": ")" +
                                           file + "\"}",
                  more);
}

}

TEST_CASE("export: templates of every policy, with and without a map and TLS, are what nginx and HAProxy accept") {
  for (char const* program : {"nginx", "haproxy"})
    for (char const* guess : policies)
      for (char const* map : {"off", "64k"})
        for (bool const tls : {false, true}) {
          scratch const dir;
          std::string const more = tls ? R"(, "tls": true)" : "";
          std::string const file =
              dir.file("s.json", scenario(R"({"kind": "gateway", "guess": ")" + std::string(guess) +
                                              R"(", "token_map": ")" + map + "\"}",
                                          more));
          outcome const written = outcome_of({"export", program, file, "--out", (dir.path / "out").string()});
          INFO(program << " " << guess << " " << map << (tls ? " TLS" : ""));
          REQUIRE(written.code == 0);
          std::string const name = program == std::string("nginx") ? "out/nginx.conf" : "out/haproxy.cfg";
          CHECK_THAT(written.out, Contains(name));
          std::string const text = text_of((dir.path / name).string());
          outcome const checked = outcome_of({"check", dir.file("t.json", with_template(program, name, more))});
          INFO(text);
          INFO(checked.out << checked.errors);
          CHECK(checked.code == 0);
          if (program == std::string("nginx") ? has_nginx() : has_haproxy())
            CHECK_THAT(checked.out, !Contains("not tried"));
        }
}

TEST_CASE("export: with upstreams the file is whole, and the programs accept it") {
  scratch const dir;
  std::string const file = dir.file("s.json", scenario(R"({"kind": "gateway", "count": 2})"));
  for (char const* program : {"nginx", "haproxy"}) {
    INFO(program);
    outcome const printed = outcome_of({"export", program, file, "--upstream", "10.0.0.1:26001", "--upstream",
                                        "10.0.0.2:26001", "--listen", "127.0.0.1:8080"});
    CHECK(printed.code == 0);
    CHECK_THAT(printed.out, !Contains("{{") && Contains("127.0.0.1:8080") && Contains("10.0.0.2:26001") &&
                                !Contains("access_log off"));
    CHECK_THAT(printed.errors, Contains("The scenario has 3 proxies, --upstream names 2."));
    std::string const out = dir.file(program, printed.out), said = (dir.path / "said").string();
    std::string command = "PATH=$PATH:/usr/sbin:/usr/local/sbin; ";
    if (program == std::string("nginx")) {
      if (!has_nginx()) continue;
      command += "nginx -t -p " + dir.path.string() + " -e stderr -g 'pid " + dir.path.string() + "/pid;' -c " + out;
    } else {
      if (!has_haproxy()) continue;
      command += "haproxy -c -f " + out;
    }
    int const status = std::system((command + " >" + said + " 2>&1").c_str()); // NOLINT
    INFO(text_of(said));
    CHECK(status == 0);
  }
}

TEST_CASE("export: what the program cannot do as the scenario says is in the file, and on stderr") {
  scratch const dir;
  std::string const file = dir.file(
      "s.json", scenario(R"({"kind": "gateway", "count": 2, "token_map": "1m", "max_redirects": 2, "shared_map": {},
                             "cache": {"size": "1m"}})"));
  outcome const nginx = outcome_of({"export", "nginx", file});
  for (std::string const& text : {nginx.out, nginx.errors}) {
    std::string flat = text;
    for (std::size_t at = 0; (at = flat.find("\n#   ", at)) != std::string::npos;) flat.replace(at, 5, " ");
    CHECK_THAT(flat, Contains("shared_map: each nginx learns for itself") &&
                         Contains("max_redirects (2) cannot be set") && Contains("cache is not written"));
  }
  CHECK_THAT(nginx.out, Contains("lua_shared_dict owners 1024k;") && Contains("2 balancers like this one") &&
                            Contains("of that size holds about 8137 tokens"));
  outcome const haproxy = outcome_of({"export", "haproxy", file});
  CHECK_THAT(haproxy.out, Contains("retries 2 # max_redirects") && Contains("stick-table type binary len 32 size "));
}

TEST_CASE("export: a plan's directory means the topology of its answer") {
  scratch const dir;
  std::string const planned = dir.file("s.json", R"({"name": "p", "topology": {
      "balancers": {"kind": "gateway", "guess": "round_robin", "token_map": "10m"}, "proxies": {"count": 1}},
    "load": {"kind": "closed", "requests_per_character": 2}, "population": {"characters": 20},
    "plan": {"goals": {"redirect_ratio": ["<0.9"]}, "prices": {"proxies": 1}, "replications": 1,
             "space": {"topology.proxies.count": [5, 6], "topology.balancers.token_map": ["64k"]}}})");
  std::string const out = (dir.path / "out").string();
  REQUIRE(run({"plan", planned, "--quiet", "--out", out}) == 0);
  for (std::string const& of : {out, out + "/plan.json"}) {
    outcome const exported = outcome_of({"export", "nginx", of});
    CHECK(exported.code == 0);
    CHECK_THAT(exported.out, Contains("in front of 5 proxies") && Contains("owners 64k;") && Contains("round_robin"));
  }
  REQUIRE(run({"plan", planned, "--quiet", "--out", out, "--set", R"(plan.goals={"redirect_ratio": ["<0"]})"}) == 99);
  CHECK_THROWS_WITH(run({"export", "nginx", out}), Contains("plan.json: answer: found a plan without one"));
}

TEST_CASE("export: what cannot be exported is refused in one line") {
  scratch const dir;
  std::string const good = dir.file("s.json", scenario(R"({"kind": "gateway"})"));
  auto const with = [&](std::vector<std::string> const& more) {
    std::vector<std::string> words{"export", "nginx", good};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  CHECK_THROWS_WITH(run(with({"--upstream", "proxy1:26001"})),
                    Contains("--upstream: found \"proxy1:26001\"; allowed: "));
  CHECK_THROWS_WITH(run(with({"--upstream", "10.0.0.1"})), Contains("--upstream: found \"10.0.0.1\""));
  CHECK_THROWS_WITH(run(with({"--upstream", "10.0.0.1:70000"})), Contains("allowed: an address"));
  CHECK_THROWS_WITH(run(with({"--listen", "a;b:1"})), Contains("--listen: found \"a;b:1\""));
  CHECK_THROWS_WITH(run(with({"--group", "1"})), Contains("s.json: found 1 groups") && Contains("--group from 0 to 0"));
  CHECK_THROWS_WITH(run(with({"--set", R"(topology.balancers={"kind": "external", "addresses": ["127.0.0.1:1"]})",
                              "--set", "topology.proxies.first_port=9100"})),
                    Contains("topology.balancers: found a balancer of kind \"external\" whose rules are its own"));
  CHECK(outcome_of({"export", "haproxy", good, "--upstream", "proxy1:26001"}).code == 0); // HAProxy looks names up
  CHECK_THROWS_WITH(run({"export", "nginx", dir.path.string()}), Contains("plan.json"));
}
