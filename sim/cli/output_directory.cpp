#include "sim/cli/output_directory.hpp"

#include "base/config/document.hpp"
#include "base/os/machine.hpp"
#include "reports/reports.hpp"
#include "reports/suite.hpp"
#include "sim/cli/closing_line.hpp"

#include <cstdio>
#include <iostream>
#include <stdexcept>

namespace sim::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t room_of_failure = 512u << 10;

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

/// Before a run that would end for want of it.
void check_room(fs::path const& directory, std::uint64_t needed) {
  auto const room = os::room_in(directory);
  if (room && *room < needed)
    throw std::runtime_error("the disk of " + directory.string() + " is full: " + megabytes(*room) +
                             " are free, about " + megabytes(needed) + " are needed; free some, or name another --out");
}

/// What an exception says, and the exit code that it leads to.
std::pair<std::string, int> told_by(std::exception_ptr const& why) {
  try {
    std::rethrow_exception(why);
  } catch (config::bad_input const& error) {
    return {error.what(), records::exit_bad_input};
  } catch (os::directory_in_use const& error) {
    return {error.what(), records::exit_bad_input};
  } catch (std::exception const& error) {
    return {error.what(), records::exit_could_not_run};
  } catch (...) {
    return {"unknown error", records::exit_could_not_run};
  }
}

os::directory_claim told(os::directory_claim claim, fs::path const& of) {
  if (!claim.locked())
    std::cerr << "crest-sim: " << of.string() << ": its file system has no locks: nobody else may use it\n";
  return claim;
}

}

os::directory_claim claim_directory(fs::path const& directory) {
  return told(os::directory_claim::alone(directory), directory);
}

os::directory_claim claim_file(fs::path const& file) { return told(os::directory_claim::of_file(file), file); }

output_directory::output_directory(std::string const& named, std::vector<std::string> files, records::result about)
  : path_(named)
  , files_(std::move(files))
  , about_(std::move(about)) {}

void output_directory::take(fs::path const& usual, std::uint64_t room) {
  if (path_.empty()) path_ = usual;
  take(path_, room, claim_directory(path_));
}

void output_directory::take(fs::path const& usual, std::uint64_t room, os::directory_claim claim) {
  if (path_.empty()) path_ = usual;
  claim_.emplace(std::move(claim));
  work([&] {
    remove_earlier();
    check_room(path_, room);
    for_failure_.emplace(path_, room_of_failure);
  });
}

void output_directory::remove_earlier_suite() const {
  for (std::string const& name : reports::directories_of_suite(path_)) {
    fs::path const member = path_ / name;
    std::error_code ignored;
    for (std::string const& file : files_) fs::remove(member / file, ignored);
    fs::remove(member, ignored); // if nothing else is there
  }
}

void output_directory::remove_earlier() const {
  remove_earlier_suite();
  for (std::string const& name : files_) {
    std::error_code error;
    fs::remove(path_ / name, error);
    if (error) throw std::runtime_error("cannot remove the older " + (path_ / name).string() + ": " + error.message());
  }
}

records::provenance output_directory::provenance() const {
  records::provenance p = facts_.now();
  if (!about_.provenance) return p;
  p.overrides = about_.provenance->overrides;
  p.scenario = about_.provenance->scenario;
  p.scenario_digest = about_.provenance->scenario_digest;
  return p;
}

void output_directory::tell_where() const {
  if (!part_) closing_line() = "report: " + path_.string();
}

records::result output_directory::result_of(std::exception_ptr const& why) const {
  auto const [text, exit_code] = told_by(why);
  return ended(records::verdict::error, exit_code, text);
}

records::result output_directory::ended(records::verdict verdict, int exit_code, std::string const& why) const {
  records::result r = about_;
  r.verdict = verdict, r.exit_code = exit_code, r.reasons = {why}, r.load_as_planned = false;
  r.provenance = provenance();
  return r;
}

void output_directory::report_refusal(std::exception_ptr const& why) noexcept {
  if (path_.empty()) return;
  try {
    claim_.emplace(os::directory_claim::alone(path_));
  } catch (...) { // somebody works there, or nobody can: what is wrong with the input is what the user is told
    return;
  }
  report_failure(why);
}

void output_directory::report_failure(std::exception_ptr const& why) noexcept {
  try {
    report("run", result_of(why));
  } catch (...) {
  }
}

void output_directory::report_interruption(std::string_view of, std::string const& why) noexcept {
  try {
    report(of, ended(records::verdict::interrupted, records::exit_interrupted, why));
  } catch (...) {
  }
}

void output_directory::report(std::string_view of, records::result const& r) noexcept {
  if (files_.empty()) return;
  for_failure_.reset();
  try {
    for (std::string const& name : files_) { // what is left of them belongs to nothing
      std::error_code ignored;
      fs::remove(path_ / name, ignored);
    }
    std::string const text = reports::summary_text(r);
    auto const written = of == "run" ? reports::write_all(r, path_) : reports::write_verdict(r, of, text, {}, path_);
    failed_ = true;
    if (written.lost.empty()) tell_where();
  } catch (...) { // what ended the command is what the user is told
  }
}

}
