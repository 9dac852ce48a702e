#include "tests/monitoring/exposed.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>
#include <sys/wait.h>

namespace tests::monitoring {

using nlohmann::json;

namespace {

std::filesystem::path program(char const* name) { return std::filesystem::path(CREST_BIN_DIR) / name; }

std::uint16_t port_in(std::string const& address) {
  return static_cast<std::uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

json ready(live::child& process) {
  std::string const line = process.ready_line();
  INFO(process.errors());
  REQUIRE_FALSE(line.empty());
  return json::parse(line);
}

std::string file_of(live::scratch_directory const& at, json const& content) {
  std::string const file = (at.path() / "config.json").string();
  std::ofstream(file) << content;
  return file;
}

}

std::map<std::string, family> families_of(std::string const& text, std::string const& prefix) {
  static std::regex const described("# (HELP|TYPE) (\\w+) (.*)");
  static std::regex const sample(R"((\w+)(\{(?:\w+="(?:[^"\\]|\\.)*",?)*\})? (\S+))");
  static std::regex const label(R"((\w+)=")");
  std::map<std::string, family> all;
  std::set<std::string> seen;
  std::string current;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    INFO(line);
    std::smatch m;
    if (std::regex_match(line, m, described)) {
      std::string const name = m[2];
      REQUIRE(name.starts_with(prefix));
      family& f = all[name.substr(prefix.size())];
      std::string& what = m[1] == "HELP" ? f.help : f.type;
      CHECK(what.empty());
      what = m[3];
      current = name;
      continue;
    }
    REQUIRE(std::regex_match(line, m, sample));
    std::string const name = m[1], of = m[2];
    CHECK(name.starts_with(current)); // samples follow their family
    family& f = all.at(current.substr(prefix.size()));
    std::string const suffix = name.substr(current.size());
    CHECK(
        (suffix.empty() || (f.type == "histogram" && (suffix == "_bucket" || suffix == "_sum" || suffix == "_count"))));
    CHECK(seen.insert(name + of).second);
    std::size_t used = 0;
    static_cast<void>(std::stod(m[3], &used));
    CHECK(used == m[3].str().size());
    ++f.samples;
    for (std::sregex_iterator at(of.begin(), of.end(), label), end; at != end; ++at)
      if ((*at)[1] != "le") f.labels.insert((*at)[1]);
  }
  return all;
}

answer get_metrics(std::uint16_t port, std::string const& accept) {
  live::client c(port);
  live::client_answer const got = c.exchange("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                                             (accept.empty() ? "" : "Accept: " + accept + "\r\n") + "\r\n");
  return {got.status, got.field("Content-Type"), got.body};
}

busy_gateway::busy_gateway()
  : upstream_(live::serves_as()) {
  json const config{{"listen", {"127.0.0.1:0"}},
                    {"admin", "127.0.0.1:0"},
                    {"upstreams", {upstream_.address()}},
                    {"cache", json::object()},
                    {"token_map_file", (scratch_.path() / "token-map").string()},
                    // Nobody listens there: what is counted of it is there all the same.
                    {"shared_map", {{"redis", "127.0.0.1:9"}, {"key", std::string(64, '7')}}}};
  process_.emplace(program("crest-gateway"), std::vector<std::string>{"--config", file_of(scratch_, config)});
  json const line = ready(*process_);
  port_ = port_in(line.at("listen").at(0));
  admin_port_ = port_in(line.at("admin"));
  live::client c(port_);
  for (int i = 0; i != 5; ++i) {
    std::string const id = "X-Request-Id: from-the-test\r\nLab-Request: 7\r\n";
    CHECK(c.exchange(live::request("GET", "/x", "token", id)).status == 200);
  }
}

busy_cluster::busy_cluster() {
  json const config{{"token_key", "00112233445566778899aabbccddeeff"},
                    {"admin", "127.0.0.1:0"},
                    {"sols", {"127.0.0.1:0"}},
                    {"nodes",
                     {{{"role", "sol"}, {"index", 0}, {"listen", "127.0.0.1:0"}},
                      {{"role", "proxy"}, {"index", 0}, {"listen", "127.0.0.1:0"}, {"eve_listen", "127.0.0.1:0"}}}}};
  process_.emplace(program("crest-fakeproxy"), std::vector<std::string>{"--config", file_of(scratch_, config)});
  json const line = ready(*process_);
  admin_port_ = port_in(line.at("admin"));
  for (json const& node : line.at("nodes")) {
    if (node.at("role") != "proxy") continue;
    live::client c(port_in(node.at("http")));
    CHECK(c.exchange(live::request("GET", "/x", "", "Lab-Request: 9\r\n")).status == 200);
  }
}

running_run::running_run() {
  json const scenario{
      {"name", "watched"},
      {"seed", 3},
      {"topology",
       {{"balancers", {{"kind", "gateway"}, {"count", 2}}}, {"proxies", {{"count", 2}}}, {"sols", {{"count", 1}}}}},
      {"population", {{"characters", 50}}},
      {"load", {{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "600s"}, {"max_schedule_lag", "60s"}}},
      {"phases", {{{"name", "first"}, {"until", "300s"}}, {{"name", "second"}}}},
      {"events", {{{"at", "100ms"}, {"move_sessions", {{"share", 0.5}}}}}}};
  process_.emplace(program("crest-sim"),
                   std::vector<std::string>{"run", file_of(scratch_, scenario), "--out",
                                            (scratch_.path() / "out").string(), "--quiet", "--metrics", "0"});
  std::smatch m;
  std::string said;
  REQUIRE(eventually([&] {
    said = process_->errors();
    return std::regex_search(said, m, std::regex("metrics at http://127\\.0\\.0\\.1:(\\d+)/metrics"));
  }));
  port_ = static_cast<std::uint16_t>(std::stoul(m[1]));
}

int running_run::end() {
  process_->signal(SIGTERM);
  return process_->wait();
}

outcome run_command(std::string const& command) {
  outcome out;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  while (std::size_t const size = std::fread(part.data(), 1, part.size(), pipe)) out.said.append(part.data(), size);
  int const status = ::pclose(pipe);
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return out;
}

}
