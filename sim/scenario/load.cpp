#include "sim/scenario/load.hpp"

#include "base/config/schema.hpp"
#include "sim/scenario/reading.hpp"
#include "sim/scenario/threshold.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace sim::scenario {
namespace {

/// Balancers that run already must have been told where the proxies will be.
void check_externals(cursor const& root, scenario const& s) {
  if (s.topology.proxies.first_port != 0) return;
  for (balancer_identity const& balancer : balancers_of(s)) {
    if (traits_of(balancer.settings->kind).started_by != launcher::nobody) continue;
    root["topology"]["proxies"].fail("found no first_port, and " + balancer.name +
                                     ", which cannot know ports that are picked for a run; allowed: with first_port");
  }
}

scenario read(config::document document, std::filesystem::path const& file, std::vector<std::string> const& overrides) {
  for (std::string const& assignment : overrides) document.set(assignment);
  return load_document(document, file);
}

/// What the label `kind` or `group` says of a balancer.
std::string_view label_of(balancer_identity const& b, std::string_view label) {
  return label == "kind" ? name_of(b.settings->kind) : std::string_view(b.settings->name);
}

/// Whether a balancer is one of those that the labels name.
bool is_meant(balancer_identity const& b, std::map<std::string, std::string> const& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](auto const& label) {
    if (label.first == "balancer") return b.name == label.second;
    return (label.first != "kind" && label.first != "group") || label_of(b, label.first) == label.second;
  });
}

/// The values that `label` may have in this scenario.
std::vector<std::string> label_values(scenario const& s, std::string_view label) {
  std::vector<std::string> values;
  if (label == "phase") {
    for (phase const& p : s.phases) values.push_back(p.name);
  } else if (label == "balancer") {
    for (balancer_identity const& b : balancers_of(s)) values.push_back(b.name);
  } else if (label == "event") {
    for (event const& e : s.events) values.push_back(e.name);
  } else if (label == "kind" || label == "group") {
    for (balancer_identity const& b : balancers_of(s)) {
      std::string const value(label_of(b, label));
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
  } else if (label == "cause") {
    values.assign(failure_causes().begin(), failure_causes().end());
  } else if (label == "status") { // with which a request fails; registered ones (RFC 9110 and others)
    values = {"401", "500", "501", "502", "503", "504", "505", "506", "507", "508", "510", "511"};
  } else {
    values.assign(redirect_reasons().begin(), redirect_reasons().end());
  }
  return values;
}

void check_labels(cursor const& at, scenario const& s, metric_reference& reference) {
  metric_info const& info = *find_metric(reference.metric);
  if (info.labels == by_event && !reference.labels.contains("event")) {
    if (s.events.size() != 1) {
      at.fail("found '" + reference.metric + "' without an event; allowed: " + reference.metric +
              "{event:NAME}, with " + std::to_string(s.events.size()) + " events in the scenario");
    }
    reference.labels["event"] = s.events.front().name;
  }
  for (auto const& [label, value] : reference.labels) {
    auto const known = label_values(s, label);
    if (std::find(known.begin(), known.end(), value) != known.end()) continue;
    std::string found = "the unknown ";
    found.append(label).append(" '").append(value).append("'");
    at.fail(choice_message(found, known, value));
  }
  auto const balancers = balancers_of(s);
  if (std::none_of(balancers.begin(), balancers.end(), [&](auto const& b) { return is_meant(b, reference.labels); }))
    at.fail("found labels that no balancer has together; allowed: labels of one balancer at least");
}

/// The metric that a key of thresholds names.
metric_reference read_reference(cursor const& at, scenario const& s, std::string const& written) {
  metric_reference reference;
  try {
    reference = parse_metric(written);
  } catch (std::invalid_argument const& e) {
    at.fail(e.what());
  }
  check_labels(at, s, reference);
  return reference;
}

threshold read_threshold(cursor const& at, metric_reference const& reference, std::string const& written) {
  threshold t;
  t.metric = reference.metric;
  t.labels = reference.labels;
  t.written = written;
  t.path = at.path();
  t.line = at.line();
  bool const plain = at.value().is_string();
  t.expression = plain ? at.value().get<std::string>() : at.text("threshold", "");
  if (!plain) {
    t.abort_on_fail = at.flag("abort_on_fail", false);
    t.abort_delay = at.duration("delay", nanoseconds(0));
    if (t.abort_delay > nanoseconds(0) && !t.abort_on_fail) {
      at.fail("found a delay without abort_on_fail; allowed: delay together with \"abort_on_fail\": true");
    }
  }
  try {
    parse_expression(t.expression, find_metric(t.metric)->kind);
  } catch (std::invalid_argument const& e) {
    (plain ? at : at["threshold"]).fail(e.what());
  }
  return t;
}

}

std::string choice_message(std::string const& found, std::vector<std::string> const& allowed, std::string_view word) {
  std::string text = "found " + found + "; allowed: ";
  for (std::size_t i = 0; i < allowed.size() && i < 20; ++i) text += (i == 0 ? "" : ", ") + allowed[i];
  if (allowed.size() > 20) text += ", ...";
  if (allowed.empty()) text += "none";
  return text + config::did_you_mean(word, allowed);
}

