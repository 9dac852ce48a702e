#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

namespace gateway::net {

/// The content of an access log line. No token, and nothing derived from one.
struct access_entry {
  std::string_view client;
  std::string_view method;
  std::string_view target;
  std::string_view request_id;
  std::uint64_t lab_request = 0; // Lab-Request, the load generator's id; 0: none
  std::string_view upstream;     // last one asked; empty: none
  std::string_view chosen_by;    // "map", "guess", "redirect", "retry"; empty: none
  std::string_view tls;          // version; empty: none
  std::string_view refused{};    // why the gateway refused it, a word of docs/gateway.md; empty: it did not
  std::string_view error;        // for the gateway's own answers
  unsigned status = 0;
  std::uint64_t body_bytes = 0;
  std::chrono::nanoseconds duration{0};
  unsigned hops = 0;
  unsigned redirects = 0;
  unsigned retries = 0;
};

/// One JSON object per line, written in blocks of 32 KiB or when `flush` is called. Thread-safe.
class access_log {
public:
  /// An empty path: no log. `lost` counts lines that could not be written; stderr says when that begins and when it
  /// ends. Throws std::system_error.
  access_log(std::filesystem::path const& file, std::atomic<std::uint64_t>& lost);
  access_log(access_log const&) = delete;
  access_log& operator=(access_log const&) = delete;
  ~access_log();

  bool enabled() const { return !file_.empty(); }
  void write(access_entry const& entry);
  void flush();
  /// Reopens the file after it was rotated away.
  void reopen();

private:
  void open();
  void flush_locked();
  void say_how_it_is(int error);
  void append_time();

  std::filesystem::path const file_;
  std::atomic<std::uint64_t>& lost_;
  std::mutex mutex_;
  std::string buffer_;
  std::chrono::seconds second_{-1};
  std::string second_text_;
  int fd_ = -1;               // under the mutex
  bool is_torn_ = false;      // the last line in the file is incomplete
  bool in_trouble_ = false;   // it could not be written; stderr says so
  std::uint64_t missing_ = 0; // lines lost since then
};

}
