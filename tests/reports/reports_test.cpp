#include "base/config/schema.hpp"
#include "base/config/words.hpp"
#include "reports/plot.hpp"
#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/scenario/balancer_kind.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <boost/property_tree/xml_parser.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <sstream>

using namespace reports_test;

namespace {

void check_golden(std::string const& name, std::string const& text) {
  reports_test::check_golden("tests/reports/goldens", name, text);
}

}

TEST_CASE("each format of a run that passed is as it was agreed") {
  auto const r = passed_run();
  check_golden("passed.txt", reports::summary_text(r));
  check_golden("passed.json", reports::summary_json(r));
  check_golden("passed.junit.xml", reports::junit_xml(r));
  check_golden("passed.csv", reports::timeseries_csv(r));
}

TEST_CASE("each format of a run with failures, events and odd names is as it was agreed") {
  auto const r = eventful_run();
  check_golden("eventful.txt", reports::summary_text(r));
  check_golden("eventful.json", reports::summary_json(r));
  check_golden("eventful.junit.xml", reports::junit_xml(r));
  check_golden("eventful.csv", reports::timeseries_csv(r));
}

TEST_CASE("the plot's script is as it was agreed") {
  scratch const dir;
  std::filesystem::create_directories(dir.path);
  auto const script = [&](sim::records::result const& r) {
    std::string text = reports::plot_script(r, dir.path / "p.svg");
    std::string const where = dir.path.string();
    for (std::size_t at = 0; (at = text.find(where)) != std::string::npos;) text.replace(at, where.size(), "DIR");
    return text;
  };
  check_golden("passed.gnuplot", script(passed_run()));
  check_golden("eventful.gnuplot", script(eventful_run()));
  CHECK_FALSE(std::filesystem::exists(dir.path / "p.svg.gnuplot"));
}

TEST_CASE("the schema of summary.json knows each kind of balancer") {
  auto const schema = nlohmann::json::parse(reports::summary_schema);
  auto const& kinds = schema.at(nlohmann::json::json_pointer("/$defs/kind/enum"));
  auto const words = config::words_of<sim::scenario::balancer_kind>();
  CHECK(kinds == nlohmann::json(std::vector<std::string>(words.begin(), words.end())));
}

TEST_CASE("summary.json keeps its schema and the keys that tools read") {
  auto const schema = nlohmann::json::parse(reports::summary_schema);
  for (auto const& r : {passed_run(), eventful_run(), sim::records::result{}}) {
    auto const summary = nlohmann::json::parse(reports::summary_json(r));
    auto const violation = config::validate(summary, schema);
    INFO((violation ? violation->at.to_string() + ": " + violation->message() : ""));
    CHECK_FALSE(violation);
  }
  auto const s = nlohmann::json::parse(reports::summary_json(passed_run()));
  CHECK(s["verdict"] == "passed");
  CHECK(s["exit_code"] == 0);
  CHECK(s["seed"] == 42);
  CHECK(s["engine"] == "live");
  CHECK(s["metrics"]["redirect_ratio"]["numerator"] == 5568);
  CHECK(s["metrics"]["redirect_ratio"]["theory"] == 0.13875);
  CHECK(s["metrics"]["latency_ms"]["p99"] == 4.75);
  CHECK(s["phases"]["run"]["metrics"]["redirect_ratio"]["denominator"] == 40000);
  CHECK(s["balancers"]["gateway[1]"]["metrics"]["redirect_ratio"]["numerator"] == 2768);
  CHECK(s["invariants"][0]["name"] == "one_session");
  CHECK(s["thresholds"][0]["expression"] == "<0.16 @95%");
}

TEST_CASE("groups and kinds of balancers have rows wherever balancers have, and none where there are none") {
  std::string const text = reports::summary_text(eventful_run());
  for (char const* row : {"  group edge (gateway) ", "  group nginx ", "  kind gateway ",
                          "  latency_ms group core (gateway) ", "  latency_ms kind nginx "})
    CHECK_THAT(text, Catch::Contains(row));
  auto const count = [&](std::string const& of) {
    std::size_t n = 0;
    for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++n;
    return n;
  };
  CHECK(count("  group core (gateway)") == 2); // redirect ratio, failed requests
  auto const s = nlohmann::json::parse(reports::summary_json(eventful_run()));
  CHECK(s["groups"]["core"]["metrics"]["requests"] == s["balancers"]["gateway[1]"]["metrics"]["requests"]);
  CHECK(s["kinds"]["nginx"]["kind"] == "nginx");
  CHECK(s["balancers"]["gateway[1]"]["group"] == "core");
  auto const plain = nlohmann::json::parse(reports::summary_json(passed_run()));
  CHECK(plain["groups"].empty());
  CHECK(plain["kinds"].empty());
}

