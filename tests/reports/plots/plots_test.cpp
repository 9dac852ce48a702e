#include "base/config/document.hpp"
#include "base/os/write_file.hpp"
#include "reports/plots/plots.hpp"
#include "reports/reports.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>
#include <regex>

using namespace reports_test;
using namespace reports::plots;
using Catch::Contains;

namespace {

namespace fs = std::filesystem;

/// Two axes, a metric with theory, two replications, an invalid run, a cell without a number.
char const* const sweep_csv =
    "point,replication,topology.balancers.count,load.requests_per_character,seed,verdict,history_hash,redirect_ratio,"
    "redirect_ratio_theory,utilisation,latency_ms_p99,reasons\n"
    "0,0,1,1,16,passed,,0,0,0.2,3,\n"
    "1,0,1,10,16,passed,,0,0,0.4,4.5,\n"
    "2,0,10,1,16,passed,,0,0,0.2,3,\n"
    "3,0,10,10,16,passed,,0.39,0.4,0.6,9,\n"
    "3,1,10,10,17,passed,,0.41,0.4,0.8,11,\n"
    "4,0,2,1,16,passed,,0,0,0.2,3,\n"
    "5,0,2,10,16,failed,,0.07,0.075,0.5,,\"a threshold, and more\"\n"
    "6,0,2,10,18,invalid,,9,9,9,9,too slow\n";

/// A limit at 800, two goals, a value of each outcome, one without samples.
char const* const limit_json = R"({"schema_version": 1, "scenario": "tier", "engine": "virtual", "seed": 5,
  "confidence": 0.95, "input": "load.rate_rps", "which": "largest", "within": "2%", "answer": 800,
  "first_miss": {"goal": "latency_ms{phase:steady} p(99)<60", "circumstance": "as it stands"},
  "values": [
    {"value": 100, "outcome": "holds", "goals": [
      {"goal": "latency_ms{phase:steady} p(99)<60", "circumstance": "as it stands", "bound": 60, "mean": 41, "low": 40, "high": 42, "headroom": 0.3},
      {"goal": "redirect_ratio <0.06", "circumstance": "as it stands", "bound": 0.06, "mean": 0.05, "low": 0.04, "high": 0.059, "headroom": 0.1}]},
    {"value": 800, "outcome": "holds", "goals": [
      {"goal": "latency_ms{phase:steady} p(99)<60", "circumstance": "as it stands", "bound": 60, "mean": 58, "low": 57, "high": 59.5, "headroom": 0.03},
      {"goal": "redirect_ratio <0.06", "circumstance": "as it stands", "bound": 0.06, "mean": 0.02, "low": 0.01, "high": 0.03, "headroom": 0.6}]},
    {"value": 816, "outcome": "undecided", "goals": [
      {"goal": "latency_ms{phase:steady} p(99)<60", "circumstance": "as it stands", "bound": 60, "mean": 60.1, "low": 58, "high": 62, "headroom": -0.001}]},
    {"value": 1200, "outcome": "fails", "goals": [
      {"goal": "latency_ms{phase:steady} p(99)<60", "circumstance": "as it stands", "bound": 60, "mean": 4000, "low": -10, "high": 8010, "headroom": -65}]},
    {"value": 2000, "outcome": "invalid", "goals": [
      {"goal": "latency_ms{phase:steady} p(99)<60", "circumstance": "as it stands", "bound": 60, "mean": null, "low": null, "high": null, "headroom": null}]}]})";

/// Strategies by name with two numbers of proxies: two replications, one run that shows its own error, one that does
/// not, one without a number, one that is invalid; an axis that goes with the strategies.
char const* const strategies_csv =
    "point,replication,load.balancer_choice,topology.balancers,topology.proxies.count,seed,verdict,history_hash,"
    "redirect_ratio,redirect_ratio_theory,redirect_ratio_measured_error,latency_ms_p99,latency_ms_p99_low,"
    "latency_ms_p99_high,reasons\n"
    "0,0,uniform,no map,8,16,passed,,0.609375,0.65,0.01,7,6,9,\n"
    "0,1,uniform,no map,8,17,passed,,0.640625,0.65,0.01,8,6,9,\n"
    "1,0,uniform,no map,4,16,passed,,0.5,,0.02,5,4.5,6,\n"
    "2,0,address,\"a map, by address\",8,16,passed,,0.05,0.04,,3,,,\n"
    "3,0,address,\"a map, by address\",4,16,passed,,,,,,,,\n"
    "4,0,uniform,by hash,8,16,passed,,0,0,0,3,3,3,\n"
    "5,0,uniform,by hash,4,16,invalid,,9,,,9,,,too slow\n";

