#pragma once

#include "reports/suite.hpp"
#include "sim/records/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// What CI systems show of results beside their files. Everything here is text made of results; who calls it knows the
/// clock, the environment and the files.
namespace reports::ci {

enum class provider : std::uint8_t { github, gitlab };

constexpr std::string_view name_of(provider value) {
  switch (value) {
  case provider::github:
    return "github";
  case provider::gitlab:
    return "gitlab";
  }
  return {};
}

/// What an annotation is about.
enum class finding : std::uint8_t { threshold, invariant, invalid, could_not_run, interrupted, retried };

constexpr std::string_view name_of(finding value) {
  switch (value) {
  case finding::threshold:
    return "threshold";
  case finding::invariant:
    return "invariant";
  case finding::invalid:
    return "invalid";
  case finding::could_not_run:
    return "could-not-run";
  case finding::interrupted:
    return "interrupted";
  case finding::retried:
    return "retried";
  }
  return {};
}

/// A remark at a line of a scenario's file.
struct annotation {
  finding about = finding::threshold;
  std::string file;     // from the repository's root on
  std::size_t line = 0; // from 1; 0: of the whole file
  std::string title;    // one line
  std::string message;  // may have several
  std::string subject;  // what in the file it is about: "redirect_ratio <0.16"; no figure that differs between runs
};

/// What is to be said of a run: each failed threshold at its line, each broken invariant, why it is invalid or came to
/// nothing, and attempts that were made again. Nothing of a run that passed at once. `title`: of the scenario. `file`:
/// as messages name it, which begin with "FILE:LINE: " where they are about a line. `path`: as the repository has it.
std::vector<annotation> annotations_of(sim::records::result const& result, std::string const& title,
                                       std::string const& file, std::string const& path);

/// A line for each, as GitHub's runner reads them from the output: `::error file=…,line=…,title=…::…`.
std::string workflow_commands(std::vector<annotation> const& annotations);

/// GitLab's code quality report: a JSON array. A fingerprint is `digest` of what an annotation is about, so the same
/// finding has the same one in every run, wherever its line has moved to and whatever was measured.
std::string code_quality(std::vector<annotation> const& annotations,
                         std::function<std::string(std::string const&)> const& digest);

/// `text` as a section of the job's log that can be opened and closed. `id`: of letters, digits, '-', '_' and '.', once
/// in a log. `unix_s`: now. `token`: random; lines of `text` are no commands, whatever they say, as long as it does not
/// have that.
std::string section(provider system, std::string const& id, std::string const& title, std::string const& text,
                    std::int64_t unix_s, std::string const& token);

/// In markdown: the verdict, a table of the scenarios, and for each its thresholds and what else was found.
/// At most `longest` bytes, of whole lines.
std::string step_summary(suite const& s, std::size_t longest = 1'000'000);

/// The same of one run.
std::string step_summary(sim::records::result const& result, std::size_t longest = 1'000'000);

}
