// crest-sim run --watch: a browser's half of the conversation, while real processes run.
#include "tests/live/lab.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <regex>

using namespace tests::live;
using nlohmann::json;

namespace {

/// A run that goes on until somebody ends it.
json long_scenario() {
  json scenario = small_scenario();
  scenario["description"] = "watched";
  scenario["topology"]["balancers"]["count"] = 2;
  scenario["topology"]["proxies"]["count"] = 3;
  scenario["load"] = {{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "600s"}, {"max_schedule_lag", "60s"}};
  scenario["thresholds"] = {{"redirects", {">=0"}}};
  return scenario;
}

/// A run with its page.
class watched_run {
public:
  explicit watched_run(json const& scenario)
    : run_(scenario, {"--watch", "--quiet"}) {
    std::smatch m;
    std::string said;
    REQUIRE(eventually([&] {
      said = run_.sim().errors();
      return std::regex_search(said, m, std::regex("watch at http://127\\.0\\.0\\.1:(\\d+)/\n"));
    }));
    port_ = static_cast<std::uint16_t>(std::stoul(m[1]));
  }

  lab_run& run() { return run_; }
  std::uint16_t port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }

  client_answer ask(std::string const& method, std::string const& target, std::string const& fields,
                    std::string const& body = {}) const {
    client c(port_);
    std::string const size = "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return c.exchange(method + " " + target + " HTTP/1.1\r\n" + fields + size + "\r\n" + body);
  }

  /// Asks for an event as the page does.
  client_answer strike(json const& what) const {
    return ask("POST", "/events",
               "Host: " + host() + "\r\nOrigin: http://" + host() + "\r\nContent-Type: application/json\r\n",
               what.dump());
  }

private:
  lab_run run_;
  std::uint16_t port_ = 0;
};

/// The events of a run, as a browser's EventSource hears them.
class listener {
public:
  explicit listener(watched_run const& run)
    : client_(run.port()) {
    client_.send("GET /events HTTP/1.1\r\nHost: " + run.host() + "\r\n\r\n");
    REQUIRE(client_.line() == "HTTP/1.1 200 OK");
    while (!client_.line().value_or("").empty()) {
    }
  }

  /// The first of this kind that fits; null when the stream ends before.
  template<class Fits>
  json next(std::string const& kind, Fits const& fits) {
    for (;;) {
      std::optional<std::string> const first = client_.line();
      if (!first) return nullptr;
      REQUIRE(first->starts_with("event: "));
      std::string text;
      for (std::string line = line_of(); !line.empty(); line = line_of()) {
        REQUIRE(line.starts_with("data: "));
        text += line.substr(6) + "\n";
      }
      json const data = json::parse(text);
      if (*first == "event: " + kind && fits(data)) return data;
    }
  }

  json state(std::function<bool(json const&)> const& fits) { return next("state", fits); }

private:
  std::string line_of() { return client_.line().value_or(""); }

  client client_;
};

bool has(json const& list, std::string const& word) { return std::find(list.begin(), list.end(), word) != list.end(); }

std::function<bool(json const&)> struck(std::string const& name) {
  return [name](json const& state) {
    json const& events = state.at("events");
    return std::any_of(events.begin(), events.end(), [&](json const& e) { return e.at("name") == name; });
  };
}

bool under_load(json const& state) { return state.at("stage") == "under load" && state.at("done") > 0; }

}

