// Pictures of what is odd: one value on an axis, zeros, no samples, equal values, numbers that are none, names that
// hold anything.
#include "base/config/document.hpp"
#include "base/os/write_file.hpp"
#include "reports/plots/plots.hpp"
#include "reports/reports.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <boost/property_tree/xml_parser.hpp>
#include <catch2/catch.hpp>

#include <iostream>
#include <limits>
#include <sstream>

using namespace reports::plots;
using namespace reports_test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

/// What is said on stderr while it lives.
class overheard {
public:
  overheard()
    : before_(std::cerr.rdbuf(said_.rdbuf())) {}
  ~overheard() { std::cerr.rdbuf(before_); }
  std::string text() const { return said_.str(); }

private:
  std::ostringstream said_;
  std::streambuf* before_;
};

std::size_t count(std::string const& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

/// Draws it as SVG, which is well-formed, and as PNG; neither with a warning of gnuplot's. Returns the SVG.
std::string drawn(order const& o, fs::path const& folder, std::string const& name = "picture") {
  overheard const said;
  draw(o, folder / (name + ".svg"));
  draw(o, folder / (name + ".png"));
  CHECK(said.text().empty());
  std::string const svg = read(folder / (name + ".svg"));
  std::istringstream in(svg);
  boost::property_tree::ptree tree;
  CHECK_NOTHROW(boost::property_tree::read_xml(in, tree));
  CHECK(tree.count("svg") == 1);
  return svg;
}

std::string const nasty = "a \"quoted\" it's {b}_c ^d @e & <f> %g %% `h` $i \\j # ü… ] | , ;";

sim::records::result run_named(std::string const& name) {
  auto r = passed_run();
  r.scenario = name;
  return r;
}

order of(scratch const& dir, std::string kind, std::vector<std::string> const& results) {
  order o;
  o.kind = std::move(kind);
  for (std::string const& r : results) o.results.push_back(dir.path / r);
  return o;
}

}

TEST_CASE("sweeps with few or odd values show every point") {
  struct row {
    char const* name;
    char const* kind;
    std::string rows;   // of point,replication,a,b,seed,verdict,redirect_ratio,utilisation,latency_ms_p99
    std::size_t points; // marks in the SVG: points of lines, or cells with their text
    std::string says;   // in the SVG
  };
  row const table[] = {
      {"one cell", "heatmap", "0,0,1,1,1,passed,0.5,1,1\n", 1, "0.5"},
      {"one row", "heatmap", "0,0,1,1,1,passed,0.5,1,1\n1,0,2,1,1,passed,0.25,1,1\n", 2, "0.25"},
      {"one column", "heatmap", "0,0,1,1,1,passed,0.5,1,1\n1,0,1,2,1,passed,0.25,1,1\n", 2, "0.25"},
      {"all zero", "heatmap", "0,0,1,1,1,passed,0,1,1\n1,0,2,2,1,passed,0,1,1\n", 2, ">none<"},
      {"all equal, below zero", "heatmap", "0,0,1,1,1,passed,-3,1,1\n1,0,1,2,1,passed,-3,1,1\n", 2, "-3"},
      {"very large and very small", "heatmap", "0,0,1,1,1,passed,1e-300,1,1\n1,0,1,2,1,passed,1e300,1,1\n", 2,
       "1e+300"},
      {"a cell without a value", "heatmap", "0,0,1,1,1,passed,,1,1\n1,0,1,2,1,passed,2,1,1\n", 2, ">none<"},
      {"an invalid run", "heatmap", "0,0,1,1,1,invalid,9,1,1\n1,0,1,2,1,passed,2,1,1\n", 1, "1 row of an invalid run"},
      {"text on an axis", "heatmap", "0,0,\"a, \"\"b\"\"\",<&>,1,passed,0.5,1,1\n1,0,it's,%d,1,passed,2,1,1\n", 2,
       "it's"},
      {"one point of a line", "ratio_by_requests", "0,0,1,1,1,passed,0.5,1,1\n", 1, "0.5"},
      {"a line of zeros", "ratio_by_requests", "0,0,1,1,1,passed,0,1,1\n1,0,2,1,1,passed,0,1,1\n", 2, ""},
      {"zero on an axis of decades", "ratio_by_requests",
       "0,0,0,1,1,passed,0.1,1,1\n1,0,10,1,1,passed,0.2,1,1\n2,0,1000,1,1,passed,0.3,1,1\n", 3, ""},
      {"below zero on both", "ratio_by_requests", "0,0,-5,1,1,passed,-0.5,1,1\n1,0,50,1,1,passed,0.5,1,1\n", 2, ""},
      {"equal values", "ratio_by_requests", "0,0,1,1,1,passed,0.5,1,1\n1,0,2,1,1,passed,0.5,1,1\n", 2, ""},
      {"a point without a value", "ratio_by_requests", "0,0,1,1,1,passed,,1,1\n1,0,2,1,1,passed,0.5,1,1\n", 1,
       "no value in 1 of 2 rows"},
      {"one load", "knee", "0,0,1,1,1,passed,0,0.5,7\n", 2, ""},
      {"one load of 0 that takes no time", "knee", "0,0,0,1,1,passed,0,0,0\n", 2, ""},
      {"zero before decades of times", "knee",
       "0,0,1,1,1,passed,0,0,0\n1,0,2,1,1,passed,0,0.5,1\n2,0,3,1,1,passed,0,0.9,1000\n", 6, ""},
      {"times that are missing", "knee", "0,0,1,1,1,passed,0,0.5,\n1,0,2,1,1,passed,0,0.9,3\n", 3,
       "no value in 1 of 2 rows"},
      {"equal times", "knee", "0,0,1,1,1,passed,0,0.5,3\n1,0,2,1,1,passed,0,0.5,3\n", 4, ""},
  };
  for (row const& r : table) {
    INFO(r.name);
    scratch const dir;
    os::write_file(dir.path / "sweep.csv",
                   "point,replication,a,b,seed,verdict,redirect_ratio,utilisation,latency_ms_p99\n" + r.rows);
    order o = of(dir, r.kind, {"sweep.csv"});
    o.x = "a";
    if (o.kind == "heatmap") o.y = "b";
    if (o.kind == "ratio_by_requests") o.line = "b";
    std::string const svg = drawn(o, dir.path / "out");
    if (o.kind == "heatmap") {
      CHECK(count(svg, "<polygon") + count(svg, ">none<") >= r.points);
    } else {
      CHECK(count(svg, "xlink:href='#gpPt") >= r.points);
    }
    if (std::string(r.name) != "all zero") CHECK_THAT(svg, Contains(r.says));
  }
}

