#include "tests/sim/cli/commands.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <sstream>

using Catch::Contains;
using command_test::has_nginx;
using command_test::outcome;
using command_test::outcome_of;
using command_test::scratch;

namespace {

outcome check(std::vector<std::string> files) {
  files.insert(files.begin(), "check");
  return outcome_of(files);
}

/// A scenario with more keys in front, and more of balancers.
std::string scenario(std::string const& keys = "", std::string const& balancers = R"("kind": "gateway")") {
  return "{" + keys + R"("name": "small",
  "topology": {"balancers": {)" +
         balancers + R"(}, "proxies": {"count": 2}, "sols": {"count": 1}},
  "population": {"characters": 10}, "load": {"kind": "closed"}})";
}

constexpr char const* good_template = R"(pid {{prefix}}/pid;
events {}
http {
  access_log off;
  client_body_temp_path {{prefix}}/a; proxy_temp_path {{prefix}}/b; fastcgi_temp_path {{prefix}}/c;
  uwsgi_temp_path {{prefix}}/d; scgi_temp_path {{prefix}}/e;
  upstream proxies {
    {{upstreams}}
  }
  server { listen {{listen}}; {{tls}}
    location / { proxy_pass http://proxies; }
  }
}
)";

std::string of_template(std::string const& keys = "") {
  return scenario(keys, R"("kind": "nginx", "template": "my.conf")");
}

}

TEST_CASE("check: all errors of all files at once, each with file, line and path") {
  scratch const dir;
  std::string const good = dir.file("good.json", scenario()), gone = (dir.path / "gone.json").string(),
                    cut = dir.file("cut.json", "{\n\"name\": "),
                    wrong = dir.file("wrong.json", R"({"name": 3, "nmae": 1,
  "topology": {"balancers": {"kind": "gateway", "guess": "radnom"}, "proxies": {"count": 0}},
  "load": {"kind": "closed", "thraeds": 1}})"),
                    parts = dir.file("parts.json", scenario(R"("thresholds": {"redirect_ration": ["<1"],
  "failed_requests": ["<1%", "<<1"], "requests{phase:b}": [">1"]}, "virtual": {"start_time": "0s", "start_time_ms": 1},
)"));
  outcome const all = check({good, gone, cut, wrong, parts});
  INFO(all.errors);
  CHECK(all.code == 2);
  CHECK_THAT(all.out, Contains("good.json: good: small"));
  for (char const* line :
       {"gone.json: found no such file", "cut.json:2: ", "wrong.json:1: name: found 3",
        "wrong.json:1: nmae: ", "wrong.json:2: topology.balancers.guess: ", "wrong.json:2: topology.proxies.count: ",
        "wrong.json:3: load.thraeds: ", "parts.json:1: thresholds.redirect_ration: ",
        "parts.json:2: thresholds.failed_requests[1]: ", "parts.json:2: thresholds.requests{phase:b}: ",
        "parts.json:2: virtual.start_time"})
    CHECK_THAT(all.errors, Contains(line) && Contains("did you mean"));
  CHECK_THAT(all.errors, Contains(" errors in 4 of 5 files"));
  for (std::string const& line : all.lines()) CHECK_THAT(line, Contains("crest-sim: "));
}

TEST_CASE("check: what is wrong in one part hides nothing in another, nor in a template") {
  scratch const dir;
  dir.file("my.conf", "events {}\nhttp { server { listen {{listn}}; } }\n");
  struct row {
    char const* keys;
    std::vector<char const*> says;
  };
  for (row const& x :
       std::vector<row>{{R"("seed": "x", "events": [{"at": "1s", "kill": "proxy[9]"}],)",
                         {"seed: found", "unknown node \"proxy[9]\""}},
                        {R"("thresholds": {"foo": ["<1"]}, "phases": [{"name": "a", "until": "1s"}, {"name": "b"}],)",
                         {"the unknown metric 'foo'"}},
                        {R"("events": [{"at": "1s", "kil": "proxy[0]"}], "phases": [{"name": "a"}, {"name": "b"}],)",
                         {"events[0].kil: ", "a phase without an end"}},
                        {R"("description": 3, "virtual": {"start_time": "0s", "start_time_ms": 1},)",
                         {"description: found 3", "virtual.start_time"}}}) {
    INFO(x.keys);
    outcome const all = check({dir.file("s.json", of_template(x.keys))});
    INFO(all.errors);
    CHECK(all.code == 2);
    for (char const* line : x.says) CHECK_THAT(all.errors, Contains(line));
    CHECK_THAT(all.errors, Contains("my.conf:2: found the unknown placeholder {{listn}}"));
  }
}

