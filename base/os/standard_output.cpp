#include "base/os/standard_output.hpp"

#include "base/os/descriptor.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace os {
namespace {

std::string problem_of(int error) { return "cannot write to stdout: " + std::generic_category().message(error); }

/// A closed stdout is opened for reading only, so that writing to it still fails.
void open_what_is_closed() {
  for (int const stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) != -1 || errno != EBADF) continue;
    static_cast<void>(::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY)); // the lowest free number
  }
}

}

/// Blocks to the descriptor; remembers the first error, and discards what is written after it.
class standard_output::buffer : public std::streambuf {
public:
  buffer() { setp(block_.data(), block_.data() + block_.size()); }
  int error() const { return error_; }

protected:
  int_type overflow(int_type c) override {
    if (sync() != 0) return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof())) sputc(traits_type::to_char_type(c));
    return traits_type::not_eof(c);
  }
  int sync() override {
    std::string_view const text(pbase(), static_cast<std::size_t>(pptr() - pbase()));
    if (error_ == 0) error_ = write_all(STDOUT_FILENO, text);
    setp(block_.data(), block_.data() + block_.size());
    return error_ == 0 ? 0 : -1;
  }

private:
  std::array<char, 1 << 14> block_;
  int error_ = 0;
};

standard_output::standard_output() {
  open_what_is_closed();
  std::signal(SIGPIPE, SIG_IGN);
  buffer_ = std::make_unique<buffer>();
  before_ = std::cout.rdbuf(buffer_.get());
}

standard_output::~standard_output() {
  std::cout.flush();
  std::cout.rdbuf(before_);
}

std::string standard_output::finish() {
  std::cout.flush();
  return buffer_->error() == 0 ? "" : problem_of(buffer_->error());
}

void print_line(std::string_view line) {
  if (int const error = write_all(STDOUT_FILENO, std::string(line) + "\n")) throw std::runtime_error(problem_of(error));
}

}