std::vector<phase> read_phases(cursor const& root, scenario const& s) {
  if (!root.has("phases")) {
    phase whole;
    whole.name = "run";
    return {whole};
  }
  std::vector<phase> result;
  std::set<std::string> names;
  cursor const phases = root["phases"];
  for (std::size_t i = 0; i < phases.size(); ++i) {
    cursor const at = phases[i];
    phase p;
    p.name = at.text("name", "");
    if (!names.insert(p.name).second)
      at["name"].fail("found \"" + p.name + "\" a second time; allowed: a name for each phase");
    bool const last = i + 1 == phases.size();
    bool const timed = at.has_duration("until"), shared = at.has("until_share");
    if (last && (timed || shared))
      at.fail("found an end of the last phase; allowed: none, it lasts to the end of the run");
    if (!last && timed == shared) {
      at.fail(timed ? "found both 'until' and 'until_share'; allowed: one of them"
                    : "found a phase without an end before the last; allowed: until or until_share");
    }
    if (shared && s.load.kind != load_kind::closed) {
      at["until_share"].fail("found a share of all requests, which only a closed load knows before; allowed: until");
    }
    if (timed) p.until = at.duration("until", p.until);
    if (shared) p.until_share = at.number("until_share", 0);
    if (i > 0 && !last) {
      phase const& before = result.back();
      if (before.until_share.has_value() != shared)
        at.fail("found 'until' and 'until_share' mixed; allowed: one of them for all");
      if (shared ? *p.until_share <= *before.until_share : p.until <= before.until) {
        at.fail("found an end that is not after that of the phase before; allowed: phases in order");
      }
    }
    if (timed && s.load.duration > nanoseconds(0) && p.until >= s.load.duration) {
      at.fail("found an end at or after the end of the load, so that the next phase would be empty; allowed: before " +
              std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(s.load.duration).count()) + " ms");
    }
    result.push_back(std::move(p));
  }
  return result;
}

std::vector<threshold> thresholds_at(config::document const& document, nlohmann::json::json_pointer const& at_path,
                                     scenario const& s, config::faults& found) {
  std::vector<threshold> result;
  cursor const thresholds(document, document.root().at(at_path), at_path);
  for (auto const& item : thresholds.value().items()) {
    cursor const at = thresholds[item.key()];
    metric_reference reference;
    if (!found.good([&] { reference = read_reference(at, s, item.key()); })) continue;
    for (std::size_t i = 0; i < at.size(); ++i)
      found.good([&] { result.push_back(read_threshold(at[i], reference, item.key())); });
  }
  return result;
}

nlohmann::json const& schema() {
  static nlohmann::json const parsed = nlohmann::json::parse(scenario_schema);
  return parsed;
}

namespace {

/// The keys of a document below which a rule of the schema is broken; "" if it is one of the document itself.
std::set<std::string> broken_keys(config::document const& document) {
  std::set<std::string> keys;
  for (config::violation const& v : config::all_violations(document.root(), schema())) {
    std::string const at = v.at.to_string(); // "/load/rate_rps"
    keys.insert(at.substr(std::min<std::size_t>(1, at.size()), at.find('/', 1) - 1));
  }
  return keys;
}

/// Reads a document as far as the schema allows: nothing below the keys in `broken`, nor what depends on them.
partial_scenario read_parts(config::document const& document, std::filesystem::path const& file, config::faults& found,
                            std::set<std::string> const& broken) {
  partial_scenario result;
  if (broken.contains("")) return result;
  cursor const root(document, document.root(), nlohmann::json::json_pointer());
  auto const part = [&](char const* key, auto const& read) { return !broken.contains(key) && found.good(read); };
  scenario s;
  s.file = std::filesystem::absolute(file).lexically_normal();
  std::filesystem::path const directory = s.file.parent_path();
  part("name", [&] { s.name = root.text("name", ""); });
  part("description", [&] { s.description = root.text("description", ""); });
  part("seed", [&] { s.seed = root.has("seed") ? root["seed"].value().get<std::uint64_t>() : s.seed; });
  bool const nodes = part("topology", [&] { s.topology = read_topology(root["topology"], directory); });
  bool const load = part("load", [&] { s.load = read_load(root["load"], directory); });
  if (nodes && load) result.nodes = s;
  bool good = nodes && load && part("population", [&] { s.population = read_population(root, s); });
  good = load && part("phases", [&] { s.phases = read_phases(root, s); }) && good;
  good = nodes && load && part("events", [&] { read_events(root, s, directory); }) && good;
  if (nodes) found.good([&] { check_externals(root, s); });
  if (good && document.root().contains("thresholds") && !broken.contains("thresholds"))
    s.thresholds = thresholds_at(document, nlohmann::json::json_pointer("/thresholds"), s, found);
  bool const timed = part("virtual", [&] { s.simulated = read_virtual(root, directory); });
  if (good && timed) part("partitions", [&] { s.partitions = read_partitions(root, s); });
  result.whole = std::move(s);
  return result;
}

}

scenario load_document(config::document const& document, std::filesystem::path const& file) {
  document.validate(schema());
  config::faults found;
  partial_scenario read = read_parts(document, file, found, {});
  found.throw_first();
  return std::move(*read.whole);
}

partial_scenario read_partially(config::document const& document, std::filesystem::path const& file,
                                config::faults& found) {
  for (std::string const& line : document.broken_rules(schema())) found.add(line);
  config::faults own;
  partial_scenario read = read_parts(document, file, own, broken_keys(document));
  found.add(own);
  if (!found.empty()) read.whole.reset();
  return read;
}

std::optional<scenario> read_document(config::document const& document, std::filesystem::path const& file,
                                      config::faults& found) {
  config::faults own;
  std::optional<scenario> whole = read_partially(document, file, own).whole;
  found.add(own);
  return whole;
}

scenario load_file(std::filesystem::path const& file, std::vector<std::string> const& overrides) {
  return read(config::document::load(file), file, overrides);
}

scenario load_text(std::string_view text, std::filesystem::path const& file,
                   std::vector<std::string> const& overrides) {
  return read(config::document::parse(text, file.string()), file, overrides);
}

}