TEST_CASE("check: good files are exit 0, and a schema beside them is left out") {
  scratch const dir;
  outcome const all = check({dir.file("a.json", scenario()),
                             dir.file("b.json", scenario(R"("axes": {"load.requests_per_character": [1, 2]},)")),
                             dir.file("s.json", R"({"$schema": "https://json-schema.org/draft/2020-12/schema"})")});
  CHECK(all.code == 0);
  CHECK(all.errors.empty());
  CHECK_THAT(all.out, Contains("a JSON Schema, not a scenario"));
}

TEST_CASE("check: every axis is read, and every value of it is put in") {
  scratch const dir;
  struct row {
    char const* name;
    std::string text;
    std::vector<std::string> says; // one error each, in order
  };
  std::string values;
  for (int i = 1; i <= 150; ++i) values += (i == 1 ? "" : ", ") + std::to_string(i);
  std::string const large = R"("topology.proxies.count": [)" + values + "], \"load.concurrency\": [" + values + "]";
  row const rows[] = {
      {"values that the scenario does not allow, in the middle and last",
       scenario(R"("axes": {
"topology.proxies.count": [1, 0, 2],
"load.concurrency": [1, 2, "x"]},)"),
       {":2: topology.proxies.count: found 0", ":3: load.concurrency: found \"x\""}},
      {"an axis that leads nowhere and one that has no points",
       scenario(R"("axes": {"topology.proxies.cuont": [1],
"load.concurrency": {"log": [1, 0, 3]}},)"),
       {":2: axes.load.concurrency.log[1]: found 0", ":1: topology.proxies.cuont: found an unknown key"}},
      {"unequal lengths of a zip",
       scenario(R"("axes": {"topology.proxies.count": [1, 2], "load.concurrency": [1]}, "axes_combine": "zip",)"),
       {"topology.proxies.count: found 2 values"}},
      {"a large grid: its last value",
       scenario(R"("axes": {)" + large + R"(, "load.requests_per_character": [1, 2, 0]},)"),
       {"load.requests_per_character: found 0"}},
      {"a point that does not fit together",
       scenario(R"("axes": {"topology.proxies.count": [2, 1]}, "events": [{"at_share": 0.5, "kill": "proxy[1]"}],)"),
       {"events[0].kill: found the unknown node"}},
  };
  for (row const& r : rows) {
    INFO(r.name);
    outcome const one = check({dir.file("s.json", r.text)});
    INFO(one.errors);
    CHECK(one.code == 2);
    auto const lines = one.lines();
    REQUIRE(lines.size() >= r.says.size());
    CHECK(lines.size() <= r.says.size() + 1); // and how many
    for (std::size_t i = 0; i != r.says.size(); ++i) CHECK_THAT(lines[i], Contains(r.says[i]) && Contains("allowed"));
  }
}

TEST_CASE("check: every part of a plan is read") {
  scratch const dir;
  auto const plan = [&](std::string const& text) {
    return check({dir.file("s.json", scenario("\"plan\": {" + text + "},"))});
  };
  CHECK(plan(R"("goals": {"redirect_ratio": ["<0.9"]}, "prices": {"proxies": 1},
                "space": {"topology.proxies.count": [1, 2]})")
            .code == 0);
  outcome const bad =
      plan(R"("goals": {"redirect_ration": ["<0.9"], "failed_requests": ["<<1"]}, "prices": {"proxies": 1},
"space": {"topology.proxies.cuont": [1, 2], "plan.x": [1]}, "survive": {"proxies": 0},
"sensitivity": {"load.think_time": "+-20%"})");
  INFO(bad.errors);
  CHECK(bad.code == 2);
  for (char const* line : {":1: plan.goals.redirect_ration: ", ":1: plan.goals.failed_requests[0]: ",
                           ":2: plan.survive: ", ":3: plan.sensitivity.load.think_time: "})
    CHECK_THAT(bad.errors, Contains(line));
  outcome const candidates = plan(R"("goals": {"redirect_ratio": ["<0.9"]}, "prices": {"proxies": 1},
"space": {"topology.proxies.count": [1, 0, 2], "load.concurrency": [1, 0, 2]})");
  INFO(candidates.errors);
  CHECK(candidates.code == 2);
  CHECK_THAT(candidates.errors, Contains("topology.proxies.count: found 0") && Contains("load.concurrency: found 0") &&
                                    Contains("at candidate "));
  CHECK(candidates.lines().size() == 3);
}

TEST_CASE("check: placeholders of every template, in sweeps and events too") {
  scratch const dir;
  dir.file("my.conf", std::string(good_template) + "# {{nothing}}\n");
  dir.file("bad.conf", "events {}\nhttp { server { listen {{listn}}; } }\n{{upstream}}\n");
  outcome const good = check({dir.file("good.json", of_template())});
  INFO(good.errors);
  CHECK(good.code == 0);
  if (!has_nginx()) CHECK_THAT(good.out, Contains("configuration not tried by") && Contains("nginx"));

  std::string const axis = R"("axes": {"topology.balancers.template": ["my.conf", "bad.conf"]},)",
                    event =
                        R"("events": [{"at_share": 0.5, "add_balancer": {"kind": "nginx", "template": "bad.conf"}}],)";
  for (std::string const& keys : {axis, event}) {
    INFO(keys);
    outcome const bad = check({dir.file("s.json", of_template(keys))});
    INFO(bad.errors);
    CHECK(bad.code == 2);
    for (char const* line : {"bad.conf:2: found the unknown placeholder {{listn}}", "did you mean {{listen}}?",
                             "bad.conf:3: found the unknown placeholder {{upstream}}", "bad.conf: found no {{listen}}",
                             "bad.conf: found no {{upstreams}}"})
      CHECK_THAT(bad.errors, Contains(line));
  }
}

TEST_CASE("check: a template needs what its scenario needs") {
  scratch const dir;
  std::string text = good_template;
  text.erase(text.find("{{tls}}"), 7);
  dir.file("my.conf", text);
  CHECK(check({dir.file("plain.json", of_template())}).code == 0);
  std::string tls = of_template();
  tls.replace(tls.find("\"closed\""), 8, R"("closed", "tls": true)");
  CHECK_THAT(check({dir.file("tls.json", tls)}).errors, Contains("my.conf: found no {{tls}}"));

  text.replace(text.find("{{upstreams}}"), 13, "server 127.0.0.1:7001;");
  dir.file("my.conf", text);
  CHECK_THAT(check({dir.file("picked.json", of_template())}).errors, Contains("my.conf: found no {{upstreams}}"));
  std::string fixed = of_template();
  fixed.replace(fixed.find("\"count\": 2"), 10, R"("count": 2, "first_port": 7001)");
  CHECK(check({dir.file("fixed.json", fixed)}).code == 0);
}

TEST_CASE("check: what nginx itself refuses has the template's line") {
  if (!has_nginx()) return;
  scratch const dir;
  std::string text = good_template;
  text.insert(text.find("    location"), "    no_such_directive on;\n"); // behind {{upstreams}}, which are two lines
  dir.file("my.conf", text);
  outcome const bad = check({dir.file("s.json", of_template())});
  INFO(bad.errors);
  CHECK(bad.code == 2);
  CHECK_THAT(bad.errors,
             Contains("my.conf:11: found what `nginx -t` refuses: unknown directive \"no_such_directive\""));
}

TEST_CASE("check: programs that differ in one word are each looked at") {
  scratch const dir;
  std::string const program = R"("kind": "command", "name": "own", "command": ["sh", "-c", "exit 0"])";
  for (char const* word : {"stop", "reload", "check"}) {
    INFO(word);
    std::string const later = R"("events": [{"at_share": 0.5, "add_balancer": {)" + program + R"(, ")" + word +
                              R"(": ["x", "{{nothing}}"]}}], )";
    outcome const bad = check({dir.file("s.json", scenario(later, program))});
    CHECK(bad.code == 2);
    CHECK_THAT(bad.errors, Contains(word) && Contains("found the unknown placeholder {{nothing}}"));
  }
}