TEST_CASE("summaries with few or odd figures are drawn, or refused in a line") {
  using sim::records::ratio_metric;
  using sim::records::trend_metric;
  double const none = std::numeric_limits<double>::quiet_NaN();
  struct row {
    char const* name;
    char const* kind;
    std::function<void(sim::records::result&)> change; // of the second of two
    std::string says;
  };
  auto const trend_of = [](sim::records::result& r) -> trend_metric& {
    return std::get<trend_metric>(r.metrics.at("latency_ms"));
  };
  row const table[] = {
      {"one has no samples", "bars", [](auto& r) { r.metrics.clear(); }, ">none<"},
      {"one has no durations", "bars", [&](auto& r) { trend_of(r).count = 0; }, ">none<"},
      {"all zero", "bars",
       [&](auto& r) {
         trend_of(r).p99 = 0, trend_of(r).p99_within = {};
         for (auto& [name, m] : r.metrics)
           if (auto* ratio = std::get_if<ratio_metric>(&m)) ratio->value = 0;
       },
       "Redirect ratio, latency p99"},
      {"a figure that is none", "bars",
       [&](auto& r) { std::get<ratio_metric>(r.metrics.at("redirect_ratio")).value = none; }, ">none<"},
      {"very large", "bars", [&](auto& r) { trend_of(r).p99 = 1e200, trend_of(r).p99_within = {}; }, "1e+200"},
      {"a long name", "bars", [](auto& r) { r.scenario = std::string(200, 'w'); }, "www…"},
      {"one percentile", "percentiles",
       [&](auto& r) {
         trend_of(r).percentiles = {{0, 5}};
       },
       "90 %"},
      {"only zeros", "percentiles",
       [&](auto& r) {
         trend_of(r).percentiles = {{0, 0}, {90, 0}};
       },
       "quickstart"},
      {"zero before decades", "percentiles",
       [&](auto& r) {
         trend_of(r).percentiles = {{0, 0}, {90, 1}, {99, 10000}};
       },
       "90 %"},
      {"all of the requests", "percentiles",
       [&](auto& r) {
         trend_of(r).percentiles = {{0, 1}, {90, 2}, {100, 3}};
       },
       "100 %"},
      {"equal durations", "percentiles",
       [&](auto& r) {
         trend_of(r).percentiles = {{0, 3}, {90, 3}, {99, 3}};
       },
       "90 %"},
      {"a long name in the key", "percentiles", [](auto& r) { r.scenario = std::string(200, 'w'); }, "www…"},
  };
  for (row const& r : table) {
    INFO(r.name);
    scratch const dir;
    auto changed = passed_run();
    r.change(changed);
    reports::write_all(passed_run(), dir.path / "first");
    reports::write_all(changed, dir.path / "second");
    CHECK_THAT(drawn(of(dir, r.kind, {"first", "second"}), dir.path / "out"), Contains(r.says));
    if (std::string(r.kind) == "percentiles") drawn(of(dir, r.kind, {"second"}), dir.path / "alone");
  }
}

TEST_CASE("without any samples a picture is refused in a line") {
  scratch const dir;
  sim::records::result empty;
  empty.scenario = "empty";
  reports::write_all(empty, dir.path / "empty");
  for (char const* kind : {"bars", "percentiles", "recovery"}) {
    INFO(kind);
    CHECK_THROWS_AS(draw(of(dir, kind, {"empty"}), dir.path / "out" / "p.svg"), config::bad_input);
    CHECK_THROWS_WITH(draw(of(dir, kind, {"empty"}), dir.path / "out" / "p.svg"), Contains("found no"));
    CHECK_FALSE(fs::exists(dir.path / "out"));
  }
}

