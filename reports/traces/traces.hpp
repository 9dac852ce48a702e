#pragma once

#include "sim/records/request_trace.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

/// The ways of single requests: the file that a run leaves of them, and what people and tools read of it.
namespace reports::traces {

/// The file's name in a run's directory.
inline constexpr char const* file_name = "requests.jsonl";

/// The version of its shape, in its first line: raised when a key changes its meaning or goes away.
inline constexpr int schema_version = 1;

/// The file's text: a line about the run, then a line a request, each a JSON object. About 1 kB a request.
std::string kept_text(sim::records::kept_requests const& kept);

/// The requests of a run that were kept.
struct source {
  std::filesystem::path file;
  std::string scenario, engine;
  std::uint64_t kept = 0, of = 0; // requests
};

/// The file `at`, or the one in the directory `at`; with an empty path that of the newest run in `out/*`. Throws
/// `config::bad_input` where there is none, and says what makes one.
source find(std::filesystem::path const& at);

/// Calls `use` with each request of the file, in its order, and what its line says. Throws `config::bad_input` for
/// lines that are no such records.
void each(source const& from,
          std::function<void(sim::records::request_trace const&, std::string const& line)> const& use);

/// One of them. Throws `config::bad_input` when it was not kept, or never sent.
struct found {
  sim::records::request_trace trace;
  std::string line;
};
found one(source const& from, std::uint64_t request);

/// A request's whole way for people: a line a moment, with the time since it was due and since the line before.
std::string text_of(sim::records::request_trace const& trace);

/// A line for each request: id, latency, how it ended, redirects.
std::string table_of(std::span<sim::records::request_trace const> traces);

/// Trace events (Chrome's JSON), which https://ui.perfetto.dev and chrome://tracing open: a group for each request, a
/// track for each node in it.
std::string perfetto_json(std::string const& scenario, std::span<sim::records::request_trace const> traces);

}
