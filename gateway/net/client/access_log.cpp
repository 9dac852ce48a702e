#include "gateway/net/client/access_log.hpp"

#include "gateway/http/fields.hpp"
#include "gateway/net/log.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::size_t block_bytes = 32 * 1024;

/// Three digits.
void append_thousandths(std::string& out, std::uint64_t number) {
  char const text[3] = {static_cast<char>('0' + number / 100), static_cast<char>('0' + number / 10 % 10),
                        static_cast<char>('0' + number % 10)};
  out.append(text, sizeof text);
}

bool needs_escape(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\';
}

/// `"text"` with JSON escapes; non-ASCII bytes as \u00XX, since a target need not be UTF-8.
void append_quoted(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.push_back('"');
  while (!text.empty()) {
    auto const harmless = std::find_if(text.begin(), text.end(), needs_escape);
    out.append(text.begin(), harmless);
    text.remove_prefix(static_cast<std::size_t>(harmless - text.begin()));
    if (text.empty()) break;
    auto const byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    out.push_back('\\');
    if (byte == '"' || byte == '\\')
      out.push_back(static_cast<char>(byte));
    else
      out.append("u00").append({digits[byte >> 4], digits[byte & 15]});
  }
  out.push_back('"');
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out.append(",\"").append(key).append("\":");
  append_quoted(out, value);
}

void append_count(std::string& out, std::string_view key, std::uint64_t value) {
  out.append(",\"").append(key).append("\":");
  http::append_number(out, value);
}

}

access_log::access_log(std::filesystem::path const& file, std::atomic<std::uint64_t>& lost)
  : file_(file)
  , lost_(lost) {
  if (!file_.empty()) open();
}

access_log::~access_log() {
  flush();
  if (fd_ >= 0) ::close(fd_);
}

void access_log::open() {
  int const fd = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), file_.string());
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  is_torn_ = false;
}

void access_log::reopen() {
  std::lock_guard const lock(mutex_);
  if (file_.empty()) return;
  flush_locked();
  open();
}

void access_log::write(access_entry const& entry) {
  if (!enabled()) return;
  std::lock_guard const lock(mutex_);
  buffer_.append("{\"time\":\"");
  append_time();
  buffer_.push_back('"');
  append_text(buffer_, "client", entry.client);
  append_text(buffer_, "method", entry.method);
  append_text(buffer_, "target", entry.target);
  append_count(buffer_, "status", entry.status);
  append_count(buffer_, "body_bytes", entry.body_bytes);
  auto const microseconds = static_cast<std::uint64_t>(entry.duration.count() / 1000);
  append_count(buffer_, "duration_ms", microseconds / 1000);
  buffer_.push_back('.');
  append_thousandths(buffer_, microseconds % 1000);
  append_count(buffer_, "hops", entry.hops);
  append_count(buffer_, "redirects", entry.redirects);
  append_count(buffer_, "retries", entry.retries);
  append_text(buffer_, "upstream", entry.upstream);
  append_text(buffer_, "chosen_by", entry.chosen_by);
  append_text(buffer_, "tls", entry.tls);
  append_text(buffer_, "refused", entry.refused);
  append_text(buffer_, "error", entry.error);
  append_text(buffer_, "request_id", entry.request_id);
  if (entry.lab_request != 0) append_count(buffer_, "lab_request", entry.lab_request);
  buffer_.append("}\n");
  if (buffer_.size() >= block_bytes) flush_locked();
}

// RFC 3339 with milliseconds, UTC. Everything before the milliseconds is reused within a second.
void access_log::append_time() {
  auto const now = std::chrono::system_clock::now().time_since_epoch();
  auto const second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != second_) {
    second_ = second;
    std::time_t const seconds = second.count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    second_text_.assign(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts));
  }
  buffer_.append(second_text_);
  append_thousandths(buffer_,
                     static_cast<std::uint64_t>(std::chrono::floor<std::chrono::milliseconds>(now - second).count()));
  buffer_.push_back('Z');
}

void access_log::flush() {
  std::lock_guard const lock(mutex_);
  flush_locked();
}

// A full disk must not stop the service: what cannot be written is lost, and counted.
void access_log::flush_locked() {
  if (fd_ < 0 || buffer_.empty()) return;
  if (is_torn_) buffer_.insert(buffer_.begin(), '\n');
  std::string_view rest = buffer_;
  int error = 0;
  while (!rest.empty() && error == 0) {
    ssize_t const written = ::write(fd_, rest.data(), rest.size());
    if (written > 0)
      rest.remove_prefix(static_cast<std::size_t>(written));
    else if (written == 0 || errno != EINTR)
      error = written == 0 ? EIO : errno;
  }
  std::string_view const in_file = std::string_view(buffer_).substr(0, buffer_.size() - rest.size());
  bool const was_torn = is_torn_;
  if (!in_file.empty()) is_torn_ = !in_file.ends_with('\n');
  std::uint64_t lines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
  if (was_torn && in_file.empty()) --lines; // the end of the line that was torn before
  missing_ += lines;
  lost_.fetch_add(lines, std::memory_order_relaxed);
  buffer_.clear();
  say_how_it_is(error);
}

void access_log::say_how_it_is(int error) {
  if (error != 0 && !std::exchange(in_trouble_, true))
    note("access log " + file_.string() + " cannot be written (" + std::generic_category().message(error) +
         "): its lines are lost until it can, and counted in log_lines_lost");
  if (error == 0 && std::exchange(in_trouble_, false))
    note("access log " + file_.string() + " is written again; " + std::to_string(std::exchange(missing_, 0)) +
         " lines are missing");
}

}
