// The gateway's alert rules and dashboard against promtool, and against what a gateway serves.
#include "tests/monitoring/exposed.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

using namespace tests::monitoring;
using nlohmann::json;

namespace {

std::filesystem::path const monitoring = std::filesystem::path(CREST_SOURCE_DIR) / "gateway/monitoring";

std::string text_of(std::filesystem::path const& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> all_in(std::string const& text, std::regex const& what) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), what), end; at != end; ++at) found.push_back((*at)[1]);
  return found;
}

/// Samples of a gateway by name, with their labels, to which Prometheus adds those of the target.
std::map<std::string, std::set<std::string>> samples_of_a_gateway() {
  busy_gateway const gateway;
  std::map<std::string, std::set<std::string>> samples;
  for (auto const& [name, f] : families_of(get_metrics(gateway.admin_port()).body, "")) {
    std::set<std::string> labels = f.labels;
    labels.insert({"job", "instance"});
    if (f.type != "histogram") {
      samples[name] = labels;
      continue;
    }
    samples[name + "_sum"] = samples[name + "_count"] = labels;
    labels.insert("le");
    samples[name + "_bucket"] = labels;
  }
  samples["up"] = {"job", "instance"}; // Prometheus' own
  return samples;
}

/// Every metric that an expression selects exists, and has the labels that it selects, groups or divides by.
void check_expression(std::string const& expr, std::map<std::string, std::set<std::string>> const& samples) {
  INFO(expr);
  static std::regex const selector(R"(\b(crest_gateway_\w+|up\b)(\{[^}]*\})?)");
  static std::regex const matcher(R"((\w+)\s*(?:=~|!~|!=|=)\s*")");
  static std::regex const grouping(R"(\b(?:by|without|on|ignoring)\s*\(([^)]*)\))");
  static std::regex const word(R"((\w+))");
  std::set<std::string> grouped, in_all;
  for (std::string const& list : all_in(expr, grouping))
    for (std::string const& label : all_in(list, word)) grouped.insert(label);
  std::size_t selected = 0;
  for (std::sregex_iterator at(expr.begin(), expr.end(), selector), end; at != end; ++at, ++selected) {
    std::string const name = (*at)[1], of = (*at)[2];
    INFO(name);
    auto const known = samples.find(name);
    REQUIRE(known != samples.end());
    std::set<std::string> used = grouped;
    for (std::string const& label : all_in(of, matcher)) used.insert(label);
    for (std::string const& label : used) {
      INFO(label);
      CHECK(known->second.count(label) == 1);
    }
  }
  CHECK(selected > 0);
}

struct place {
  int x, y, w, h;
  bool overlaps(place const& o) const { return x < o.x + o.w && o.x < x + w && y < o.y + o.h && o.y < y + h; }
};

}

TEST_CASE("the alert rules are right for promtool, and do in its tests what they say") {
  for (std::string const& command : {"check rules " + (monitoring / "gateway.rules.yml").string(),
                                     "test rules " + (monitoring / "gateway.rules.test.yml").string()}) {
    outcome const got = run_command("promtool " + command);
    INFO(command << "\n" << got.said);
    CHECK(got.exit_code == 0);
  }
}