struct results : scratch {
  results() {
    os::write_file(path / "sweep.csv", sweep_csv);
    os::write_file(path / "strategies.csv", strategies_csv);
    os::write_file(path / "sweep.json", R"({"scenario": "it's a sweep", "engine": "virtual"})");
    for (auto const& r : {passed_run(), eventful_run()}) reports::write_all(r, path / fs::path(r.file).stem());
    reports::write_all(passed_run(), path / "first");
    auto second = eventful_run();
    second.seed = 43;
    second.engine = "virtual";
    reports::write_all(second, path / "second");
    os::write_file(path / "plan.json",
                   R"({"base": 18.5, "result": "monthly cost", "scenario": "plan", "seed": 3, "engine": "virtual",
                            "inputs": [{"name": "price ±10 %", "low": 17, "high": 20},
                                       {"name": "load's rate", "low": 14, "high": 26.5}]})");
    os::write_file(path / "plan.csv", "name,low,high,base\nprice,17,20,18\n\"load, rate\",30,20,18\n");
    fs::create_directory(path / "limit");
    os::write_file(path / "limit" / "limit.json", limit_json);
    fs::create_directory(path / "plan");
    os::write_file(path / "plan" / "plan.json", R"({"scenario": "tier", "seed": 5, "engine": "virtual"})");
    os::write_file(path / "plan" / "tornado.csv",
                   "input,low,base,high,price_low,price_base,price_high,metric,metric_low,metric_base,metric_high\n"
                   "load.rate_rps,960,1200,1440,40,53,,utilisation,0.5,0.65,0.8\n"
                   "population.characters,1000,1500,2000,53,53,54,utilisation,0.65,0.65,0.65\n");
  }

  order of(std::string const& kind, std::vector<std::string> const& names) const {
    order o;
    o.kind = kind;
    for (std::string const& name : names) o.results.push_back(path / name);
    return o;
  }
};

std::vector<order> every_kind(results const& r) {
  std::vector<order> orders = {r.of("ratio_by_requests", {"sweep.csv"}),
                               r.of("heatmap", {"."}),
                               r.of("percentiles", {"first", "second/summary.json"}),
                               r.of("knee", {"sweep.csv"}),
                               r.of("recovery", {"second"}),
                               r.of("bars", {"first", "second"}),
                               r.of("tornado", {"plan.json"}),
                               r.of("limit", {"limit"}),
                               r.of("sweep_bars", {"strategies.csv"})};
  orders[3].x = "load.requests_per_character";
  orders[3].line = "topology.balancers.count";
  orders[8].line = "topology.proxies.count";
  return orders;
}

}

TEST_CASE("each picture has its row in kinds.cpp, its line in tools/plots and its order in this test") {
  auto const text_of = [](char const* file) { return read(fs::path(CREST_SOURCE_DIR) / file); };
  auto const is_kind = [](std::string const& name) {
    return std::any_of(kinds().begin(), kinds().end(), [&](kind const& k) { return k.name == name; });
  };
  std::string const declared = text_of("reports/plots/plots.hpp"), drawn = text_of("tools/plots");
  static std::regex const declaration(R"(\nfigure (\w+)\(order const& o\);)");
  for (std::sregex_iterator at(declared.begin(), declared.end(), declaration), end; at != end; ++at) {
    std::string const name = (*at)[1];
    INFO(name << ", which reports/plots/plots.hpp declares, has no row in reports/plots/kinds.cpp");
    CHECK((name == "figure_of" || is_kind(name)));
  }
  std::string const all =
      drawn.substr(drawn.find("\nall=("), drawn.find(')', drawn.find("\nall=(")) - drawn.find("\nall=("));
  results const r;
  auto const orders = every_kind(r);
  for (kind const& k : kinds()) {
    std::string const name(k.name);
    INFO(name << " is not drawn by tools/plots, or not in its list `all`");
    CHECK(drawn.find("\n" + name + "() {") != std::string::npos);
    CHECK(std::regex_search(all, std::regex("\\b" + name + "\\b")));
    INFO(name << " has no order in every_kind of this test");
    CHECK(std::any_of(orders.begin(), orders.end(), [&](order const& o) { return o.kind == name; }));
  }
}

