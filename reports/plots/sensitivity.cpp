#include "reports/plots/sensitivity.hpp"

#include "base/config/document.hpp"
#include "reports/csv.hpp"
#include "reports/plots/sweep_table.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace reports::plots {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr char const* schema = R"({
  "type": "object", "required": ["base", "inputs"],
  "properties": {
    "base": {"type": "number"}, "result": {"type": "string"}, "scenario": {"type": "string"},
    "engine": {"type": "string"}, "seed": {"type": "integer"},
    "inputs": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["name", "low", "high"],
      "properties": {"name": {"type": "string", "minLength": 1}, "low": {"type": "number"}, "high": {"type": "number"}}}}
  }})";

/// "scenario NAME, seed N, simulated", as far as `said` has these.
std::string caption_of(json const& said, fs::path const& file) {
  bool const known = said.is_object();
  auto const has = [&](char const* key) { return known && said.contains(key); };
  std::string text = has("scenario") && said["scenario"].is_string() ? "scenario " + said["scenario"].get<std::string>()
                                                                     : file_name(file.string());
  if (has("seed")) text += ", seed " + said["seed"].dump();
  return text + ", " +
         (has("engine") && said["engine"].is_string() ? std::string(how(said["engine"].get<std::string>()))
                                                      : std::string("simulated or measured: not said"));
}

sensitivity from_json(fs::path const& file) {
  config::document const document = config::document::load(file);
  document.validate(json::parse(schema));
  json const& root = document.root();
  sensitivity s;
  s.base = root.at("base");
  s.result = root.value("result", s.result);
  s.caption = caption_of(root, file);
  for (json const& i : root.at("inputs")) s.inputs.push_back({i.at("name"), i.at("low"), i.at("high")});
  return s;
}

double required(csv_table const& t, std::size_t row, std::size_t column) {
  if (auto const value = t.number(row, column)) return *value;
  throw config::bad_input(t.name + ":" + std::to_string(t.lines[row]) + ": " + t.columns[column] +
                          ": found nothing; allowed: a number");
}

/// The base is the same in every row.
void take_base(sensitivity& s, csv_table const& t, std::size_t row, std::size_t column) {
  double const base = required(t, row, column);
  if (row > 0 && base != s.base)
    throw config::bad_input(t.name + ":" + std::to_string(t.lines[row]) + ": " + t.columns[column] + ": found " +
                            t.rows[row][column] + "; allowed: " + t.rows[0][column] + ", as in the first row");
  s.base = base;
}

sensitivity from_table(csv_table const& t, fs::path const& file) {
  std::size_t const name = t.column("name"), low = t.column("low"), high = t.column("high"), base = t.column("base");
  sensitivity s;
  s.caption = caption_of(json(), file);
  for (std::size_t row = 0; row != t.rows.size(); ++row) {
    s.inputs.push_back({t.rows[row][name], required(t, row, low), required(t, row, high)});
    take_base(s, t, row, base);
  }
  return s;
}

/// ", EUR a month"; empty where the plan does not say it.
std::string currency_of(json const& plan) {
  if (!plan.is_object() || !plan.contains("currency") || !plan["currency"].is_string()) return "";
  return ", " + one_line(plan["currency"].get<std::string>());
}

/// `crest-sim plan`: the ends of the input are in the name of its bar.
sensitivity from_plan(csv_table const& t, fs::path const& file, std::string const& asked) {
  std::size_t const name = t.column("input"), metric = t.column("metric");
  std::string const named = t.rows.empty() ? "" : t.rows[0][metric];
  std::string const unbound = named.substr(0, named.rfind(' ')); // without the goal's bound: "… <0.06"
  if (!asked.empty() && asked != "price" && asked != named && asked != unbound)
    throw config::bad_input("--metric: found '" + asked + "'; allowed: price" + (named.empty() ? "" : ", " + unbound));
  std::string const which = asked.empty() || asked == "price" ? "price" : "metric";
  std::size_t const low = t.column(which + "_low"), high = t.column(which + "_high"), base = t.column(which + "_base");
  sensitivity s;
  std::ifstream in(file.parent_path() / "plan.json");
  json const plan = json::parse(in, nullptr, false);
  s.caption = caption_of(plan, file);
  if (which == "price") s.missing = "no topology", s.subject = "price";
  s.result = which == "price" ? "price of the cheapest answer" + currency_of(plan)
                              : label_of(unbound) + (unbound == named ? "" : ", goal" + named.substr(unbound.size()));
  for (std::size_t row = 0; row != t.rows.size(); ++row) {
    std::vector<std::string> const& cells = t.rows[row];
    influence i{cells[name] + ": " + cells[t.column("low")] + " … " + cells[t.column("high")]};
    if (auto const value = t.number(row, low)) i.low = *value;
    if (auto const value = t.number(row, high)) i.high = *value;
    s.inputs.push_back(std::move(i));
    take_base(s, t, row, base);
  }
  return s;
}

sensitivity from_csv(fs::path const& file, std::string const& metric) {
  csv_table const t = read_csv(file);
  sensitivity s = t.find("input") ? from_plan(t, file, metric) : from_table(t, file);
  if (s.inputs.empty()) throw config::bad_input(t.name + ": found no rows; allowed: one for each input");
  return s;
}

/// How far the result moves.
double reach(influence const& i, double base) {
  double const low = std::isnan(i.low) ? base : i.low, high = std::isnan(i.high) ? base : i.high;
  return std::max({low, high, base}) - std::min({low, high, base});
}

}

sensitivity read_sensitivity(order const& o) {
  fs::path const file = only_result(o, "tornado.csv", "one CSV or JSON file, or the directory of a plan");
  bool const plans = file.extension() == ".csv" && read_csv(file).find("input");
  if (!o.metric.empty() && !plans)
    throw config::bad_input("--metric: found with " + file.string() +
                            ", which has one result; allowed: with the directory of a plan");
  sensitivity s = file.extension() == ".csv" ? from_csv(file, o.metric) : from_json(file);
  std::stable_sort(s.inputs.begin(), s.inputs.end(),
                   [&](influence const& a, influence const& b) { return reach(a, s.base) > reach(b, s.base); });
  return s;
}

}