TEST_CASE("a run that is watched shows what was found so far, and does what is asked by hand") {
  watched_run watched(long_scenario());
  client_answer const page = watched.ask("GET", "/", "Host: " + watched.host() + "\r\n");
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Catch::Contains("connect-src 'self'"));
  CHECK_THAT(page.body, Catch::Contains("\"live\": {\"description\":\"watched\""));

  listener events(watched);
  json const begun = events.state(under_load);
  REQUIRE_FALSE(begun.is_null());
  CHECK(begun.at("running") == json({"gateway[0]", "gateway[1]", "proxy[0]", "proxy[1]", "proxy[2]", "sol[0]"}));
  json const result = events.next("result", [](json const&) { return true; });
  REQUIRE_FALSE(result.is_null());
  json const& summary = result.at("files").at("summary.json");
  CHECK(summary.at("metrics").at("requests").at("value") > 0);
  CHECK(summary.at("reasons").empty()); // that it is not over is no reason
  CHECK_FALSE(summary.at("topology").at("flows").empty());
  CHECK_THAT(result.at("files").at("timeseries.csv").get<std::string>(), Catch::Contains("gateway[1]"));

  client_answer const killed = watched.strike({{"kill", "proxy[1]"}});
  CHECK(killed.status == 202);
  CHECK(json::parse(killed.body) == json{{"name", "kill proxy[1], by hand"}});
  json const without = events.state(struck("kill proxy[1], by hand"));
  REQUIRE_FALSE(without.is_null());
  CHECK_FALSE(has(without.at("running"), "proxy[1]"));
  CHECK_FALSE(watched.run().runs("proxy[1]"));
  client_answer const again = watched.strike({{"kill", "proxy[1]"}});
  CHECK(again.status == 400);
  CHECK_THAT(again.body, Catch::Contains("allowed: a node that runs"));

  CHECK(watched.strike({{"restart", "proxy[1]"}}).status == 202);
  json const with = events.state(struck("restart proxy[1], by hand"));
  REQUIRE_FALSE(with.is_null());
  CHECK(has(with.at("running"), "proxy[1]"));
  CHECK(with.at("events").at(1).at("detail") == "started proxy[1]");
  CHECK(watched.strike({{"reload", "gateway[0]"}}).status == 202);
  CHECK(watched.strike({{"move_sessions", {{"share", 0.5}, {"from", "proxy[0]"}}}}).status == 202);
  CHECK(watched.strike({{"move_sessions", {{"share", 0.5}}}}).status == 202);
  REQUIRE_FALSE(events.state(struck("move sessions, by hand #2")).is_null());
  json const shown = events.next(
      "result", [](json const& data) { return data.at("files").at("summary.json").at("events").size() == 5; });
  REQUIRE_FALSE(shown.is_null());

  watched.run().sim().signal(SIGTERM);
  json const over = events.next("over", [](json const&) { return true; });
  REQUIRE_FALSE(over.is_null());
  CHECK(over.at("verdict") == "interrupted");
  CHECK(over.at("report") == (watched.run().out() / "report.html").string());
  CHECK(watched.run().wait() == 130);
  json const written = watched.run().summary();
  CHECK(over.at("data").at("files").at("summary.json").at("events") == written.at("events"));
  std::vector<std::string> names;
  for (json const& e : written.at("events")) {
    CHECK(e.at("by_hand") == true);
    CHECK(e.at("at_s") > 0);
    names.push_back(e.at("name"));
  }
  CHECK(names == std::vector<std::string>{"kill proxy[1], by hand", "restart proxy[1], by hand",
                                          "reload gateway[0], by hand", "move sessions, by hand",
                                          "move sessions, by hand #2"});
  CHECK(has(written.at("notes"),
            "5 events by hand: the scenario does not have them, and another run will not repeat them"));
  for (json const& i : written.at("invariants")) {
    INFO(i.dump());
    CHECK(i.at("passed") == true);
  }
}

TEST_CASE("events by hand beside the scenario's own: one at a time, and each in the report") {
  json scenario = long_scenario();
  scenario["load"]["duration"] = "3s";
  scenario["events"] = {{{"at", "500ms"}, {"kill", "proxy[2]"}}, {{"at", "2s"}, {"restart", "proxy[2]"}}};
  watched_run watched(scenario);
  listener events(watched);
  REQUIRE_FALSE(events.state(struck("kill proxy[2]")).is_null());
  CHECK(watched.strike({{"restart", {{"node", "proxy[0]"}, {"graceful", false}}}}).status == 202);
  json const over = events.next("over", [](json const&) { return true; });
  REQUIRE_FALSE(over.is_null());
  CHECK(watched.run().wait() == 0);
  std::vector<std::pair<std::string, bool>> found;
  double before = 0;
  json const summary = watched.run().summary();
  for (json const& e : summary.at("events")) {
    found.emplace_back(e.at("name"), e.contains("by_hand"));
    CHECK(e.at("at_s") >= before);
    before = e.at("done_s");
  }
  CHECK(found == std::vector<std::pair<std::string, bool>>{
                     {"kill proxy[2]", false}, {"restart proxy[0], by hand", true}, {"restart proxy[2]", false}});
}