TEST_CASE("each kind's script and data are as they were agreed") {
  results const r;
  auto const orders = every_kind(r);
  for (order const& o : orders) {
    auto const f = figure_of(o);
    check_golden("tests/reports/plots/goldens", o.kind + ".gnuplot",
                 reports::script_with_file(f, o.kind + ".svg", o.kind + ".dat"));
    check_golden("tests/reports/plots/goldens", o.kind + ".dat", f.data);
  }
}

TEST_CASE("each kind is drawn as SVG and PNG, with data and script beside it, and nothing else") {
  results const r;
  for (order const& o : every_kind(r)) {
    INFO(o.kind);
    fs::path const folder = r.path / "it's new" / o.kind;
    draw(o, folder / "picture.svg");
    CHECK(names_in(folder) == std::vector<std::string>{"picture.dat", "picture.gnuplot", "picture.svg"});
    CHECK_THAT(read(folder / "picture.svg"), Contains("width=\"800\"") && Contains("</svg>"));
    draw(o, folder / "picture.png");
    CHECK(read(folder / "picture.png").substr(1, 3) == "PNG");
    CHECK(names_in(folder).size() == 4);
  }
}

TEST_CASE("the script beside a picture draws it again from the data") {
  results const r;
  for (order const& o : every_kind(r)) {
    INFO(o.kind);
    fs::path const folder = r.path / o.kind;
    draw(o, folder / "p.svg");
    std::string const first = read(folder / "p.svg");
    fs::remove(folder / "p.svg");
    CHECK(reports::run_gnuplot(read(folder / "p.gnuplot"), folder, "p.svg").empty());
    CHECK(read(folder / "p.svg") == first);
  }
}

TEST_CASE("the caption says scenario, seed and whether simulated or measured") {
  results const r;
  CHECK_THAT(figure_of(r.of("heatmap", {"sweep.csv"})).commands,
             Contains("scenario it''s a sweep, 2 seeds, simulated"));
  fs::remove(r.path / "sweep.json");
  CHECK_THAT(figure_of(r.of("heatmap", {"sweep.csv"})).commands, Contains("sweep.csv, 2 seeds, simulated or measured"));
  CHECK_THAT(figure_of(r.of("bars", {"first"})).commands, Contains("scenario quickstart, seed 42, measured"));
  CHECK_THAT(figure_of(r.of("percentiles", {"first", "second"})).commands,
             Contains("2 scenarios, 2 seeds, measured and simulated"));
  CHECK_THAT(figure_of(r.of("recovery", {"second"})).commands, Contains("(simulated)") && Contains("seed 43"));
}

TEST_CASE("replications are averaged, and invalid runs left out") {
  results const r;
  auto const data = figure_of(r.of("ratio_by_requests", {"sweep.csv"})).data;
  CHECK_THAT(data, Contains("# 10 balancers\n1 0\n10 0.4\n"));
  CHECK_THAT(data, Contains("# 2 balancers\n1 0\n10 0.07\n"));
}

TEST_CASE("rows can be chosen, and what is not drawn may not vary") {
  results const r;
  order o = r.of("knee", {"sweep.csv"});
  o.x = "load.requests_per_character";
  CHECK_THROWS_WITH(figure_of(o), Contains("3 values of topology.balancers.count") && Contains("--where"));
  o.where = {"topology.balancers.count=10"};
  CHECK_THAT(figure_of(o).data, Contains("# utilisation \n1 0.2\n10 0.7\n"));
  o.where = {"topology.balancers.count=3"};
  CHECK_THROWS_WITH(figure_of(o), Contains("no row with topology.balancers.count=3; allowed: 1, 10, 2"));
  o.where = {"topology.balancers.count"};
  CHECK_THROWS_WITH(figure_of(o), Contains("allowed: COLUMN=VALUE"));
}