TEST_CASE("check: a balancer of kind command has its template, its words and its own check looked at") {
  scratch const dir;
  dir.file("own.cfg", "# its own\nlisten {{listen}}\nto {{proxy_address}}\nwith {{directory}}\n");
  // Says "FILE:LINE" of what it does not like, as such programs do.
  dir.file(
      "try.sh",
      "grep -n refused \"$1\" | { IFS=: read -r line text || exit 0; echo \"[ALERT] ($1:$line) : bad\"; exit 1; }\n");
  auto const of_command = [](std::string const& keys) {
    return scenario("", R"("kind": "command", "name": "own", "command": ["sh", "-c", "exit 0", "{{config}}"],
                           "config": "own.cfg")" +
                            keys);
  };
  outcome const unasked = check({dir.file("s.json", of_command(""))});
  CHECK(unasked.code == 0);
  CHECK_THAT(unasked.out,
             Contains("configuration not tried by the balancer's own program") && Contains("no \"check\""));

  std::string const here = R"(, "check": ["sh", ")" + (dir.path / "try.sh").string() + R"(", "{{config}}"])";
  outcome const good = check({dir.file("s.json", of_command(here))});
  INFO(good.errors);
  CHECK(good.code == 0);
  CHECK_THAT(good.out, !Contains("not tried"));

  dir.file("own.cfg", "listen {{listen}}\nto {{proxy_address}}\nrefused\n");
  outcome const refused = check({dir.file("s.json", of_command(here))});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.errors, Contains("own.cfg:3: found what `sh ") && Contains("own.cfg:3) : bad"));

  dir.file("own.cfg", "listen {{lisen}}\n");
  outcome const bad = check({dir.file(
      "s.json",
      of_command(R"(, "check": ["x", "{{confg}}"], "stop": ["x", "{{pd}}"], "reload": ["x", "{{pid}}{{y}}"])"))});
  CHECK(bad.code == 2);
  for (char const* line :
       {"own.cfg:1: found the unknown placeholder {{lisen}}", "own.cfg: found no {{proxies}}",
        "own: check: found the unknown placeholder {{confg}}", "did you mean {{config}}?",
        "own: stop: found the unknown placeholder {{pd}}", "own: reload: found the unknown placeholder {{y}}"})
    CHECK_THAT(bad.errors, Contains(line));
}
