#include "reports/compare/compare.hpp"
#include "reports/optional_json.hpp"
#include "reports/reports.hpp"

#include <nlohmann/json.hpp>

namespace reports::compare {
namespace {

using json = nlohmann::ordered_json;

std::string_view name_of(judgement j) {
  switch (j) {
  case judgement::not_judged:
    return "not judged";
  case judgement::same:
    return "same";
  case judgement::better:
    return "better";
  case judgement::tolerated:
    return "tolerated";
  case judgement::regression:
    return "regression";
  }
  return {};
}

json row_json(row const& r) {
  auto const& within = r.difference_within;
  return {{"name", r.name},
          {"base", optional_json(r.base)},
          {"new", optional_json(r.now)},
          {"tolerance", r.tolerance},
          {"difference_within", within ? json::array({within->low, within->high}) : json(nullptr)},
          {"judged", name_of(r.judged)}};
}

}

std::string compare_json(comparison const& c, side const& base, side const& now, settings const& s) {
  json out = {{"schema_version", 1},
              {"regressed", c.regressed()},
              {"confidence", s.confidence},
              {"row_confidence", c.row_confidence},
              {"phase", s.phase},
              {"rows", json::array()},
              {"only_in_base", c.only_in_base},
              {"only_in_new", c.only_in_new},
              {"broken_invariants", c.broken_invariants},
              {"remarks", c.remarks},
              {"base", json::parse(summary_json(base.result))},
              {"new", json::parse(summary_json(now.result))},
              {"base_timeseries", base.timeseries},
              {"new_timeseries", now.timeseries}};
  for (row const& r : c.rows) out["rows"].push_back(row_json(r));
  return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}
