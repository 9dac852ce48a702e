#include "reports/explain.hpp"

#include "reports/table.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>

namespace reports {
namespace {

using nlohmann::ordered_json;
using sim::theory::prediction;

/// Six significant digits.
std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string with_unit(std::string const& text, std::string const& unit) {
  return unit.empty() ? text : text + " " + unit;
}

std::string error_of(prediction const& p) {
  std::string text;
  if (p.standard_error) text = *p.standard_error > 0 ? "+- " + number(*p.standard_error) : "exact";
  if (p.relative_error > 0) {
    char within[32];
    std::snprintf(within, sizeof within, "within %.2g %%", p.relative_error * 100);
    text += (text.empty() ? "" : ", ") + std::string(within);
  }
  return text;
}

void describe(std::string& out, prediction const& p) {
  out += "\n" + p.metric + " = " + with_unit(number(*p.value), p.unit) + "\n";
  out += "  = " + p.formula + "\n";
  for (auto const& in : p.inputs)
    out += "    " + in.symbol + " = " + with_unit(number(in.value), in.unit) + "  (" + in.meaning + ")\n";
  for (std::string const& assumption : p.assumptions) out += "  if: " + assumption + "\n";
}

/// Whether `p` gives the same reason as the one before: then one line is enough for both.
bool same_basis(prediction const& a, prediction const& b) {
  if (a.assumptions != b.assumptions || a.inputs.size() != b.inputs.size()) return false;
  for (std::size_t i = 0; i < a.inputs.size(); ++i)
    if (a.inputs[i].symbol != b.inputs[i].symbol || a.inputs[i].value != b.inputs[i].value) return false;
  return true;
}

ordered_json json_of(prediction const& p) {
  ordered_json j;
  j["metric"] = p.metric;
  if (!p.unit.empty()) j["unit"] = p.unit;
  if (p.value) j["value"] = *p.value;
  if (p.value && p.standard_error) j["standard_error"] = *p.standard_error;
  if (p.value && p.relative_error > 0) j["relative_error"] = p.relative_error;
  if (p.value) {
    j["formula"] = p.formula;
    j["inputs"] = ordered_json::array();
    for (auto const& in : p.inputs) {
      ordered_json input{{"symbol", in.symbol}, {"meaning", in.meaning}};
      if (std::isfinite(in.value)) input["value"] = in.value;
      if (!in.unit.empty()) input["unit"] = in.unit;
      j["inputs"].push_back(std::move(input));
    }
    j["assumptions"] = p.assumptions;
  } else {
    j["broken"] = p.broken;
    if (!p.conditional.empty()) j["conditional"] = p.conditional;
  }
  return j;
}

}

std::string explain_text(std::string const& scenario, std::vector<prediction> const& predictions) {
  std::string out = one_line(scenario) + ": what theory expects\n\n";
  table values;
  for (prediction const& p : predictions)
    values.row({p.metric, p.value ? with_unit(number(*p.value), p.unit) : "-", p.value ? error_of(p) : ""});
  out += values.text("  ");
  prediction const* before = nullptr;
  for (prediction const& p : predictions) {
    if (!p.value) continue;
    if (before && same_basis(*before, p)) {
      out += "\n" + p.metric + " = " + with_unit(number(*p.value), p.unit) + "\n  = " + p.formula +
             "\n  with the same inputs and conditions\n";
    } else {
      describe(out, p);
    }
    before = &p;
  }
  std::string broken, conditional;
  for (prediction const& p : predictions) {
    if (p.value) continue;
    out +=
        broken == p.broken ? "no " + p.metric + ": for the same reason\n" : "\nno " + p.metric + ": " + p.broken + "\n";
    if (!p.conditional.empty() && p.conditional != conditional) out += "  but " + p.conditional + "\n";
    broken = p.broken;
    conditional = p.conditional;
  }
  return out;
}

std::string explain_json(std::string const& scenario, std::vector<prediction> const& predictions) {
  ordered_json j{{"schema_version", 1}, {"scenario", scenario}, {"predictions", ordered_json::array()}};
  for (prediction const& p : predictions) j["predictions"].push_back(json_of(p));
  return j.dump(2, ' ', false, decltype(j)::error_handler_t::replace) + "\n";
}

}