TEST_CASE("what a page may not ask is refused, and does nothing") {
  watched_run watched(long_scenario());
  listener events(watched);
  REQUIRE_FALSE(events.state(under_load).is_null());
  std::string const host = "Host: " + watched.host() + "\r\n", is_json = "Content-Type: application/json\r\n";
  std::string const kill = R"({"kill": "proxy[1]"})";
  struct row {
    char const* method;
    char const* target;
    std::string fields, body;
    unsigned status;
    char const* says;
  };
  std::string const add = R"({"add_balancer": {"kind": "gateway"}})";
  row const rows[] = {
      {"POST", "/events", "Host: lab.example\r\n" + is_json, kill, 421, "another Host"},
      {"GET", "/", "Host: lab.example\r\n", "", 421, "another Host"},
      {"GET", "/events", "", "", 400, "no Host, or several"},
      {"GET", "/", host + "Host: lab.example\r\n", "", 400, "no Host, or several"},
      {"POST", "/events", host, kill, 415, "application/json"},
      {"POST", "/events", host + "Content-Type: text/plain\r\n", kill, 415, "application/json"},
      {"POST", "/events", host + is_json + "Origin: http://lab.example\r\n", kill, 403, "another site"},
      {"POST", "/events", host + is_json + "Origin: null\r\n", kill, 403, "another site"},
      {"PUT", "/events", host, kill, 405, "GET, POST"},
      {"GET", "/x", host, "", 404, "/events"},
      {"POST", "/events", host + is_json, "", 400, "event by hand"},
      {"POST", "/events", host + is_json, "{", 400, "event by hand"},
      {"POST", "/events", host + is_json, "{}", 400, "found no action"},
      {"POST", "/events", host + is_json, R"({"kill": 3})", 400, "kill"},
      {"POST", "/events", host + is_json, R"({"kil": "proxy[1]"})", 400, "did you mean 'kill'"},
      {"POST", "/events", host + is_json, R"({"kill": "proxy[7]"})", 400, "unknown node"},
      {"POST", "/events", host + is_json, R"({"reload": "proxy[1]"})", 400, "cannot read its configuration again"},
      {"POST", "/events", host + is_json, R"({"kill": "proxy[1]", "restart": "proxy[1]"})", 400, "second action"},
      {"POST", "/events", host + is_json, R"({"kill": "proxy[1]", "at": "1s"})", 400, "what happens now"},
      {"POST", "/events", host + is_json, R"({"kill": "proxy[1]", "name": "x"})", 400, "what happens now"},
      {"POST", "/events", host + is_json, add, 400, "allowed: kill, restart, reload or move_sessions"},
  };
  for (row const& r : rows) {
    INFO(r.method << " " << r.target << " " << r.fields << r.body);
    client_answer const got = watched.ask(r.method, r.target, r.fields, r.body);
    CHECK(got.status == r.status);
    CHECK_THAT(got.body, Catch::Contains(r.says));
  }
  CHECK(watched.ask("HEAD", "/", host).status == 200);
  CHECK(watched.ask("GET", "http://" + watched.host() + "/", host).status == 200);
  for (char const* type : {"Application/JSON", "application/json; charset=utf-8", "application/json ;x"})
    CHECK(watched.ask("POST", "/events", host + "Content-Type: " + type + "\r\n", "{}").status == 400);
  CHECK(watched.ask("POST", "/events", host + is_json, std::string(17'000, ' ')).status == 413);
  std::vector<std::unique_ptr<listener>> others;
  for (int i = 1; i != 16; ++i) others.push_back(std::make_unique<listener>(watched));
  CHECK(watched.ask("GET", "/events", host).status == 503);
  watched.run().sim().signal(SIGTERM);
  CHECK(watched.run().wait() == 130);
  CHECK(watched.run().summary().at("events").empty());
}

TEST_CASE("a page is refused where there is nothing to watch, and a port in use is told") {
  json const scenario = small_scenario();
  struct row {
    std::vector<std::string> flags;
    int code;
    char const* says;
  };
  boost::asio::io_context context;
  tcp::acceptor taken(context, {boost::asio::ip::address_v4::loopback(), 0});
  row const rows[] = {
      {{"--watch-port", "x"}, 2, "--watch-port"},
      {{"--watch-port", "70000"}, 2, "65535"},
      {{"--watch-port", "0", "--engine", "virtual"}, 2, "allowed: with --engine live"},
      {{"--watch", "--engine", "virtual"}, 2, "allowed: with --engine live"},
      {{"--watch", "scenarios/quickstart.json"}, 2, "allowed: with one"},
      {{"--watch", "--retry-invalid", "2"}, 2, "allowed: without --watch"},
      {{"--watch-port", std::to_string(taken.local_endpoint().port())}, 1, "Address already in use"},
  };
  for (row const& r : rows) {
    lab_run run(scenario, r.flags);
    CHECK(run.wait() == r.code);
    INFO(run.output());
    CHECK_THAT(run.output(), Catch::Contains(r.says));
  }
}

TEST_CASE("what the load leaves no time for is in the report, and the report says that it was not carried out") {
  json scenario = small_scenario();
  scenario["topology"]["proxies"]["count"] = 4;
  scenario["load"] = {{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "2s"}, {"max_schedule_lag", "60s"}};
  for (int i = 0; i != 4; ++i) // a restart takes longer than what is between them
    scenario["events"].push_back({{"at_ms", 1990 + i}, {"restart", "proxy[" + std::to_string(i) + "]"}});
  for (char const* engine : {"live", "virtual"}) {
    INFO(engine);
    lab_run run(scenario, {"--engine", engine});
    CHECK(run.wait() == 0);
    json const summary = run.summary();
    REQUIRE(summary.at("events").size() == 4);
    std::size_t left = 0;
    for (json const& e : summary.at("events")) {
      left += e.contains("left");
      CHECK(e.at("at_s") > 1.9);
      if (e.contains("left"))
        CHECK_THAT(e.at("detail").get<std::string>(),
                   Catch::Contains("under way when the load ended") || Catch::Contains("not carried out"));
    }
    CHECK(left >= 3);
    CHECK_THAT(run.output(), Catch::Contains(std::to_string(left) + " of 4 events were not carried out to the end"));
  }
}
