#include "reports/attempts.hpp"
#include "reports/ci/ci.hpp"
#include "reports/markdown.hpp"
#include "reports/provenance.hpp"
#include "reports/wording.hpp"

namespace reports::ci {
namespace {

using namespace sim::records;

std::string sign_of(std::string_view verdict) {
  return (verdict == "passed" ? "✅ " : verdict == "not run" ? "⚪ " : "❌ ") + std::string(verdict);
}

std::string why(suite_member const& m) {
  if (m.not_run) return markdown_text(*m.not_run);
  std::string text = markdown_text(attempt_text(m.result));
  if (m.result.verdict == verdict::passed) return text;
  for (std::string const& reason : m.result.reasons) text += (text.empty() ? "" : "<br>") + markdown_text(reason);
  return text;
}

std::string row(suite const& s, suite_member const& m) {
  return "| " + markdown_text(title_of(s, m)) + " | " + m.result.engine + " | " + sign_of(verdict_name(m)) + " | " +
         (m.not_run ? "" : fixed(m.result.duration_s, 1) + " s") + " | " + why(m) + " |\n";
}

std::string thresholds_of(result const& r) {
  if (r.thresholds.empty()) return "";
  std::string out = "\n| threshold | found | | |\n| --- | ---: | --- | --- |\n";
  for (threshold_result const& t : r.thresholds)
    out += "| " + markdown_text(t.metric + " " + t.expression) + " | " +
           (t.value ? short_number(*t.value) : "no value") + " | " + (t.passed ? "✅" : "❌") + " | " +
           markdown_text(t.note) + " |\n";
  return out;
}

std::string listed(std::string const& title, std::vector<std::string> const& items) {
  if (items.empty()) return "";
  std::string out = "\n" + title + "\n\n";
  for (std::string const& item : items) out += "- " + markdown_text(item) + "\n";
  return out;
}

std::string details_of(result const& r) {
  std::vector<std::string> broken;
  for (invariant_result const& i : r.invariants)
    if (!i.passed) broken.push_back(i.name + ": " + violations_text(i));
  std::string out = thresholds_of(r) + listed("Invariants that do not hold:", broken) +
                    listed("Not as theory has it:", r.differences) + listed("What to do next:", r.next_steps);
  if (r.attempts)
    for (std::size_t i = 0; i != r.attempts->invalid.size(); ++i)
      out += listed("Attempt " + std::to_string(i + 1) + " was invalid:", r.attempts->invalid[i].reasons);
  return out;
}

/// Whole lines of it, and that there were more.
std::string within(std::string text, std::size_t longest) {
  std::string const more = "\n(Cut here: too long for a step summary.)\n";
  if (text.size() <= longest) return text;
  std::size_t const room = longest > more.size() ? longest - more.size() : 0;
  std::size_t const end = room == 0 ? std::string::npos : text.rfind('\n', room - 1);
  return (end == std::string::npos ? "" : text.substr(0, end + 1)) + more;
}

std::string heading(result const& r) {
  return "### " + markdown_text(r.scenario) + ": " + sign_of(verdict_name(r.verdict)) + ", exit code " +
         std::to_string(r.exit_code) + "\n";
}

std::string ran(result const& r) {
  if (!r.provenance) return "";
  return "\nBy " + markdown_text(build_of(*r.provenance)) + ": " + markdown_text(command_text(r.provenance->command)) +
         "\n";
}

}

std::string step_summary(suite const& s, std::size_t longest) {
  std::string out =
      heading(s.whole) + "\n| scenario | engine | verdict | load | why |\n| --- | --- | --- | ---: | --- |\n";
  for (suite_member const& m : s.members) out += row(s, m);
  for (suite_member const& m : s.members)
    if (std::string const details = details_of(m.result); !m.not_run && !details.empty())
      out += "\n<details><summary>" + markdown_text(title_of(s, m)) + "</summary>\n" + details + "\n</details>\n";
  return within(out + ran(s.whole), longest);
}

std::string step_summary(result const& r, std::size_t longest) {
  std::string out = heading(r);
  if (std::string const attempt = attempt_text(r); !attempt.empty()) out += "\n" + attempt + "\n";
  if (r.verdict != verdict::passed) out += listed("Why it did not pass:", r.reasons);
  return within(out + details_of(r) + ran(r), longest);
}

}
