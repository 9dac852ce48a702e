#include "sim/scenario/log_file.hpp"

#include "base/config/document.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace sim::scenario {
namespace {

namespace fs = std::filesystem;

/// What gzip packed, member after member.
class gzip_text : public std::streambuf {
public:
  gzip_text(std::ifstream packed, fs::path file)
    : packed_(std::move(packed))
    , file_(std::move(file)) {
    constexpr int gzip_of_any_window = 15 + 16;
    if (::inflateInit2(&state_, gzip_of_any_window) != Z_OK) throw std::bad_alloc();
  }
  ~gzip_text() override { ::inflateEnd(&state_); }
  gzip_text(gzip_text const&) = delete;
  gzip_text& operator=(gzip_text const&) = delete;

private:
  int_type underflow() override {
    if (gptr() < egptr()) return traits_type::to_int_type(*gptr());
    if (over_) return traits_type::eof();
    state_.next_out = reinterpret_cast<unsigned char*>(text_.data());
    state_.avail_out = static_cast<unsigned>(text_.size());
    while (state_.avail_out == text_.size() && !over_) unpack();
    is_first_ = begin_ == 0;
    std::size_t const size = text_.size() - state_.avail_out;
    begin_ += size;
    setg(text_.data(), text_.data(), text_.data() + size);
    return size == 0 ? traits_type::eof() : traits_type::to_int_type(*gptr());
  }

  void unpack() {
    if (state_.avail_in == 0 && !fill()) {
      if (!at_member_end_) fail("ends in its middle");
      over_ = true;
      return;
    }
    if (at_member_end_) ::inflateReset(&state_);
    int const result = ::inflate(&state_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) fail("is damaged");
    at_member_end_ = result == Z_STREAM_END;
  }

  bool fill() {
    packed_.read(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
    state_.next_in = reinterpret_cast<unsigned char*>(bytes_.data());
    state_.avail_in = static_cast<unsigned>(packed_.gcount());
    return state_.avail_in > 0;
  }

  [[noreturn]] void fail(char const* what) const {
    throw config::bad_input(file_.string() + ": found a gzip file that " + what + "; allowed: a whole one");
  }

  /// Within the first block only.
  pos_type seekpos(pos_type to, std::ios_base::openmode) override {
    auto const at = static_cast<std::streamoff>(to);
    if (begin_ == 0 && at == 0) return to;
    if (!is_first_ || at < 0 || at > egptr() - eback()) return pos_type(off_type(-1));
    setg(eback(), eback() + at, egptr());
    return to;
  }

  std::ifstream packed_;
  fs::path file_;
  z_stream state_{};
  std::array<char, 65536> bytes_{}, text_{};
  std::size_t begin_ = 0; // text bytes before what is after the present block
  bool is_first_ = false, at_member_end_ = false, over_ = false;
};

class gzip_stream : public std::istream {
public:
  gzip_stream(std::ifstream packed, fs::path const& file)
    : std::istream(nullptr)
    , text_(std::move(packed), file) {
    rdbuf(&text_);
    exceptions(std::ios::badbit); // what the buffer throws is passed on
  }

private:
  gzip_text text_;
};

/// A file without a name that has all of stdin; the same each time.
fs::path kept_stdin() {
  static std::FILE* kept = nullptr;
  if (kept == nullptr) {
    std::FILE* const file = std::tmpfile();
    if (file == nullptr) throw config::bad_input(std::string("-: cannot keep stdin: ") + std::strerror(errno));
    std::array<char, 65536> block{};
    for (std::size_t size = 0; (size = std::fread(block.data(), 1, block.size(), stdin)) > 0;)
      if (std::fwrite(block.data(), 1, size, file) != size) {
        std::string const why = std::strerror(errno);
        std::fclose(file); // NOLINT(cert-err33-c): it goes
        throw config::bad_input("-: cannot keep stdin: " + why);
      }
    if (std::fflush(file) != 0) throw config::bad_input(std::string("-: cannot keep stdin: ") + std::strerror(errno));
    kept = file;
  }
  return "/proc/self/fd/" + std::to_string(::fileno(kept));
}

}

std::unique_ptr<std::istream> open_log(fs::path const& file) {
  std::ifstream in(file == "-" ? kept_stdin() : file, std::ios::binary);
  if (!in) throw config::bad_input(file.string() + ": found a file that cannot be opened; allowed: a readable file");
  bool const packed = in.get() == 0x1f && in.get() == 0x8b;
  in.clear();
  in.seekg(0);
  if (packed) return std::make_unique<gzip_stream>(std::move(in), file);
  return std::make_unique<std::ifstream>(std::move(in));
}

}
