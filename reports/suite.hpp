#pragma once

#include "reports/reports.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// Several scenarios that were run by one command: one summary, one junit.xml.
namespace reports {

struct suite_member {
  std::string directory; // of its own report, within the suite's; no two have the same
  sim::records::result result;
  std::optional<std::string> not_run = std::nullopt; // why it was not begun; the result has nothing then
};

struct suite {
  sim::records::result whole; // without figures; see `conclude`
  std::vector<suite_member> members;
};

/// Makes `whole` what its members are together: the worst verdict and exit code, and why those that did not pass did
/// not. A whole that is worse already stays so.
void conclude(suite& s);

/// For people: a line for each scenario, why it did not pass, and how many of each verdict there are.
std::string suite_text(suite const& s);

/// summary.json: as of one run, without figures, with `scenarios`.
std::string suite_json(suite const& s);

/// A test suite for each scenario, and one that says whether all of them were run.
std::string suite_junit(suite const& s);

/// Writes summary.txt, summary.json and junit.xml of the suite as `write_verdict` does.
written write_suite(suite const& s, std::filesystem::path const& directory);

/// The directories of the members of an earlier suite, by the summary.json in `directory`: names without '/'. Empty
/// where there is no suite's.
std::vector<std::string> directories_of_suite(std::filesystem::path const& directory) noexcept;

/// What a scenario is called in its suite: its name, with the directory behind it where another has that name, too.
std::string title_of(suite const& s, suite_member const& member);

/// "passed", …; "not run".
std::string_view verdict_name(suite_member const& member);

}
