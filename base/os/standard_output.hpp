#pragma once

#include <memory>
#include <streambuf>
#include <string>
#include <string_view>

namespace os {

/// During its lifetime, output to std::cout goes through it, so that a full disk or a closed pipe is noticed, with the
/// reason. Create one in `main`, before anything is printed. Not thread-safe, like std::cout itself.
class standard_output {
public:
  /// Ignores SIGPIPE, and opens /dev/null for each standard stream that is closed, so that no other file gets its
  /// number.
  standard_output();
  standard_output(standard_output const&) = delete;
  standard_output& operator=(standard_output const&) = delete;
  ~standard_output();

  /// Writes what is left. Empty when all was written, else "cannot write to stdout: No space left on device".
  std::string finish();

private:
  class buffer;
  std::unique_ptr<buffer> buffer_;
  std::streambuf* before_;
};

/// Writes a line to stdout at once, for programs that report to the process that started them. Throws
/// std::runtime_error as above.
void print_line(std::string_view line);

}
