// What the programs serve at /metrics, against docs/metrics.md and Prometheus' own tools.
#include "tests/monitoring/exposed.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

using Catch::Contains;
using namespace tests::monitoring;
using nlohmann::json;
using tests::live::child;
using tests::live::scratch_directory;

namespace {

std::string source(std::string const& file) {
  std::ifstream in(std::filesystem::path(CREST_SOURCE_DIR) / file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> cells_of(std::string const& row) {
  std::vector<std::string> cells;
  std::istringstream in(row.substr(1));
  for (std::string cell; std::getline(in, cell, '|');) {
    cell.erase(0, cell.find_first_not_of(' '));
    cell.erase(cell.find_last_not_of(' ') + 1);
    cells.push_back(cell);
  }
  return cells;
}

/// Name, type and labels of each family that the table gives to a program: "requests_total counter node, kind".
std::set<std::string> documented(std::size_t column) {
  std::set<std::string> rows;
  std::istringstream in(source("docs/metrics.md"));
  bool in_table = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("| name | type |")) {
      in_table = true;
      std::getline(in, line);
      continue;
    }
    if (!in_table || !line.starts_with("| `")) continue;
    std::vector<std::string> const cells = cells_of(line);
    REQUIRE(cells.size() >= 6);
    std::string const& of = cells[column];
    if (of.empty()) continue;
    bool const bare = of == "yes" || of.starts_with('`');
    std::string const row =
        cells[0].substr(1, cells[0].size() - 2) + " " + cells[1] + (bare ? std::string() : " " + of);
    CHECK(rows.insert(row).second);
  }
  REQUIRE(rows.size() > 5);
  return rows;
}

std::set<std::string> served(std::map<std::string, family> const& families, std::vector<std::string> const& order) {
  std::set<std::string> rows;
  for (auto const& [name, f] : families) {
    INFO(name);
    CHECK_FALSE(f.help.empty());
    std::string row = name + " " + f.type, labels;
    for (std::string const& label : order)
      if (f.labels.count(label) != 0) labels += (labels.empty() ? " " : ", ") + label;
    rows.insert(row + labels);
  }
  return rows;
}

std::vector<std::string> const order = {"scenario", "seed", "version", "phase", "upstream", "node", "kind", "cause"};

/// promtool says nothing against it.
void lint(std::string const& text) {
  scratch_directory at;
  std::ofstream(at.path() / "metrics") << text;
  outcome const lint = run_command("promtool check metrics <'" + (at.path() / "metrics").string() + "'");
  INFO(lint.said);
  CHECK(lint.exit_code == 0);
  CHECK(lint.said.empty());
}

std::string const open_text = "application/openmetrics-text; version=1.0.0, text/plain;q=0.5";

}

