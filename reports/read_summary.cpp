#include "reports/read_summary.hpp"

#include "base/config/document.hpp"
#include "reports/attempts.hpp"
#include "reports/csv.hpp"
#include "reports/optional_json.hpp"
#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/scenario/metrics.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <tuple>

namespace reports {
namespace {

using namespace sim::records;
using nlohmann::json;
namespace fs = std::filesystem;

/// null stands for numbers that JSON does not have.
double number_in(json const& object, char const* key) {
  return optional_number(object, key).value_or(std::numeric_limits<double>::quiet_NaN());
}

interval interval_from(json const& bounds) {
  auto const bound = [&](std::size_t n) {
    return bounds.at(n).is_null() ? std::numeric_limits<double>::quiet_NaN() : bounds.at(n).get<double>();
  };
  return {bound(0), bound(1)};
}

interval interval_in(json const& m, char const* name) {
  json const within = m.value("within", json::object());
  auto const at = within.find(name);
  return at == within.end() || at->is_null() ? interval{} : interval_from(*at);
}

/// Across replications, if there are several.
std::optional<interval> replicated(json const& m) {
  auto const at = m.find("confidence_interval");
  return at == m.end() || at->is_null() ? std::nullopt : std::optional(interval_from(*at));
}

std::map<std::string, interval> replicated_fields(json const& m) {
  std::map<std::string, interval> intervals;
  json const written = m.value("confidence_interval", json::object()); // outlives the loop over it
  for (auto const& [name, bounds] : written.items())
    if (!bounds.is_null()) intervals[name] = interval_from(bounds);
  return intervals;
}

ratio_metric ratio_from(json const& m) {
  ratio_metric r;
  r.value = number_in(m, "value");
  r.numerator = m.at("numerator").get<std::uint64_t>();
  r.denominator = m.at("denominator").get<std::uint64_t>();
  r.theory = optional_number(m, "theory");
  r.standard_error = optional_number(m, "standard_error");
  r.theory_note = m.value("theory_note", "");
  r.measured_error = optional_number(m, "measured_error");
  r.clusters = m.value("clusters", std::uint64_t{0});
  r.confidence_interval = replicated(m);
  r.replications = m.value("replications", std::uint64_t{0});
  return r;
}

trend_metric trend_from(json const& m) {
  trend_metric t;
  t.count = m.at("count").get<std::uint64_t>();
  t.p50 = m.at("p50"), t.p90 = m.at("p90"), t.p99 = m.at("p99"), t.max = m.at("max"), t.mean = m.at("mean");
  t.p95 = m.value("p95", 0.0), t.p999 = m.value("p999", 0.0), t.min = m.value("min", 0.0);
  t.p50_within = interval_in(m, "p50"), t.p90_within = interval_in(m, "p90"), t.p95_within = interval_in(m, "p95");
  t.p99_within = interval_in(m, "p99"), t.p999_within = interval_in(m, "p999");
  for (json const& p : m.value("percentiles", json::array()))
    t.percentiles.push_back({p.at(0).get<double>(), p.at(1).get<double>()});
  t.confidence_intervals = replicated_fields(m);
  t.replications = m.value("replications", std::uint64_t{0});
  return t;
}

metric_set metrics_from(json const& object) {
  metric_set metrics;
  for (auto const& [name, m] : object.items()) {
    if (m.contains("numerator")) {
      metrics[name] = ratio_from(m);
    } else if (m.contains("count")) {
      metrics[name] = trend_from(m);
    } else {
      metrics[name] = counter_metric{number_in(m, "value"), replicated(m), m.value("replications", std::uint64_t{0})};
    }
  }
  return metrics;
}

/// "gateway[10]" after "gateway[2]".
bool before(std::string const& a, std::string const& b) {
  auto const split = [](std::string const& name) {
    std::size_t const bracket = name.find('[');
    auto const number = bracket == std::string::npos
                            ? std::nullopt
                            : to_number(std::string_view(name).substr(bracket + 1, name.find(']') - bracket - 1));
    return std::tuple(name.substr(0, bracket), number.value_or(-1), name);
  };
  return split(a) < split(b);
}

/// A balancer, or several together.
named_metrics part_from(std::string const& name, json const& written) {
  named_metrics part{name, written.at("kind").get<std::string>(), metrics_from(written.at("metrics")), {}};
  for (auto const& [phase, slice] : written.at("phases").items())
    part.phases[phase] = metrics_from(slice.at("metrics"));
  return part;
}

/// Groups or kinds, in the order of their first balancers, as `of_balancer` says what each balancer belongs to.
/// Summaries of older versions have none.
std::vector<named_metrics> sets_from(json const& root, char const* key, std::vector<named_metrics> const& balancers,
                                     std::string named_metrics::*of_balancer) {
  std::vector<named_metrics> sets;
  json const written = root.value(key, json::object()); // outlives the loop over it
  for (auto const& [name, set] : written.items()) sets.push_back(part_from(name, set));
  auto const place = [&](named_metrics const& set) {
    return std::find_if(balancers.begin(), balancers.end(),
                        [&](named_metrics const& b) { return b.*of_balancer == set.name; });
  };
  std::stable_sort(sets.begin(), sets.end(), [&](auto const& a, auto const& b) { return place(a) < place(b); });
  return sets;
}

void read_slices(json const& root, result& r) {
  for (auto const& [name, phase] : root.at("phases").items()) {
    r.phases.push_back({name, "", metrics_from(phase.at("metrics")), {}});
    if (phase.contains("from_s")) r.phase_spans.push_back({name, phase.at("from_s"), phase.at("to_s")});
  }
  auto const starts = [&](std::string const& name) {
    for (phase_span const& span : r.phase_spans)
      if (span.name == name) return std::pair(span.from_s, span.to_s);
    return std::pair(std::numeric_limits<double>::infinity(), 0.0);
  };
  std::sort(r.phases.begin(), r.phases.end(),
            [&](auto const& a, auto const& b) { return starts(a.name) < starts(b.name); });
  std::sort(r.phase_spans.begin(), r.phase_spans.end(),
            [](auto const& a, auto const& b) { return std::pair(a.from_s, a.to_s) < std::pair(b.from_s, b.to_s); });
  for (auto const& [name, balancer] : root.at("balancers").items()) {
    named_metrics b = part_from(name, balancer);
    b.group = balancer.value("group", "");
    for (json const& m : balancer.value("log", json::array())) b.log.push_back({m.at("text"), m.at("count")});
    if (auto const words = balancer.find("retries_on"); words != balancer.end() && !words->is_null())
      b.retries_on = words->get<std::vector<std::string>>();
    r.balancers.push_back(std::move(b));
  }
  std::sort(r.balancers.begin(), r.balancers.end(),
            [](auto const& a, auto const& b) { return before(a.name, b.name); });
  r.groups = sets_from(root, "groups", r.balancers, &named_metrics::group);
  r.kinds = sets_from(root, "kinds", r.balancers, &named_metrics::kind);
}

void read_judgements(json const& root, result& r) {
  for (json const& i : root.at("invariants")) {
    invariant_result out;
    out.name = i.at("name");
    out.checked = i.at("checked"), out.violations = i.at("violations");
    out.expected_violations = i.value("expected_violations", std::uint64_t{0});
    out.passed = i.at("passed"), out.exercised = i.at("exercised");
    out.examples = i.at("examples").get<std::vector<std::string>>();
    out.by_kind = i.value("by_kind", std::map<std::string, std::uint64_t>{});
    out.note = i.value("note", "");
    r.invariants.push_back(std::move(out));
  }
  for (json const& t : root.at("thresholds")) {
    threshold_result out;
    out.metric = t.at("metric"), out.expression = t.at("expression");
    out.value = optional_number(t, "value");
    out.passed = t.at("passed"), out.undecided = t.value("undecided", false), out.note = t.value("note", "");
    out.confidence_interval = replicated(t);
    out.line = t.value("line", std::size_t{0});
    r.thresholds.push_back(std::move(out));
  }
  for (json const& e : root.at("events")) {
    event_result out;
    out.name = e.at("name"), out.kind = e.at("kind"), out.node = e.value("node", ""),
    out.detail = e.value("detail", "");
    out.at_s = e.at("at_s"), out.done_s = e.value("done_s", out.at_s);
    out.convergence_s = optional_number(e, "convergence_s");
    out.convergence_note = e.value("convergence_note", "");
    out.peak_redirect_ratio = optional_number(e, "peak_redirect_ratio");
    if (auto const requests = optional_number(e, "convergence_requests"))
      out.convergence_requests = static_cast<std::uint64_t>(*requests);
    out.failures_back_s = optional_number(e, "failures_back_s");
    out.failures_back_note = e.value("failures_back_note", "");
    out.latency_back_s = optional_number(e, "latency_back_s");
    out.latency_back_note = e.value("latency_back_note", "");
    out.confidence_intervals = replicated_fields(e);
    out.by_hand = e.value("by_hand", false);
    out.left = e.value("left", false);
    r.events.push_back(std::move(out));
  }
}

topology_facts topology_from(json const& written) {
  topology_facts t{written.at("proxies"), written.at("sols"), {}};
  for (json const& f : written.at("flows"))
    t.flows.push_back({f.at("from"), f.at("to"), f.at("requests"), f.at("redirects"), f.at("failures")});
  return t;
}

load_facts load_from(json const& written) {
  load_facts f;
  f.lagged = written.value("lagged", false);
  f.connections_per_balancer = written.value("connections_per_balancer", std::uint64_t{0});
  f.waited_for_connection = written.value("waited_for_connection", std::uint64_t{0});
  f.cpu_busy = optional_number(written, "cpu_busy");
  return f;
}

replication_facts replications_from(json const& written) {
  replication_facts f;
  f.count = written.at("count");
  f.confidence = written.at("confidence");
  f.wanted_precision = optional_number(written, "wanted_precision");
  f.precision = optional_number(written, "precision");
  f.last = written.value("last", "");
  return f;
}

}

void check_summary(config::document const& document) {
  json const& root = document.root();
  auto const wrong = [&](std::string const& what) { return config::bad_input(document.name() + ": " + what); };
  if (!root.is_object() || !root.contains("schema_version"))
    throw wrong("found no schema_version; allowed: the summary.json of a run");
  if (root.at("schema_version") != summary_schema_version)
    throw wrong("schema_version: found " + root.at("schema_version").dump() +
                "; allowed: " + std::to_string(summary_schema_version) + ", which this crest-sim reads");
  document.validate(json::parse(summary_schema));
}

namespace {

fs::path summary_of(fs::path const& at) {
  std::error_code none;
  if (!fs::is_directory(at, none)) return at;
  fs::path const file = at / "summary.json";
  if (!fs::exists(file, none))
    throw config::bad_input(at.string() + ": found no summary.json in it; allowed: the --out directory of a run");
  return file;
}

}

result read_summary(fs::path const& at) {
  config::document const document = config::document::load(summary_of(at));
  check_summary(document);
  json const& root = document.root();
  result r;
  r.scenario = root.at("scenario"), r.description = root.value("description", ""), r.file = root.value("file", "");
  r.engine = root.at("engine"), r.seed = root.at("seed"), r.duration_s = root.at("duration_s");
  for (verdict const v : {verdict::passed, verdict::failed, verdict::invalid, verdict::interrupted, verdict::error})
    if (verdict_name(v) == root.at("verdict").get<std::string>()) r.verdict = v;
  r.exit_code = root.at("exit_code");
  r.load_as_planned = root.value("load_as_planned", r.verdict != verdict::invalid);
  if (root.contains("topology")) r.topology = topology_from(root.at("topology"));
  if (root.contains("replications")) r.replications = replications_from(root.at("replications"));
  if (root.contains("attempts")) r.attempts = attempts_from(root.at("attempts"));
  if (root.contains("history_hash"))
    r.history_hash = std::strtoull(root.at("history_hash").get_ref<std::string const&>().c_str(), nullptr, 16);
  if (root.contains("provenance")) r.provenance = provenance_from(root.at("provenance"));
  r.next_steps = root.value("next_steps", std::vector<std::string>());
  r.load = load_from(root.value("load", json::object()));
  r.reasons = root.at("reasons").get<std::vector<std::string>>();
  r.notes = root.at("notes").get<std::vector<std::string>>();
  r.differences = root.value("differences", std::vector<std::string>());
  if (r.notes.size() >= r.differences.size()) // they are the first of the notes, too
    r.notes.erase(r.notes.begin(), r.notes.begin() + static_cast<std::ptrdiff_t>(r.differences.size()));
  r.metrics = metrics_from(root.at("metrics"));
  read_slices(root, r);
  read_judgements(root, r);
  if (came_to_nothing(r) || root.contains("of"))
    throw config::bad_input(document.name() + ": found no figures in it" +
                            (r.reasons.empty() ? "" : " (" + one_line(r.reasons.front()) + ")") +
                            "; allowed: the summary.json of a run that came to some");
  return r;
}

result read_with_timeseries(fs::path const& at) {
  result r = read_summary(at);
  csv_table const table = read_csv(summary_of(at).parent_path() / "timeseries.csv");
  auto const from = table.column("from_s"), to = table.column("to_s"), balancer = table.column("balancer"),
             requests = table.column("requests"), redirects = table.column("redirects"),
             failed = table.column("failed"), p50 = table.column("latency_ms_p50"),
             p99 = table.column("latency_ms_p99");
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t row = 0; row != table.rows.size(); ++row) {
    auto const number = [&](std::size_t column, double otherwise) {
      return table.number(row, column).value_or(otherwise);
    };
    auto const count = [&](std::size_t column) { return static_cast<std::uint64_t>(std::max(0.0, number(column, 0))); };
    std::string const& name = table.rows[row][balancer];
    r.timeseries.push_back({number(from, 0), number(to, 0), name == "all" ? "" : name, count(requests),
                            count(redirects), count(failed), number(p50, none), number(p99, none)});
    auto const causes = sim::scenario::failure_causes(); // of which an older file has no columns
    for (std::size_t c = 0; c != causes.size(); ++c)
      if (auto const at_cause = table.find("failed_" + std::string(causes[c])))
        r.timeseries.back().failed_by_cause[c] = count(*at_cause);
  }
  return r;
}

}