TEST_CASE("results of one scenario are told apart by their directories") {
  results const r;
  reports::write_all(passed_run(), r.path / "third");
  CHECK_THAT(figure_of(r.of("percentiles", {"first", "third"})).commands,
             Contains("title 'first'") && Contains("title 'third'"));
}

TEST_CASE("what cannot be drawn gives one clear error and leaves no file") {
  results const r;
  os::write_file(r.path / "empty.csv", "point,replication,a,b,seed,verdict,redirect_ratio\n");
  os::write_file(r.path / "blank.csv", "point,replication,a,b,seed,verdict,redirect_ratio\n0,0,1,2,3,passed,\n");
  os::write_file(r.path / "text.csv", "point,replication,a,b,seed,verdict,redirect_ratio\n0,0,1,2,3,passed,x\n");
  std::string colours = "point,replication,a,b,seed,verdict,redirect_ratio\n", many = colours;
  for (int i = 0; i != 7; ++i) colours += "0,0,x," + std::to_string(i) + ",3,passed,1\n";
  for (int i = 0; i != 61; ++i) many += "0,0," + std::to_string(i) + ",2,3,passed,1\n";
  os::write_file(r.path / "colours.csv", colours);
  os::write_file(r.path / "many.csv", many);
  os::write_file(r.path / "bare.csv", "name,low,high\nprice,17,20\n");
  os::write_file(r.path / "bare.json", R"({"base": 1, "inputs": []})");
  fs::create_directory(r.path / "nothing");
  auto const with = [&](order o, std::function<void(order&)> const& change) {
    change(o);
    return o;
  };
  struct bad {
    char const* name;
    order what;
    char const* message;
  };
  for (bad const& x : std::vector<bad>{
           {"an unknown kind", r.of("heat_map", {"sweep.csv"}), "did you mean 'heatmap'?"},
           {"no such file", r.of("heatmap", {"none.csv"}), "cannot be read"},
           {"two sweeps", r.of("heatmap", {"sweep.csv", "sweep.csv"}), "found 2 results"},
           {"a sweep without rows", r.of("heatmap", {"empty.csv"}), "no row of a valid run"},
           {"a sweep without numbers", r.of("heatmap", {"blank.csv"}), "no numbers in redirect_ratio"},
           {"text for a number", r.of("heatmap", {"text.csv"}), "text.csv:2: redirect_ratio: found 'x'"},
           {"a missing axis", r.of("ratio_by_requests", {"blank.csv"}), "no column load.requests_per_character"},
           {"a missing metric", with(r.of("heatmap", {"sweep.csv"}), [](order& o) { o.metric = "redirect_ration"; }),
            "did you mean 'redirect_ratio'?"},
           {"one axis twice", with(r.of("heatmap", {"sweep.csv"}), [](order& o) { o.x = o.y = "seed"; }), "twice"},
           {"a missing column", r.of("knee", {"blank.csv"}), "no column load.rate_rps"},
           {"no summary", r.of("bars", {"nothing"}), "no summary.json in it"},
           {"a sweep for a summary", r.of("percentiles", {"sweep.json"}), "no schema_version"},
           {"a metric that is no distribution",
            with(r.of("percentiles", {"first"}), [](order& o) { o.metric = "redirect_ratio"; }),
            "--metric: found 'redirect_ratio'; allowed: latency_ms"},
           {"two reports", r.of("recovery", {"first", "second"}), "found 2 results"},
           {"bars of a sweep that mix an axis", r.of("sweep_bars", {"strategies.csv"}),
            "found 2 values of topology.proxies.count, which the picture does not show"},
           {"bars of one axis twice",
            with(r.of("sweep_bars", {"strategies.csv"}), [](order& o) { o.x = o.line = "topology.balancers"; }),
            "found one column twice"},
           {"bars of a sweep without numbers", r.of("sweep_bars", {"blank.csv"}), "no numbers in redirect_ratio"},
           {"bars with more colours than there are",
            with(r.of("sweep_bars", {"colours.csv"}), [](order& o) { o.x = "a", o.line = "b"; }),
            "found 7 values of b; allowed: at most 6"},
           {"more bars than anybody reads", with(r.of("sweep_bars", {"many.csv"}), [](order& o) { o.x = "a"; }),
            "found 61 bars; allowed: at most 60"},
           {"a tornado without a base", r.of("tornado", {"bare.csv"}), "no column 'base'"},
           {"a tornado of a metric that the plan does not have",
            with(r.of("tornado", {"plan"}), [](order& o) { o.metric = "latency_ms"; }), "allowed: price, utilisation"},
           {"a tornado without inputs", r.of("tornado", {"bare.json"}), "inputs"},
           {"the limit of a goal that the plan does not have",
            with(r.of("limit", {"limit"}), [](order& o) { o.metric = "redirect_ration"; }),
            "allowed: latency_ms{phase:steady} p(99), redirect_ratio; did you mean 'redirect_ratio'?"},
           {"the limit of a plan without one", r.of("limit", {"plan/plan.json"}), "schema_version"},
           {"two limits", r.of("limit", {"limit", "limit"}), "found 2 results"}}) {
    INFO(x.name);
    CHECK_THROWS_WITH(draw(x.what, r.path / "out" / "p.svg"), Contains(x.message) && !Contains("\n"));
    CHECK_THROWS_AS(draw(x.what, r.path / "out" / "p.svg"), config::bad_input);
    CHECK_FALSE(fs::exists(r.path / "out"));
  }
}