TEST_CASE("docs/metrics.md has each metric of a gateway, with type and labels, and no other") {
  busy_gateway const gateway;
  answer const got = get_metrics(gateway.admin_port());
  CHECK(got.type == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(served(families_of(got.body, "crest_gateway_"), order) == documented(2));
  lint(got.body);
}

TEST_CASE("docs/metrics.md has each metric of fakeproxy, with type and labels, and no other") {
  busy_cluster const cluster;
  answer const got = get_metrics(cluster.admin_port());
  CHECK(got.status == 200);
  CHECK(served(families_of(got.body, "crest_fakeproxy_"), order) == documented(3));
  CHECK_THAT(got.body, Contains("crest_fakeproxy_requests_total{node=\"proxy[0]\",kind=\"proxy\"} 1\n") &&
                           Contains("crest_fakeproxy_request_duration_seconds_count{node=\"proxy[0]\",kind=\"proxy\"} "
                                    "1\n") &&
                           Contains("crest_fakeproxy_registry_finds_total{node=\"sol[0]\",kind=\"sol\"} "));
  CHECK_THAT(get_metrics(cluster.admin_port(), open_text).body, Contains("# {lab_request=\"9\"} "));
  lint(got.body);
}

TEST_CASE("docs/metrics.md has each metric of a running run, with type and labels, and no other") {
  running_run run;
  REQUIRE(eventually([&] {
    std::string const text = get_metrics(run.port()).body;
    return text.find("crest_sim_events_total{node=\"\",kind=\"move_sessions\"} 1") != std::string::npos &&
           text.find("crest_sim_requests_total{node=\"gateway[1]\",kind=\"gateway\"}") != std::string::npos;
  }));
  answer const got = get_metrics(run.port());
  CHECK(served(families_of(got.body, "crest_sim_"), order) == documented(4));
  CHECK_THAT(got.body, Contains("crest_sim_load_phase{phase=\"first\"} 1\n") &&
                           Contains("crest_sim_load_phase{phase=\"second\"} 0\n") &&
                           Contains("crest_sim_run_info{scenario=\"watched\",seed=\"3\",version="));
  answer const open = get_metrics(run.port(), open_text);
  CHECK(std::regex_search(open.body, std::regex("_bucket\\{node=\"gateway\\[\\d\\]\",kind=\"gateway\",le=\"[^\"]+\"\\} "
                                                "\\d+ # \\{lab_request=\"\\d+\"\\} ")));
  lint(got.body);
  CHECK(run.end() == 130);
}

TEST_CASE("a gateway's exemplars name the request of the access log and of the lab, in OpenMetrics only") {
  busy_gateway const gateway;
  answer open;
  REQUIRE(eventually([&] { // counted after the answer
    open = get_metrics(gateway.admin_port(), open_text);
    return open.body.find("duration_seconds_count 5\n") != std::string::npos;
  }));
  CHECK(open.type == "application/openmetrics-text; version=1.0.0; charset=utf-8");
  CHECK_THAT(open.body, Contains(" # {request_id=\"from-the-test\",lab_request=\"7\"} "));
  CHECK_THAT(open.body,
             Contains("# TYPE crest_gateway_requests counter\n") && Contains("\ncrest_gateway_requests_total 5\n"));
  CHECK(open.body.ends_with("\n# EOF\n"));
  CHECK_THAT(get_metrics(gateway.admin_port(), "text/plain").body, !Contains("from-the-test"));
}

TEST_CASE("a real Prometheus scrapes a gateway, takes its exemplars, and loads the rules") {
  busy_gateway const gateway;
  scratch_directory at;
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor place(context, {boost::asio::ip::address_v4::loopback(), 0});
  std::string const port = std::to_string(place.local_endpoint().port());
  place.close();
  std::ofstream(at.path() / "prometheus.yml")
      << "global: {scrape_interval: 100ms, evaluation_interval: 100ms}\nrule_files: ['" << CREST_SOURCE_DIR
      << "/gateway/monitoring/gateway.rules.yml']\nscrape_configs:\n  - job_name: crest-gateway\n    static_configs: "
      << "[{targets: ['127.0.0.1:" << gateway.admin_port() << "']}]\n";
  child prometheus("/usr/bin/prometheus",
                   {"--config.file=" + (at.path() / "prometheus.yml").string(),
                    "--storage.tsdb.path=" + (at.path() / "data").string(), "--web.listen-address=127.0.0.1:" + port,
                    "--enable-feature=exemplar-storage"});
  auto const ask = [&](std::string const& target) {
    outcome const got = run_command("curl -s --noproxy '*' 'http://127.0.0.1:" + port + target + "'");
    json const answer = json::parse(got.said, nullptr, false);
    return answer.is_object() && answer.value("status", "") == "success" ? answer.at("data") : json();
  };
  json exemplars;
  bool const found = eventually([&] {
    exemplars =
        ask("/api/v1/query_exemplars?query=crest_gateway_request_duration_seconds_bucket&start=0&end=9999999999");
    return exemplars.is_array() && !exemplars.empty();
  });
  INFO(prometheus.errors());
  REQUIRE(found);
  CHECK(exemplars.at(0).at("exemplars").at(0).at("labels").at("lab_request") == "7");
  json const requests = ask("/api/v1/query?query=crest_gateway_requests_total");
  REQUIRE(requests.at("result").size() == 1);
  CHECK(requests.at("result").at(0).at("value").at(1) == "5");
  CHECK(ask("/api/v1/rules").at("groups").at(0).at("rules").size() > 10);
  prometheus.signal(SIGTERM);
  CHECK(prometheus.wait() == 0);
}

TEST_CASE("wrong words of --metrics are bad input, and a port in use is told") {
  std::string const sim = (std::filesystem::path(CREST_BIN_DIR) / "crest-sim").string();
  scratch_directory at;
  std::string const run = "cd '" + at.path().string() + "' && '" + sim + "' run quickstart --metrics ";
  for (char const* wrong : {"x", "70000", "127.0.0.1", "name:80", "1.2.3.4:"}) {
    INFO(wrong);
    outcome const got = run_command(run + wrong);
    CHECK(got.exit_code == 2);
    CHECK_THAT(got.said, Contains("allowed: PORT or ADDRESS:PORT"));
  }
  CHECK_THAT(run_command(run + "0 --engine virtual").said, Contains("allowed: with --engine live"));
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor taken(context, {boost::asio::ip::address_v4::loopback(), 0});
  outcome const got = run_command(run + std::to_string(taken.local_endpoint().port()));
  CHECK(got.exit_code == 1);
  CHECK_THAT(got.said, Contains("Address already in use"));
}
