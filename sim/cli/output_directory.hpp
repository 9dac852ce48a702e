#pragma once

#include "base/os/directory_claim.hpp"
#include "base/os/reserved_room.hpp"
#include "sim/cli/run_facts.hpp"
#include "sim/records/result.hpp"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sim::cli {

/// `os::directory_claim::alone`, and a line on stderr where it means nothing.
os::directory_claim claim_directory(std::filesystem::path const& directory);
/// The same of one file.
os::directory_claim claim_file(std::filesystem::path const& file);

/// The directory of a command's results. It has one user at a time, what is in it belongs to the command that was given
/// last, and it says what became of that command, however it ends: an older result beside a new failure would be read
/// as the new one's, and so would none.
///
/// A command first reads its input with `read`, then calls `take`, then works within `work`.
class output_directory {
public:
  /// `named`: --out; may be empty. `files`: all names that the command writes into the directory;
  /// none: it shares the directory, and reports nothing there. `about`: what is known
  /// of the command before its input is read; its scenario, engine, seed and overrides.
  output_directory(std::string const& named, std::vector<std::string> files, records::result about);

  /// What `read` returns. If it throws, --out has a report of that, in place of an older one, if it can.
  template<class Read>
  auto read(Read const& read) {
    return reported(read, &output_directory::report_refusal);
  }

  /// Claims the directory, which is `usual` without --out. Throws `os::directory_in_use`, in which case nothing was
  /// touched, and std::runtime_error if it cannot be written into, if less than `room` bytes are free, or if a file of
  /// an earlier command cannot be removed; its report says so, if it can.
  void take(std::filesystem::path const& usual, std::uint64_t room);
  /// The same with a claim that is held already.
  void take(std::filesystem::path const& usual, std::uint64_t room, os::directory_claim claim);

  /// What `work` returns. If it throws, the report says so.
  template<class Work>
  auto work(Work const& work) {
    return reported(work, &output_directory::report_failure);
  }

  std::filesystem::path const& path() const { return path_; }
  /// Of the command; may be completed as more becomes known.
  records::result& about() { return about_; }
  records::result const& about() const { return about_; }
  /// What ran, as far as it is known; ends now.
  records::provenance provenance() const;
  /// A report that says that a signal ended a "sweep" or "plan", and nothing else.
  void report_interruption(std::string_view of, std::string const& why) noexcept;
  /// Lets the last line that the program prints say where the report is.
  void tell_where() const;
  /// It is a part of another one, of which that is told.
  void be_part() { part_ = true; }
  /// What the report says of a command that `why` ended.
  records::result result_of(std::exception_ptr const& why) const;
  /// Whether the report says what became of a command that threw. The claim is held on.
  bool has_failure() const { return failed_; }

private:
  template<class Step>
  auto reported(Step const& step, void (output_directory::*tell)(std::exception_ptr const&) noexcept) {
    try {
      return step();
    } catch (...) {
      (this->*tell)(std::current_exception());
      throw;
    }
  }
  void report_refusal(std::exception_ptr const& why) noexcept;
  void report_failure(std::exception_ptr const& why) noexcept;
  void report(std::string_view of, records::result const& r) noexcept;
  records::result ended(records::verdict verdict, int exit_code, std::string const& why) const;
  void remove_earlier() const;
  void remove_earlier_suite() const;

  run_facts facts_;
  std::filesystem::path path_; // empty: not known
  std::vector<std::string> files_;
  records::result about_;
  std::optional<os::directory_claim> claim_;
  std::optional<os::reserved_room> for_failure_; // what the report of one takes, should the disk be full then
  bool part_ = false, failed_ = false;
};

/// Room that the reports of a command take, when nothing else is known of it.
inline constexpr std::uint64_t room_of_reports = 2u << 20;

}
