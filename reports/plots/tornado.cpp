#include "config/document.hpp"
#include "reports/csv.hpp"
#include "reports/plots/plots.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reports::plots {
namespace {

/// One input, and the result when it is at its low and at its high end.
struct influence {
  std::string name;
  double low = 0, high = 0;
};

struct sensitivity {
  std::string result = "result", caption;
  double base = 0;
  std::vector<influence> inputs;
};

constexpr char const* schema = R"({
  "type": "object", "required": ["base", "inputs"],
  "properties": {
    "base": {"type": "number"}, "result": {"type": "string"}, "scenario": {"type": "string"},
    "engine": {"type": "string"}, "seed": {"type": "integer"},
    "inputs": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["name", "low", "high"],
      "properties": {"name": {"type": "string", "minLength": 1}, "low": {"type": "number"}, "high": {"type": "number"}}}}
  }})";

sensitivity from_json(std::filesystem::path const& file) {
  config::document const document = config::document::load(file);
  document.validate(nlohmann::json::parse(schema));
  auto const& root = document.root();
  sensitivity s;
  s.base = root.at("base");
  s.result = root.value("result", s.result);
  s.caption =
      root.contains("scenario") ? "scenario " + root.at("scenario").get<std::string>() : file_name(file.string());
  if (root.contains("seed")) s.caption += ", seed " + root.at("seed").dump();
  s.caption += ", " + (root.contains("engine") ? std::string(how(root.at("engine").get<std::string>()))
                                               : std::string("simulated or measured: not said"));
  for (auto const& i : root.at("inputs")) s.inputs.push_back({i.at("name"), i.at("low"), i.at("high")});
  return s;
}

/// Columns name, low, high, base (the same in every row).
sensitivity from_csv(std::filesystem::path const& file) {
  csv_table const t = read_csv(file);
  std::size_t const name = t.column("name"), low = t.column("low"), high = t.column("high"), base = t.column("base");
  sensitivity s;
  s.caption = file_name(file.string());
  auto const number = [&](std::size_t row, std::size_t column) {
    if (auto const value = t.number(row, column)) return *value;
    throw config::bad_input(t.name + ":" + std::to_string(t.lines[row]) + ": " + t.columns[column] +
                            ": found nothing; allowed: a number");
  };
  for (std::size_t row = 0; row != t.rows.size(); ++row) {
    s.inputs.push_back({t.rows[row][name], number(row, low), number(row, high)});
    if (row > 0 && number(row, base) != s.base)
      throw config::bad_input(t.name + ":" + std::to_string(t.lines[row]) + ": base: found " + t.rows[row][base] +
                              "; allowed: " + short_number(s.base) + ", as in the first row");
    s.base = number(row, base);
  }
  if (s.inputs.empty()) throw config::bad_input(t.name + ": found no rows; allowed: one for each input");
  return s;
}

double reach(influence const& i) { return std::abs(i.high - i.low); }

}

figure tornado(order const& o) {
  if (o.results.size() != 1)
    throw config::bad_input("--kind tornado: found " + std::to_string(o.results.size()) +
                            " results; allowed: one CSV or JSON file");
  std::filesystem::path const& file = o.results.front();
  sensitivity s = file.extension() == ".csv" ? from_csv(file) : from_json(file);
  std::stable_sort(s.inputs.begin(), s.inputs.end(),
                   [](influence const& a, influence const& b) { return reach(a) > reach(b); });
  double low = s.base, high = s.base;
  std::string names;

  figure f;
  f.data = "# input, " + one_line(s.result) + " at its low end, at its high end, at the base\n";
  for (std::size_t n = 0; n != s.inputs.size(); ++n) {
    influence const& i = s.inputs[n];
    low = std::min({low, i.low, i.high}), high = std::max({high, i.low, i.high});
    std::string quoted;
    for (char const c : one_line(i.name)) quoted += c == '"' ? '\'' : c;
    f.data += "\"" + quoted + "\" " + data_number(i.low) + " " + data_number(i.high) + " " + data_number(s.base) + "\n";
    names += (n == 0 ? "" : ", ") + tic_label(i.name) + " " + std::to_string(n);
  }
  double const room = high > low ? 0.12 * (high - low) : std::max(1.0, std::abs(s.base));
  f.height = 190 + 34 * static_cast<int>(s.inputs.size());
  std::string const mark(data_mark);
  f.commands =
      frame_commands({o.title.empty() ? "What moves " + s.result + " most" : o.title,
                      s.caption + "; line: base " + short_number(s.base), s.result, ""}) +
      key_commands(22) + "set grid noytics xtics lt 1 lc rgb '#DDDDDD'\nset xrange [" + data_number(low - room) + ":" +
      data_number(high + room) + "]\nset yrange [" + std::to_string(s.inputs.size()) +
      "-0.4:-0.6]\nset ytics scale 0 (" + names + ")\nset arrow from " + data_number(s.base) + ",graph 0 to " +
      data_number(s.base) + ",graph 1 nohead front lw 1.5 lc rgb 'black'\n" +
      // Solid and hatched, dark and light: told apart in greyscale. Where both ends lead to the same side, the second
      // bar is thinner, so that neither hides the other.
      "thickness(low, high, base) = (low-base)*(high-base) > 0 ? 0.16 : 0.32\n" + "plot " + mark +
      " using 4:0:4:2:($0-0.32):($0+0.32) with boxxyerror lc rgb '" + colours[0] +
      "' fs solid 0.9 border lc rgb 'black' title 'input at its low end', \\\n     " + mark +
      " using 4:0:4:3:($0-thickness($2,$3,$4)):($0+thickness($2,$3,$4)) with boxxyerror lc rgb '" + colours[1] +
      "' fs pattern 5 border lc rgb 'black' title 'input at its high end', \\\n     " + mark +
      " using ($2<$3?$2:$3):0:(sprintf('%.4g', $2<$3?$2:$3)) with labels right offset -0.6,0 font ',10' notitle, "
      "\\\n     " +
      mark + " using ($2<$3?$3:$2):0:(sprintf('%.4g', $2<$3?$3:$2)) with labels left offset 0.6,0 font ',10' notitle\n";
  return f;
}

}