TEST_CASE("a run's redirects over time are drawn, however short or empty it is") {
  struct row {
    char const* name;
    std::function<void(sim::records::result&)> change;
  };
  row const table[] = {
      {"one slice", [](auto& r) { r.timeseries.resize(1); }},
      {"one slice of each of many balancers",
       [](auto& r) {
         r.timeseries.clear();
         for (int i = 0; i < 9; ++i)
           r.timeseries.push_back({0, 1, i == 0 ? "" : "gateway[" + std::to_string(i) + "]", 10, 5, 0, 1, 1});
       }},
      {"a millionth of a second",
       [](auto& r) {
         r.timeseries = {{0, 1e-6, "", 10, 5, 0, 1, 1}};
         r.duration_s = 1e-6;
         r.phase_spans.clear();
       }},
      {"no redirect",
       [](auto& r) {
         for (auto& s : r.timeseries) s.redirects = 0;
       }},
      {"slices without requests",
       [](auto& r) {
         for (auto& s : r.timeseries) s.requests = 0;
       }},
      {"a year",
       [](auto& r) {
         r.timeseries = {{0, 3.2e7, "", 10, 5, 0, 1, 1}};
         r.duration_s = 3.2e7;
       }},
      {"names that hold anything",
       [](auto& r) {
         r.scenario = nasty;
         for (auto& s : r.phase_spans) s.name = nasty;
         for (auto& e : r.events) e.name = nasty;
       }},
  };
  for (row const& r : table) {
    INFO(r.name);
    scratch const dir;
    auto changed = eventful_run();
    r.change(changed);
    overheard const said;
    CHECK(reports::write_all(changed, dir.path / "run").not_drawn.empty());
    CHECK(said.text().empty());
    CHECK_THAT(read(dir.path / "run" / "redirect-ratio.svg"), Contains("</svg>"));
    drawn(of(dir, "recovery", {"run"}), dir.path / "out");
  }
}

TEST_CASE("a tornado of one input, of inputs that change nothing, and of ends without a result is drawn") {
  struct row {
    char const* name;
    std::string rows; // of input,low,high,metric,metric_low,metric_high,metric_base
  };
  row const table[] = {
      {"one input", "a,1,2,redirect_ratio <1,0.1,0.3,0.2\n"},
      {"nothing changes", "a,1,2,redirect_ratio <1,0.2,0.2,0.2\nb,1,2,redirect_ratio <1,0.2,0.2,0.2\n"},
      {"all zero", "a,1,2,redirect_ratio <1,0,0,0\n"},
      {"no result at either end", "a,1,2,redirect_ratio <1,,,0.2\n"},
      {"below zero", "a,1,2,redirect_ratio <1,-3,-1,-2\n"},
      {"names that hold anything",
       "\"a \"\"b\"\" it's & <c> %d {e}_f ^g \\h $i @j, ü\",1,2,redirect_ratio <1,0.1,0.3,0.2\n"},
      {"a long name", std::string(200, 'n') + ",1,2,redirect_ratio <1,0.1,0.3,0.2\n"},
  };
  for (row const& r : table) {
    INFO(r.name);
    scratch const dir;
    os::write_file(dir.path / "tornado.csv", "input,low,high,metric,metric_low,metric_high,metric_base\n" + r.rows);
    order o = of(dir, "tornado", {"tornado.csv"});
    o.metric = "redirect_ratio";
    drawn(o, dir.path / "out");
  }
}

TEST_CASE("names of scenarios, titles, files and folders may hold anything") {
  for (std::string const& name :
       {nasty, std::string("END_OF_DATA"), std::string("'"), std::string("\\"), std::string("%s%s%n"),
        std::string("`id`"), std::string("$(id)"), std::string("two  blanks"), std::string("-rf"),
        std::string("\xff\xfe not UTF-8"), std::string("line\nfeed\ttab"), std::string("{/Symbol a}^2_i")}) {
    INFO(name);
    scratch const dir;
    reports::write_all(run_named(name), dir.path / "first");
    reports::write_all(run_named("other"), dir.path / "second");
    for (char const* kind : {"bars", "percentiles"}) {
      order o = of(dir, kind, {"first", "second"});
      o.title = name;
      drawn(o, dir.path / "out");
    }
    std::string file = name;
    std::replace(file.begin(), file.end(), '/', '_');
    std::string const svg = drawn(of(dir, "bars", {"first"}), dir.path / file, file);
    if (file == name && name.find_first_of("\n\t\xff") == std::string::npos) {
      fs::remove(dir.path / file / (file + ".png"));
      std::string const script = read(dir.path / file / (file + ".gnuplot"));
      static_cast<void>(reports::run_gnuplot(script, dir.path / file, file + ".png"));
      CHECK(fs::exists(dir.path / file / (file + ".png")));
    }
  }
}