TEST_CASE("a picture has a name that says its format, and is not drawn over its own data") {
  results const r;
  order const o = r.of("heatmap", {"sweep.csv"});
  CHECK_THROWS_WITH(draw(o, r.path / "p.pdf"), Contains("ends in .svg or .png"));
  os::write_file(r.path / "table.dat", sweep_csv);
  CHECK_THROWS_WITH(draw(r.of("heatmap", {"table.dat"}), r.path / "table.svg"), Contains("written over the result"));
  CHECK(read(r.path / "table.dat") == sweep_csv);
}

TEST_CASE("what gnuplot cannot draw is said in its words") {
  std::string const svg = "set terminal svg\nset output 'p.svg'\n";
  struct row {
    char const* name;
    std::string script, words; // empty: it draws
  };
  row const table[] = {
      {"a picture", svg + "plot x\nunset output\n", ""},
      {"a warning beside a picture", svg + "plot [0:1] 0*x\nunset output\n", ""},
      {"an unknown function", svg + "plot nonsense_of_ours(x)\n", "undefined function: nonsense_of_ours"},
      {"an unknown word", svg + "set nonsense\n", "unrecognized option"},
      {"no data", svg + "plot '-' with lines\ne\n", "no valid points"},
      {"data that is not there", svg + "plot 'nowhere.dat'\n", "nowhere.dat"},
      {"no picture", "x = 1\n", "no whole picture"},
      {"half a picture", svg + "plot x\nsystem 'kill -9 $PPID'\n", "Killed"},
      {"another picture", "set terminal svg\nset output 'q.svg'\nplot x\nunset output\n", "no whole picture"},
      {"an ended gnuplot", svg + "exit error 'as it was told'\n", "as it was told"},
  };
  for (row const& r : table) {
    INFO(r.name);
    scratch const dir;
    std::string const problem = reports::run_gnuplot(r.script, dir.path, "p.svg");
    CHECK(problem.empty() == r.words.empty());
    CHECK_THAT(problem, Contains(r.words) && !Contains("\n"));
  }
}

TEST_CASE("a tornado has the widest bar on top") {
  results const r;
  CHECK_THAT(figure_of(r.of("tornado", {"plan.json"})).data,
             Contains("\"load's rate\" 14 26.5 18.5 14 26.5 0.32\n\"price ±10 %\" 17 20 18.5 17 20 0.32\n"));
  CHECK_THAT(figure_of(r.of("tornado", {"plan.csv"})).data,
             Contains("\"load, rate\" 30 20 18 18 30 0.16\n\"price\" 17 20 18 17 20 0.32\n"));
}

TEST_CASE("a plan's tornado shows prices or the binding goal, and which end has no answer") {
  results const r;
  order o = r.of("tornado", {"plan"});
  auto const price = figure_of(o);
  CHECK_THAT(price.data, Contains("\"load.rate_rps: 960 … 1440\" 40 NaN 53 40 NaN 0.32\n"
                                  "\"population.characters: 1000 … 2000\" 53 54 53 53 54 0.32\n"));
  CHECK_THAT(price.commands, Contains("scenario tier, seed 5, simulated") && Contains("'no topology at its high end'"));
  o.metric = "utilisation";
  CHECK_THAT(figure_of(o).data, Contains("1440\" 0.5 0.8 0.65 0.5 0.8 0.32\n"));
  draw(o, r.path / "t.svg");
}