TEST_CASE("a summary does not say where on this machine the scenario lies") {
  CHECK(reports::summary_json(passed_run()).find("somewhere") == std::string::npos);
  CHECK(reports::summary_text(passed_run()).find("somewhere") == std::string::npos);
}

TEST_CASE("all files are written, and none partially") {
  scratch const dir;
  auto const out = reports::write_all(eventful_run(), dir.path / "new" / "directory");
  CHECK(out.lost.empty());
  CHECK(out.not_drawn.empty()); // gnuplot is one of the packages that set-up installs
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(dir.path / "new" / "directory")) {
    names.push_back(entry.path().filename().string());
    CHECK(entry.file_size() > 100);
  }
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"junit.xml", "redirect-ratio.svg", "report.html", "summary.json",
                                          "summary.txt", "timeseries.csv"});
  std::string const svg = read(dir.path / "new" / "directory" / "redirect-ratio.svg");
  CHECK_THAT(svg, Catch::Contains("<svg") && Catch::Contains("</svg>") && Catch::Contains("kill proxy[1]"));
}

TEST_CASE("where one file cannot be written, the others are, and say so") {
  for (std::string const name : {"timeseries.csv", "junit.xml", "summary.txt", "summary.json"}) {
    INFO(name);
    scratch const dir;
    std::filesystem::create_directories(dir.path / name / "in the way");
    auto const out = reports::write_all(passed_run(), dir.path);
    REQUIRE(out.lost.size() == 1);
    CHECK_THAT(out.lost[0], Catch::Contains("cannot write") && Catch::Contains(name));
    CHECK(out.result.exit_code == 1);
    CHECK(out.result.verdict == sim::records::verdict::error);
    CHECK(out.result.reasons.back() == out.lost[0]);
    for (std::string const other : {"timeseries.csv", "junit.xml", "summary.txt", "summary.json"})
      CHECK(std::filesystem::is_regular_file(dir.path / other) == (other != name));
    for (std::string const other : {"junit.xml", "summary.txt", "summary.json"})
      if (other != name) CHECK_THAT(read(dir.path / other), Catch::Contains(name));
    if (name != "junit.xml")
      CHECK_THAT(read(dir.path / "junit.xml"), Catch::Contains("message=\"the report is not complete\""));
    if (name != "summary.json") CHECK_THAT(read(dir.path / "summary.json"), Catch::Contains("\"exit_code\": 1"));
    if (name != "summary.txt") CHECK_THAT(read(dir.path / "summary.txt"), Catch::Contains("ERROR, exit code 1"));
  }
}

TEST_CASE("a run that failed stays one whose threshold failed when a file cannot be written") {
  scratch const dir;
  std::filesystem::create_directories(dir.path / "timeseries.csv" / "in the way");
  auto const failed = eventful_run();
  REQUIRE(failed.verdict != sim::records::verdict::passed);
  auto const out = reports::write_all(failed, dir.path);
  CHECK(out.result.verdict == failed.verdict);
  CHECK(out.result.exit_code == failed.exit_code);
  CHECK_THAT(read(dir.path / "summary.json"), Catch::Contains("timeseries.csv"));
}

TEST_CASE("a report that cannot be written at all is no exception") {
  auto const out = reports::write_all(passed_run(), "/proc/no/such");
  CHECK(out.lost.size() >= 4);
  CHECK(out.result.exit_code == 1);
}

