#pragma once

#include <memory>
#include <streambuf>
#include <string>
#include <string_view>

namespace files {

/// While it lives, what is printed to std::cout is written here, so that a full disk or a reader that has gone is known
/// with its reason. Make one in `main`, before anything is printed. Not thread-safe, as std::cout itself.
class standard_output {
public:
  /// Ignores SIGPIPE, and opens /dev/null where a standard stream is closed, lest another file get its number.
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

/// A line to stdout at once, for programs that tell their starter something. Throws std::runtime_error as above.
void print_line(std::string_view line);

}