TEST_CASE("a limit is drawn with its goal, bound and answer, and names the values that it cannot show") {
  results const r;
  order o = r.of("limit", {"limit"});
  auto const f = figure_of(o);
  CHECK_THAT(f.commands, Contains("scenario tier, seed 5, simulated, values 2% apart") && Contains("'goal <60'") &&
                             Contains("'largest: 800'") && Contains("left out, no value: 2000") &&
                             Contains("'latency p99, milliseconds (phase steady)'") && Contains("set logscale y"));
  CHECK_THAT(f.data, Contains("# all goals hold\n100 41 40 42\n800 58 57 59.5\n") &&
                         Contains("# a goal is missed\n1200 4000 -10 8010\n"));
  o.metric = "redirect_ratio";
  auto const other = figure_of(o);
  CHECK_THAT(other.commands, Contains("'goal <0.06'") && Contains("left out, no value: 816, 1200, 2000"));
  CHECK_THAT(other.data, Contains("100 0.05 0.04 0.059\n"));
}

TEST_CASE("a phase's figures can be drawn in place of the whole run's") {
  results const r;
  os::write_file(r.path / "phases.csv",
                 "point,replication,a,b,seed,verdict,redirect_ratio,redirect_ratio{phase:steady},"
                 "latency_ms_p99{phase:steady}\n0,0,1,2,3,passed,0.5,0.25,7\n");
  order o = r.of("heatmap", {"phases.csv"});
  o.phase = "steady";
  CHECK_THAT(figure_of(o).data, Contains("0 \"1\" 0 \"2\" 0.25\n"));
  o.metric = "latency_ms.p99";
  CHECK_THAT(figure_of(o).data, Contains("0 \"1\" 0 \"2\" 7\n"));
  o.phase = "stead";
  CHECK_THROWS_WITH(figure_of(o), Contains("--phase: found 'stead'; allowed: steady; did you mean 'steady'?"));
  o.phase = "steady", o.metric = "latency_ms_p98";
  CHECK_THROWS_WITH(figure_of(o), Contains("--metric: found 'latency_ms_p98'; allowed: redirect_ratio, latency_ms_p99; "
                                           "did you mean 'latency_ms_p99'?"));
  order plain = r.of("heatmap", {"sweep.csv"});
  plain.phase = "nonsense";
  CHECK_THROWS_WITH(figure_of(plain), Contains("--phase: found 'nonsense'; allowed: no --phase"));
}

TEST_CASE("what a kind does not use is refused, with the kinds that do") {
  results const r;
  using change = void (*)(order&);
  struct flag {
    choice which;
    char const* name;
    change set;
  };
  flag const flags[] = {{choice::metric, "--metric", [](order& o) { o.metric = "nonsense"; }},
                        {choice::x, "--x", [](order& o) { o.x = "nonsense"; }},
                        {choice::y, "--y", [](order& o) { o.y = "nonsense"; }},
                        {choice::line, "--line", [](order& o) { o.line = "nonsense"; }},
                        {choice::phase, "--phase", [](order& o) { o.phase = "nonsense"; }},
                        {choice::where, "--where", [](order& o) { o.where = {"nonsense=1"}; }},
                        {choice::title, "--title", [](order& o) { o.title = "nonsense"; }}};
  std::size_t refused = 0;
  for (order const& good : every_kind(r)) {
    auto const found = std::find_if(kinds().begin(), kinds().end(), [&](kind const& k) { return k.name == good.kind; });
    for (flag const& f : flags) {
      INFO(good.kind << " " << f.name);
      order o = good;
      f.set(o);
      if (f.which == choice::title && found->takes(f.which)) {
        CHECK_THAT(figure_of(o).commands, Contains("nonsense"));
        continue;
      }
      // What is used cannot be nonsense either: nothing is ignored.
      CHECK_THROWS_AS(figure_of(o), config::bad_input);
      if (found->takes(f.which)) continue;
      CHECK_THROWS_WITH(figure_of(o), Contains(std::string(f.name) + ": found with --kind " + good.kind +
                                               ", which does not use it; allowed: with "));
      ++refused;
    }
  }
  CHECK(refused >= 20);
}

