#include "base/config/document.hpp"
#include "reports/traces/traces.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

namespace reports::traces {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using sim::records::request_trace;
using sim::records::trace_facts;
using sim::records::trace_step;

namespace {

constexpr char const* how_to_make = "; allowed: the directory of a single run (run FILE, with --engine virtual up to a "
                                    "million requests or --detail full, and not --keep-requests 0)";

ordered_json json_of(trace_facts const& facts) {
  ordered_json pairs = ordered_json::array(); // a fact may come twice
  for (auto const& [what, value] : facts) pairs.push_back(ordered_json::array({what, value}));
  return pairs;
}

ordered_json json_of(trace_step const& step) {
  ordered_json json{{"node", step.node}, {"what", step.what}, {"at_ns", step.at_ns}};
  if (!step.facts.empty()) json["facts"] = json_of(step.facts);
  if (!step.then.empty()) json["then"] = step.then;
  if (step.until_ns) json["until_ns"] = *step.until_ns;
  if (!step.outcome.empty()) json["outcome"] = json_of(step.outcome);
  return json;
}

ordered_json json_of(request_trace const& t) {
  ordered_json json{{"request", t.request}, {"method", t.method}, {"target", t.target}};
  if (t.character) json["character"] = *t.character;
  if (!t.phase.empty()) json["phase"] = t.phase;
  json["balancer"] = t.balancer;
  json["outcome"] = t.outcome;
  if (!t.failed.empty()) json["failed"] = t.failed;
  if (t.status != 0) json["status"] = t.status;
  json["due_ns"] = t.due_ns;
  if (t.latency_ns) json["latency_ns"] = *t.latency_ns;
  json["redirects"] = t.redirects;
  json["retries"] = t.retries;
  json["steps"] = ordered_json::array();
  for (trace_step const& step : t.steps) json["steps"].push_back(json_of(step));
  json["not_recorded"] = t.not_recorded;
  return json;
}

trace_facts facts_of(ordered_json const& json, char const* key) {
  return json.contains(key) ? json.at(key).get<trace_facts>() : trace_facts{};
}

trace_step step_of(ordered_json const& json) {
  trace_step step{json.at("node").get<std::string>(), json.at("what").get<std::string>(),
                  json.at("at_ns").get<std::int64_t>()};
  step.facts = facts_of(json, "facts");
  step.then = json.value("then", std::string());
  if (json.contains("until_ns")) step.until_ns = json.at("until_ns").get<std::int64_t>();
  step.outcome = facts_of(json, "outcome");
  return step;
}

request_trace trace_of(ordered_json const& json) {
  request_trace t;
  t.request = json.at("request").get<std::uint64_t>();
  t.method = json.at("method").get<std::string>();
  t.target = json.at("target").get<std::string>();
  if (json.contains("character")) t.character = json.at("character").get<std::uint32_t>();
  t.phase = json.value("phase", std::string());
  t.balancer = json.at("balancer").get<std::string>();
  t.outcome = json.at("outcome").get<std::string>();
  t.failed = json.value("failed", std::string());
  t.status = json.value("status", std::uint16_t{0});
  t.due_ns = json.at("due_ns").get<std::int64_t>();
  if (json.contains("latency_ns")) t.latency_ns = json.at("latency_ns").get<std::int64_t>();
  t.redirects = json.at("redirects").get<std::vector<std::string>>();
  t.retries = json.at("retries").get<std::uint32_t>();
  for (ordered_json const& step : json.at("steps")) t.steps.push_back(step_of(step));
  t.not_recorded = json.at("not_recorded").get<std::vector<std::string>>();
  return t;
}

std::string dumped(ordered_json const& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

[[noreturn]] void refuse(fs::path const& file, std::uint64_t line, std::string const& what) {
  throw config::bad_input(file.string() + ":" + std::to_string(line) + ": " + what);
}

/// Calls `use` with each line after the first and its number, until that returns false.
template<class Use>
void each_line(source const& from, Use const& use) {
  std::ifstream in(from.file);
  std::string line;
  std::uint64_t number = 0;
  while (std::getline(in, line))
    if (++number > 1 && !use(line, number)) return;
}

request_trace read(source const& from, std::string const& line, std::uint64_t number) {
  try {
    return trace_of(ordered_json::parse(line));
  } catch (nlohmann::json::exception const& error) {
    refuse(from.file, number, std::string("found what is no request of a run: ") + error.what());
  }
}

source opened(fs::path const& file) {
  source from{file, {}, {}};
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) throw config::bad_input(file.string() + ": cannot be read, or is empty");
  try {
    auto const json = ordered_json::parse(line);
    int const version = json.at("requests_schema").get<int>();
    if (version != schema_version)
      refuse(file, 1,
             "requests_schema: found " + std::to_string(version) + "; allowed: " + std::to_string(schema_version));
    from.scenario = json.at("scenario").get<std::string>();
    from.engine = json.at("engine").get<std::string>();
    from.kept = json.at("kept").get<std::uint64_t>();
    from.of = json.at("of").get<std::uint64_t>();
  } catch (nlohmann::json::exception const&) {
    refuse(file, 1, std::string("found what is no ") + file_name + " of a run" + how_to_make);
  }
  return from;
}

fs::path newest_of_runs() {
  fs::path newest;
  fs::file_time_type newest_time;
  std::error_code none;
  for (auto const& run : fs::directory_iterator("out", none)) {
    fs::path const file = run.path() / file_name;
    auto const time = fs::last_write_time(file, none);
    if (none || (!newest.empty() && time <= newest_time)) continue;
    newest = file, newest_time = time;
  }
  if (newest.empty()) throw config::bad_input(std::string("no run in out/ has a ") + file_name + how_to_make);
  return newest;
}

}

std::string kept_text(sim::records::kept_requests const& kept) {
  std::string text = dumped({{"requests_schema", schema_version},
                             {"scenario", kept.scenario},
                             {"engine", kept.engine},
                             {"seed", kept.seed},
                             {"kept", kept.traces.size()},
                             {"of", kept.of}});
  for (request_trace const& t : kept.traces) text += dumped(json_of(t));
  return text;
}

source find(fs::path const& at) {
  if (at.empty()) return opened(newest_of_runs());
  std::error_code none;
  if (!fs::exists(at, none)) throw config::bad_input(at.string() + ": no such file or directory" + how_to_make);
  if (!fs::is_directory(at, none)) return opened(at);
  if (!fs::exists(at / file_name, none)) throw config::bad_input(at.string() + ": has no " + file_name + how_to_make);
  return opened(at / file_name);
}

void each(source const& from, std::function<void(request_trace const&, std::string const&)> const& use) {
  each_line(from, [&](std::string const& line, std::uint64_t number) {
    use(read(from, line, number), line);
    return true;
  });
}

found one(source const& from, std::uint64_t request) {
  std::string const begin = "{\"request\":" + std::to_string(request) + ",";
  std::optional<found> it;
  each_line(from, [&](std::string const& line, std::uint64_t number) {
    if (line.starts_with(begin)) it = found{read(from, line, number), line};
    return !it;
  });
  if (it) return std::move(*it);
  std::string const of = std::to_string(from.of);
  if (from.kept == from.of) // ids count up from 1, but one that is due is not always sent
    throw config::bad_input(from.file.string() + ": found no request " + std::to_string(request) +
                            " among all that the run sent, " + of);
  throw config::bad_input(from.file.string() + ": request " + std::to_string(request) + " was not kept: the file has " +
                          std::to_string(from.kept) + " of " + of + "; run again with --keep-requests all");
}

}