TEST_CASE("what could not run has a summary, a JUnit error and a text, and no figures") {
  scratch const dir;
  auto const schema = nlohmann::json::parse(reports::summary_schema);
  auto r = reports::result_of_failure("some", "nginx is not installed", 2);
  r.provenance = provenance_of_samples();
  CHECK(reports::write_all(r, dir.path).lost.empty());
  std::vector<std::string> names;
  for (auto const& entry : std::filesystem::directory_iterator(dir.path))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  CHECK(names == std::vector<std::string>{"junit.xml", "report.html", "summary.json", "summary.txt"});
  auto const summary = nlohmann::json::parse(read(dir.path / "summary.json"));
  CHECK_FALSE(config::validate(summary, schema));
  CHECK(summary["verdict"] == "error");
  CHECK(summary["exit_code"] == 2);
  CHECK(summary["reasons"][0] == "nginx is not installed");
  CHECK_THAT(read(dir.path / "junit.xml"),
             Catch::Contains("errors=\"1\"") &&
                 Catch::Contains("<error message=\"could not run\" type=\"could not run\">nginx is not"));
  check_golden("failure.txt", read(dir.path / "summary.txt"));
}

TEST_CASE("runs without requests and with many balancers can be drawn") {
  scratch const dir;
  std::filesystem::create_directories(dir.path);
  sim::records::result r;
  r.scenario = "nothing";
  CHECK(reports::draw(r, dir.path / "empty.svg").empty());
  for (int i = 0; i < 16; ++i) {
    for (int t = 0; t < 5; ++t) {
      r.timeseries.push_back(
          {t * 1.0, t + 1.0, "gateway[" + std::to_string(i) + "]", 10, static_cast<std::uint64_t>(t), 0, 1, 2});
    }
  }
  r.timeseries.push_back({0, 5, "", 10, 1, 0, 1, 2});
  CHECK(reports::draw(r, dir.path / "many.svg").empty());
}

TEST_CASE("reports are well-formed whatever names and texts hold") {
  for (std::string const& name :
       {std::string("a & b < c > d \"e\" 'f'"), std::string("]]>"), std::string("<!-- -->"), std::string("a\tb\nc\rd"),
        std::string("\x1b[31mred\x07\x7f"),
        std::string("\xc2\x9b"
                    "31m"),
        std::string("\xff\xfe\xc3"), std::string("\xed\xa0\x80 \xc0\xaf \xf5\x80\x80\x80"), std::string("\xef\xbf\xbf"),
        std::string("NUL \0 in it", 11), std::string("ü 猫 🚀"), std::string("{}[],:\\/%s$x@y`z`|_*~#")}) {
    INFO(name);
    auto r = eventful_run();
    r.scenario = r.description = r.file = r.engine = name;
    r.reasons = r.notes = {name};
    for (auto& i : r.invariants) i.note = name, i.examples = {name};
    for (auto& e : r.events) e.name = e.node = e.detail = name;
    for (auto& p : r.phases) p.name = name;
    auto p = provenance_of_samples();
    p.command = p.overrides = {name}, p.host = p.version = p.commit = p.started = p.scenario = name;
    r.provenance = p;
    auto const parsed = [](std::string const& xml) {
      std::istringstream in(xml);
      boost::property_tree::ptree tree;
      boost::property_tree::read_xml(in, tree);
      return tree;
    };
    for (std::string const& xml :
         {reports::junit_xml(r), reports::junit_xml(reports::result_of_failure(name, name, 1))}) {
      CHECK(reports::valid_utf8(xml) == xml);
      CHECK_NOTHROW(parsed(xml));
      CHECK(std::none_of(xml.begin(), xml.end(),
                         [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; }));
    }
    std::string const json = reports::summary_json(r);
    CHECK(nlohmann::json::accept(json));
    for (std::string const& text :
         {reports::summary_text(r), reports::summary_text(reports::result_of_failure(name, name, 1))}) {
      CHECK(reports::valid_utf8(text) == text);
      CHECK(text.find('\x1b') == std::string::npos);
      CHECK(text.find("\xc2\x9b") == std::string::npos);
    }
  }
}

TEST_CASE("differences are told in standard errors, and theory without variance demands equality") {
  sim::records::ratio_metric m;
  m.value = 0.5;
  CHECK(reports::difference(m).empty());
  m.theory = 0.4;
  m.standard_error = 0.05;
  CHECK(reports::difference(m) == "+2.00 se");
  m.standard_error = 0;
  CHECK(reports::difference(m) == "not exact");
  m.theory = 0.5;
  CHECK(reports::difference(m) == "exact");
}

TEST_CASE("a command is told so that a shell takes it") {
  CHECK(reports::command_text({"crest-sim", "run", "a.json", "--set", "name=\"x y\"", "", "it's"}) ==
        "crest-sim run a.json --set 'name=\"x y\"' '' 'it'\\''s'");
}
