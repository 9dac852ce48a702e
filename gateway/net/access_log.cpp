#include "gateway/net/access_log.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace gateway::net {
namespace {

constexpr std::size_t block_bytes = 32 * 1024;

/// `"text"` with JSON escapes; bytes that are not ASCII as \u00XX, since a target need not be UTF-8.
void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte >= 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out.append(escaped);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_text(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out.append(",\"").append(key).append("\":");
  append_quoted(out, value);
}

/// RFC 3339 with milliseconds, UTC.
std::string timestamp() {
  auto const now = std::chrono::system_clock::now();
  std::time_t const seconds = std::chrono::system_clock::to_time_t(now);
  auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  std::size_t const size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + size, sizeof text - size, ".%03dZ", static_cast<int>(ms));
  return text;
}

}

access_log::access_log(std::filesystem::path const& file)
  : file_(file) {
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
}

void access_log::reopen() {
  std::lock_guard const lock(mutex_);
  if (file_.empty()) return;
  flush_locked();
  open();
}

void access_log::write(access_entry const& entry) {
  if (!enabled()) return;
  char numbers[160];
  std::snprintf(numbers, sizeof numbers,
                ",\"status\":%u,\"body_bytes\":%llu,\"duration_ms\":%.3f,\"hops\":%u,\"redirects\":%u,\"retries\":%u",
                entry.status, static_cast<unsigned long long>(entry.body_bytes), entry.seconds * 1e3, entry.hops,
                entry.redirects, entry.retries);
  std::lock_guard const lock(mutex_);
  buffer_.append("{\"time\":\"").append(timestamp()).append("\"");
  append_text(buffer_, "client", entry.client);
  append_text(buffer_, "method", entry.method);
  append_text(buffer_, "target", entry.target);
  buffer_.append(numbers);
  append_text(buffer_, "upstream", entry.upstream);
  append_text(buffer_, "chosen_by", entry.chosen_by);
  append_text(buffer_, "tls", entry.tls);
  append_text(buffer_, "error", entry.error);
  append_text(buffer_, "request_id", entry.request_id);
  buffer_.append("}\n");
  if (buffer_.size() >= block_bytes) flush_locked();
}

void access_log::flush() {
  std::lock_guard const lock(mutex_);
  flush_locked();
}

void access_log::flush_locked() {
  std::string_view rest = buffer_;
  while (fd_ >= 0 && !rest.empty()) {
    ssize_t const written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break; // a full disk must not stop the service: the block is lost
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

}
