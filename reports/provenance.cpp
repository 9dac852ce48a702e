#include "reports/provenance.hpp"

#include "reports/optional_json.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <cctype>
#include <string_view>

namespace reports {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using sim::records::provenance;

std::string quoted(std::string const& word) {
  auto const plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("@%_+=:,./-").find(c) != std::string::npos;
  };
  bool all = !word.empty();
  for (char const c : word) all = all && plain(c);
  if (all) return word;
  std::string out = "'";
  for (char const c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string cores_of(provenance const& p) { return std::to_string(p.cores) + (p.cores == 1 ? " core" : " cores"); }

std::string machine_of(provenance const& p) {
  std::string text = p.host;
  auto const add = [&](std::string const& what) { text += (text.empty() ? "" : ", ") + what; };
  if (p.cores != 0) add(cores_of(p));
  if (p.load_average_before) add("load average " + fixed(*p.load_average_before, 2) + " before");
  if (p.load_average_after) add(fixed(*p.load_average_after, 2) + " after");
  if (p.cpu_busy_during) add("processors " + fixed(100 * *p.cpu_busy_during, 0) + " % busy during the run");
  return text;
}

}

ordered_json to_json(provenance const& p) {
  json const resolved = p.scenario.empty() ? json(nullptr) : json::parse(p.scenario, nullptr, false);
  return {{"version", p.version},
          {"commit", p.commit},
          {"command", p.command},
          {"overrides", p.overrides},
          {"scenario", resolved.is_discarded() ? ordered_json(nullptr) : ordered_json(resolved)},
          {"scenario_digest", p.scenario_digest},
          {"started", p.started},
          {"ended", p.ended},
          {"host", p.host},
          {"cores", p.cores},
          {"load_average_before", optional_json(p.load_average_before)},
          {"load_average_after", optional_json(p.load_average_after)},
          {"cpu_busy_during", optional_json(p.cpu_busy_during)}};
}

provenance provenance_from(json const& written) {
  provenance p;
  p.version = written.value("version", ""), p.commit = written.value("commit", "");
  p.command = written.value("command", std::vector<std::string>());
  p.overrides = written.value("overrides", std::vector<std::string>());
  if (auto const at = written.find("scenario"); at != written.end() && !at->is_null())
    p.scenario = at->dump(-1, ' ', false, json::error_handler_t::replace);
  p.scenario_digest = written.value("scenario_digest", "");
  p.started = written.value("started", ""), p.ended = written.value("ended", "");
  p.host = written.value("host", ""), p.cores = written.value("cores", 0u);
  p.load_average_before = optional_number(written, "load_average_before");
  p.load_average_after = optional_number(written, "load_average_after");
  p.cpu_busy_during = optional_number(written, "cpu_busy_during");
  return p;
}

std::vector<std::pair<std::string, std::string>> facts_of(provenance const& p) {
  std::string overrides;
  for (std::string const& o : p.overrides) overrides += (overrides.empty() ? "" : " ") + quoted(o);
  std::vector<std::pair<std::string, std::string>> facts;
  auto const add = [&](char const* name, std::string value) {
    if (!value.empty()) facts.emplace_back(name, one_line(value));
  };
  add("command", command_text(p.command));
  add("overrides", overrides);
  add("scenario", p.scenario_digest);
  add("version", version_of(p));
  add("started", p.started);
  add("ended", p.ended);
  add("machine", machine_of(p));
  return facts;
}

std::string version_of(provenance const& p) { return p.version + (p.commit.empty() ? "" : " (" + p.commit + ")"); }

std::string build_of(provenance const& p) { return p.version.empty() ? "" : one_line("crest-sim " + version_of(p)); }

std::string origin_of(provenance const& p, std::string_view engine) {
  std::string text = build_of(p);
  auto const add = [&](std::string const& what) { text += (text.empty() ? "" : ", ") + what; };
  if (!p.scenario_digest.empty()) add("scenario " + p.scenario_digest.substr(0, 16));
  if (engine == "virtual") return one_line(text);
  if (!p.host.empty()) add("on " + p.host);
  if (p.cores != 0) add(cores_of(p));
  if (!p.started.empty()) add(p.started);
  return one_line(text);
}

std::string command_text(std::vector<std::string> const& words) {
  std::string text;
  for (std::string const& word : words) text += (text.empty() ? "" : " ") + quoted(word);
  return text;
}

}
