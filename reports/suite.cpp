#include "reports/suite.hpp"

#include "base/config/document.hpp"
#include "base/config/joined.hpp"
#include "reports/attempts.hpp"
#include "reports/junit.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace reports {
namespace {

namespace fs = std::filesystem;
using namespace sim::records;
using json = nlohmann::ordered_json;

constexpr std::size_t longest_reason = 160;

bool passed(suite_member const& m) { return !m.not_run && m.result.verdict == verdict::passed; }

/// Why a member did not pass, and that it took more than one attempt.
std::string remark_of(suite_member const& m) {
  if (m.not_run) return one_line(*m.not_run);
  std::string text = attempt_text(m.result);
  if (passed(m)) return text;
  std::vector<std::string> reasons;
  for (std::string const& reason : m.result.reasons) reasons.push_back(one_line(reason));
  return text + (text.empty() || reasons.empty() ? "" : "; ") + config::joined(reasons, "; ");
}

std::string count_of_members(suite const& s) {
  std::vector<verdict> verdicts;
  for (suite_member const& m : s.members)
    if (!m.not_run) verdicts.push_back(m.result.verdict);
  std::size_t const missing = s.members.size() - verdicts.size();
  std::string const text = counts_of(verdicts);
  return text + (missing == 0 ? "" : (text.empty() ? "" : ", ") + std::to_string(missing) + " not run");
}

json scenarios_of(suite const& s) {
  json all = json::array();
  for (suite_member const& m : s.members) {
    result const& r = m.result;
    json one = {{"scenario", r.scenario},
                {"file", file_name(r.file)},
                {"directory", m.directory},
                {"engine", r.engine},
                {"verdict", verdict_name(m)},
                {"exit_code", m.not_run ? json(nullptr) : json(r.exit_code)},
                {"reasons", m.not_run ? std::vector<std::string>{*m.not_run} : r.reasons},
                {"duration_s", r.duration_s}};
    if (r.attempts) one["attempts"] = to_json(*r.attempts);
    all.push_back(std::move(one));
  }
  return all;
}

/// Whether all were run, as a test suite of its own: where none of them failed, something must say that some are
/// missing.
junit::suite completeness(suite const& s) {
  std::vector<std::string> missing;
  for (suite_member const& m : s.members)
    if (m.not_run) missing.push_back(title_of(s, m) + ": not run");
  bool const complete = s.whole.verdict != verdict::interrupted && missing.empty();
  result all = s.whole;
  all.load_as_planned = true;
  junit::suite out = junit::suite_of(all, all.scenario);
  std::string const why = all.verdict == verdict::interrupted ? "interrupted" : "not all were run";
  test_case c{"suite",
              "every scenario was run",
              complete ? "" : "error",
              complete ? "" : why,
              complete ? "" : config::joined(missing, "\n"),
              complete ? "" : why};
  out.cases = {std::move(c)};
  out.duration_s = 0; // the others have it
  return out;
}

std::string name_in_directory(json const& of) {
  auto const at = of.find("directory");
  if (at == of.end() || !at->is_string()) return {};
  std::string const name = at->get<std::string>();
  bool const inside = !name.empty() && name.find('/') == std::string::npos && name != "." && name != "..";
  return inside ? name : std::string();
}

}

std::string_view verdict_name(suite_member const& m) { return m.not_run ? "not run" : verdict_name(m.result.verdict); }

std::string title_of(suite const& s, suite_member const& member) {
  auto const same = std::count_if(s.members.begin(), s.members.end(), [&](suite_member const& other) {
    return other.result.scenario == member.result.scenario;
  });
  return same == 1 ? member.result.scenario : member.result.scenario + " (" + member.directory + ")";
}

void conclude(suite& s) {
  for (suite_member const& m : s.members) {
    s.whole.duration_s += m.result.duration_s;
    if (m.not_run) continue;
    s.whole.verdict = worse(s.whole.verdict, m.result.verdict);
    s.whole.exit_code = worse(s.whole.exit_code, m.result.exit_code);
    s.whole.load_as_planned = s.whole.load_as_planned && m.result.load_as_planned;
    if (!passed(m))
      s.whole.reasons.push_back(title_of(s, m) + ": " +
                                (m.result.reasons.empty()
                                     ? std::string(verdict_name(m))
                                     : verdict_because(m.result.verdict, m.result.reasons.front())));
  }
}

std::string suite_text(suite const& s) {
  std::size_t widest = 0, widest_engine = 0, widest_verdict = 0;
  for (suite_member const& m : s.members) {
    widest = std::max(widest, title_of(s, m).size());
    widest_engine = std::max(widest_engine, m.result.engine.size());
    widest_verdict = std::max(widest_verdict, verdict_name(m).size());
  }
  std::string text = one_line(s.whole.scenario) + "\n";
  for (suite_member const& m : s.members) {
    std::string const remark = cut(remark_of(m), longest_reason), verdict(verdict_name(m));
    text += "  " + padded(one_line(title_of(s, m)), widest) + "  " + padded(m.result.engine, widest_engine) + "  " +
            (remark.empty() ? verdict : padded(verdict, widest_verdict) + "  " + remark) + "\n";
  }
  return printable(text + count_of_members(s) + "; exit code " + std::to_string(s.whole.exit_code) + "\n");
}

std::string suite_json(suite const& s) {
  json out = json::parse(summary_json(s.whole, "suite"));
  out["scenarios"] = scenarios_of(s);
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string suite_junit(suite const& s) {
  std::vector<junit::suite> all;
  for (suite_member const& m : s.members) {
    all.push_back(junit::suite_of(m.result, title_of(s, m)));
    if (m.not_run) all.back().cases = {{"run", "the run is valid", "skipped", "not run", *m.not_run, "not run"}};
  }
  all.push_back(completeness(s));
  return junit::xml(all);
}

std::vector<std::string> directories_of_suite(fs::path const& directory) noexcept {
  std::vector<std::string> names;
  try {
    config::document const document = config::document::load(directory / "summary.json");
    if (document.root().value("of", "") != "suite") return names;
    for (auto const& one : document.root().at("scenarios"))
      if (std::string name = name_in_directory(one); !name.empty()) names.push_back(std::move(name));
  } catch (std::exception const&) { // no summary, or none of ours
  }
  return names;
}

}
