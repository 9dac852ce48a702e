#include "reports/failures.hpp"

#include "reports/parts.hpp"
#include "reports/table.hpp"
#include "reports/wording.hpp"
#include "sim/scenario/metrics.hpp"

#include <string_view>
#include <vector>

namespace reports {
namespace {

using namespace sim::records;

/// A column of the table: a cause, or one of the statuses of the cause that has them.
struct column {
  std::string heading, metric;
};

std::vector<column> columns_of(result const& r) {
  static constexpr std::string_view by_status = "failed_requests{status:";
  std::vector<column> all;
  for (auto const& [name, m] : r.metrics)
    if (name.starts_with(by_status) && counter_in(r.metrics, name) > 0)
      all.push_back({"status " + name.substr(by_status.size(), name.size() - by_status.size() - 1), name});
  bool const has_statuses = !all.empty();
  for (std::string_view const cause : sim::scenario::failure_causes()) {
    std::string name = "failed_requests{cause:" + std::string(cause) + "}";
    bool const is_shown = has_statuses && cause == name_of(sim::scenario::failure_cause::status);
    if (is_shown || counter_in(r.metrics, name) <= 0) continue;
    std::string heading(cause);
    for (char& c : heading)
      if (c == '_') c = ' ';
    all.push_back({std::move(heading), std::move(name)});
  }
  return all;
}

void add_row(table& t, std::string const& name, metric_set const& set, std::vector<column> const& columns) {
  double const all = counter_in(set, "failed_requests");
  if (all <= 0) return;
  std::vector<std::string> cells{"  " + name, short_number(all)};
  for (column const& c : columns) {
    double const n = counter_in(set, c.metric);
    cells.push_back(n > 0 ? short_number(n) : "-");
  }
  t.row(std::move(cells));
}

std::string back(std::string const& what, std::optional<double> const& seconds, std::string const& untold) {
  if (seconds && *seconds <= 0) return what + " as before";
  if (seconds) return what + " back after " + short_number(*seconds) + " s";
  return untold.empty() ? "" : what + " not back: " + one_line(untold);
}

}

std::string failures_text(result const& r) {
  std::vector<column> const columns = columns_of(r);
  if (columns.empty()) return "";
  table t;
  std::vector<std::string> heading{"Failed requests by cause", "all"};
  for (column const& c : columns) heading.push_back(c.heading);
  t.row(std::move(heading));
  add_row(t, "all", r.metrics, columns);
  for (part const& p : parts_of(r)) add_row(t, p.name, *p.metrics, columns);
  return "\n" + t.text("");
}

std::string logs_text(result const& r) {
  std::string out;
  for (named_metrics const& b : r.balancers) {
    if (b.log.empty()) continue;
    out += "  " + b.name + "\n";
    for (log_message const& m : b.log) out += "    " + std::to_string(m.count) + " × " + one_line(m.text) + "\n";
  }
  return out.empty() ? "" : "\nLogs of balancers with failed requests\n" + out;
}

std::string recovery_text(event_result const& e) {
  std::string const failures = back("failures", e.failures_back_s, e.failures_back_note);
  std::string const latency = back("latency", e.latency_back_s, e.latency_back_note);
  return failures + (failures.empty() || latency.empty() ? "" : ", ") + latency;
}

}