TEST_CASE("every alert has a test in which it fires and one in which it does not, a severity and a line in the docs") {
  std::string const rules = text_of(monitoring / "gateway.rules.yml"),
                    tests = text_of(monitoring / "gateway.rules.test.yml"),
                    docs = text_of(std::filesystem::path(CREST_SOURCE_DIR) / "docs/metrics.md");
  std::vector<std::string> const alerts = all_in(rules, std::regex(R"(- alert: (\w+))"));
  REQUIRE(alerts.size() > 10);
  CHECK(all_in(rules, std::regex(R"(labels: \{severity: (critical|warning)\})")).size() == alerts.size());
  CHECK(all_in(rules, std::regex(R"((summary: "))")).size() == alerts.size());
  CHECK(all_in(rules, std::regex(R"((description: "))")).size() == alerts.size());
  for (std::string const& alert : alerts) {
    INFO(alert);
    std::string const asked = "expr: 'ALERTS\\{alertname=\"" + alert + "\"[^']*'\\s+eval_time: \\S+\\s+exp_samples:";
    CHECK_FALSE(all_in(tests, std::regex("(" + asked + " \\[\\])")).empty());
    CHECK_FALSE(all_in(tests, std::regex("(" + asked + "\\s+- )")).empty());
    CHECK(docs.find("| `" + alert + "` |") != std::string::npos);
  }
}

TEST_CASE("alert rules use metrics and labels that a gateway has") {
  auto const samples = samples_of_a_gateway();
  std::string rules = text_of(monitoring / "gateway.rules.yml");
  std::vector<std::string> const expressions =
      all_in(rules, std::regex(R"(\n +expr: (?:>-\n)?([\s\S]*?)\n +(?:for|labels):)"));
  CHECK(expressions.size() == all_in(rules, std::regex(R"(- alert: (\w+))")).size());
  for (std::string const& expr : expressions) check_expression(expr, samples);
}

TEST_CASE("the dashboard is one: panels with ids of their own that do not overlap, each with something to show") {
  json const d = json::parse(text_of(monitoring / "gateway.dashboard.json"));
  CHECK(d.at("schemaVersion").get<int>() >= 30);
  CHECK(d.at("title").get<std::string>().size() > 3);
  CHECK(d.at("uid").get<std::string>().size() <= 40);
  CHECK_FALSE(d.contains("id")); // Grafana gives it
  std::set<std::string> variables;
  for (json const& v : d.at("templating").at("list")) CHECK(variables.insert(v.at("name")).second);
  std::set<int> ids;
  std::set<std::string> titles;
  std::vector<place> places;
  for (json const& p : d.at("panels")) {
    INFO(p.at("title"));
    CHECK(ids.insert(p.at("id").get<int>()).second);
    CHECK(titles.insert(p.at("title")).second);
    json const& g = p.at("gridPos");
    place const at{g.at("x"), g.at("y"), g.at("w"), g.at("h")};
    CHECK((at.x >= 0 && at.y >= 0 && at.w > 0 && at.h > 0 && at.x + at.w <= 24));
    for (place const& other : places) CHECK_FALSE(at.overlaps(other));
    places.push_back(at);
    if (p.at("type") == "row") continue;
    CHECK(p.at("datasource").at("uid") == "${datasource}");
    CHECK_FALSE(p.at("description").get<std::string>().empty());
    CHECK_FALSE(p.at("fieldConfig").at("defaults").at("unit").get<std::string>().empty());
    std::set<std::string> references;
    CHECK_FALSE(p.at("targets").empty());
    for (json const& t : p.at("targets")) CHECK(references.insert(t.at("refId")).second);
  }
  CHECK(places.size() > 20);
  // Every variable that is used is defined; Grafana's own begin with two underscores.
  for (std::string const& used : all_in(d.dump(), std::regex(R"(\$\{?(\w+))"))) {
    INFO(used);
    CHECK((used.starts_with("__") || variables.count(used) == 1));
  }
}

TEST_CASE("the dashboard's expressions use metrics and labels that a gateway has, and promtool can read them") {
  auto const samples = samples_of_a_gateway();
  json const d = json::parse(text_of(monitoring / "gateway.dashboard.json"));
  tests::live::scratch_directory scratch;
  std::ofstream rules(scratch.path() / "rules.yml");
  rules << "groups:\n  - name: dashboard\n    rules:\n";
  int expressions = 0;
  static std::regex const interval(R"(\$__rate_interval)");
  for (json const& p : d.at("panels"))
    for (json const& t : p.value("targets", json::array())) {
      std::string const expr = t.at("expr");
      check_expression(expr, samples);
      static std::regex const shown(R"(\{\{(\w+)\}\})");
      for (std::string const& label : all_in(t.at("legendFormat"), shown)) {
        INFO(expr << " is labelled by " << label);
        CHECK(expr.find("by (" + label + ")") != std::string::npos);
      }
      rules << "      - {record: 'e" << ++expressions << "', expr: " << json(std::regex_replace(expr, interval, "5m"))
            << "}\n";
    }
  for (json const& v : d.at("templating").at("list"))
    if (v.at("type") == "query")
      for (std::string const& of : all_in(v.at("query").at("query"), std::regex(R"(label_values\((.*), \w+\))")))
        check_expression(of, samples);
  rules.close();
  outcome const got = run_command("promtool check rules '" + (scratch.path() / "rules.yml").string() + "'");
  INFO(got.said);
  CHECK(got.exit_code == 0);
}