TEST_CASE("a picture names the points that it leaves out") {
  results const r;
  for (char const* kind : {"ratio_by_requests", "heatmap"}) {
    INFO(kind);
    auto const f = figure_of(r.of(kind, {"sweep.csv"}));
    CHECK_THAT(f.commands, Contains("left out, invalid: topology.balancers.count=2, load.requests_per_character=10"));
    CHECK_THAT(f.data, Catch::StartsWith("# left out: topology.balancers.count=2, load.requests_per_character=10: its "
                                         "run is invalid\n"));
  }
  order knee = every_kind(r)[3];
  CHECK_THAT(figure_of(knee).commands,
             Contains("left out, no latency_ms_p99: topology.balancers.count=2, load.requests_per_character=10"));
  CHECK_THAT(figure_of(knee).data, Contains("10: no value of latency_ms_p99\n"));
}

TEST_CASE("a picture says which crest-sim ran what it shows") {
  results const r;
  reports::write_verdict(passed_run(), "sweep", "", {}, r.path);
  for (char const* kind : {"ratio_by_requests", "heatmap"})
    CHECK_THAT(figure_of(r.of(kind, {"sweep.csv"})).commands, Contains("crest-sim 0.1.0 (0123456789ab+)"));
  for (char const* kind : {"bars", "percentiles", "recovery"})
    CHECK_THAT(figure_of(r.of(kind, {"first"})).commands, Contains("crest-sim 0.1.0 (0123456789ab+)"));
  auto other = eventful_run();
  other.provenance = provenance_of_samples(), other.provenance->commit = "fedcba987654";
  reports::write_all(other, r.path / "second");
  CHECK_THAT(figure_of(r.of("bars", {"first", "second"})).commands, Contains("2 versions of crest-sim"));
}

TEST_CASE("bars of a sweep stand in its order, each with the interval that is known of it") {
  results const r;
  order o = r.of("sweep_bars", {"strategies.csv"});
  o.where = {"topology.proxies.count=8"};
  auto const f = figure_of(o);
  // Across two replications Student's t with one degree of freedom: 12.706 × 0.015625.
  CHECK_THAT(f.data, Contains("0 \"no map\" 0.625 0.8235") && Contains("1 \"a map, by address\" 0.05 0.05 \"?\"") &&
                         Contains("2 \"by hash\" 0 0 \"\""));
  CHECK_THAT(f.data, Contains("# intervals: metric, place, low, high (95 %)\n0.625 0 0.4264") &&
                         Contains("# theory: metric, place, height\n0.65 -0.4 0.8\n0.04 0.6 0.8\n0 1.6 0.8\n"));
  CHECK_THAT(f.commands, Contains("('no map' 0, 'a map, by address' 1, 'by hash' 2)") &&
                             Contains("Redirects per request by balancers") && Contains("; ?: not known"));
  o.metric = "latency_ms.p99";
  o.x = "topology.balancers";
  o.where = {"topology.proxies.count=4", "topology.balancers=no map"};
  auto const single = figure_of(o);
  CHECK_THAT(single.data, Contains("5 0 4.5 6\n") && Contains("0 \"no map\" 5 6 \"\""));
  CHECK_THAT(single.commands, Contains("latency p99, milliseconds") && !Contains("?: not known"));
  o.metric = "redirect_ratio";
  CHECK_THAT(figure_of(o).data, Contains("0.5 0 0.46")); // 1.96 × 0.02
}

TEST_CASE("a second axis makes a bar for each of its values, and what is not there is named") {
  results const r;
  auto const f = figure_of(every_kind(r)[8]);
  CHECK_THAT(f.commands, Contains("title 'proxies 8'") && Contains("title 'proxies 4'") && Contains("title 'theory'") &&
                             Contains("set label 'none' at graph 0.01,first 1.2"));
  CHECK_THAT(f.data, Contains("# left out: load.balancer_choice=uniform, topology.balancers=by hash, "
                              "topology.proxies.count=4: its run is invalid\n") &&
                         Contains("topology.proxies.count=4: no value of redirect_ratio\n"));
}
