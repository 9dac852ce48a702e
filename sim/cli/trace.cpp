#include "base/config/document.hpp"
#include "base/os/write_file.hpp"
#include "reports/traces/traces.hpp"
#include "sim/cli/command.hpp"
#include "sim/records/result.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim::cli {
namespace {

namespace traces = reports::traces;
using records::request_trace;

struct trace_choice {
  std::string id, result;
  std::size_t slowest = 0; // 0: not asked for
  bool failed = false, json = false;
  std::string perfetto;
};

std::optional<std::uint64_t> number_in(std::string const& text) {
  std::uint64_t number = 0;
  auto const [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

/// ID and RESULT as they were meant: either may be left out, and they are told apart by what they look like.
std::pair<std::optional<std::uint64_t>, std::string> words_of(trace_choice const& choice) {
  if (auto const id = number_in(choice.id)) return {id, choice.result};
  if (choice.result.empty()) return {std::nullopt, choice.id};
  if (auto const id = number_in(choice.result)) return {id, choice.id};
  throw config::bad_input("ID, RESULT: found '" + choice.id + "' and '" + choice.result +
                          "'; allowed: one of them a request's number, as crest-sim trace --slowest 10 lists them");
}

/// What is shown of requests: their records, their trace events, or what people read.
struct shown {
  std::vector<request_trace> requests;
  std::string lines; // their records
};

bool slower(request_trace const& a, request_trace const& b) { // what never ended is slowest
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  return std::pair(-a.latency_ns.value_or(never), a.request) < std::pair(-b.latency_ns.value_or(never), b.request);
}

/// The slowest so many; or those that failed, in the order of the file, or the slowest of them.
shown listed(traces::source const& from, trace_choice const& choice) {
  constexpr std::size_t usual = 10, all_of_them = std::numeric_limits<std::size_t>::max();
  bool const sorted = choice.slowest != 0 || !choice.failed;
  std::size_t const most = !sorted ? all_of_them : choice.slowest != 0 ? choice.slowest : usual;
  std::vector<std::pair<request_trace, std::string>> all;
  auto const keep_slowest = [&] {
    std::sort(all.begin(), all.end(), [](auto const& a, auto const& b) { return slower(a.first, b.first); });
    if (all.size() > most) all.erase(all.begin() + static_cast<std::ptrdiff_t>(most), all.end());
  };
  traces::each(from, [&](request_trace const& t, std::string const& line) {
    if (choice.failed && t.failed.empty()) return;
    all.emplace_back(t, line);
    if (sorted && all.size() >= 1000 && all.size() / 2 >= most) keep_slowest(); // so that memory has a bound
  });
  if (sorted) keep_slowest();
  shown out;
  for (auto& [t, line] : all) {
    out.requests.push_back(std::move(t));
    out.lines += line + "\n";
  }
  return out;
}

std::string about(traces::source const& from, bool failed, std::size_t count) {
  return from.file.string() + ": " + from.scenario + " (" + from.engine + "), " + std::to_string(from.kept) + " of " +
         std::to_string(from.of) + " requests kept" + (failed && count == 0 ? "; none of them failed" : "") + "\n";
}

int trace(trace_choice const& choice) {
  auto const [id, result] = words_of(choice);
  if (id && (choice.slowest != 0 || choice.failed))
    throw config::bad_input("--slowest, --failed: found with an ID; allowed: without one");
  traces::source const from = traces::find(result);
  shown what;
  if (id) {
    traces::found it = traces::one(from, *id);
    what = {{std::move(it.trace)}, it.line + "\n"};
  } else {
    what = listed(from, choice);
  }
  if (!choice.perfetto.empty()) {
    os::write_file(choice.perfetto, traces::perfetto_json(from.scenario, what.requests));
    std::cout << choice.perfetto << '\n';
  } else if (choice.json) {
    std::cout << what.lines;
  } else if (id) {
    std::cout << traces::text_of(what.requests.front());
  } else {
    std::cout << about(from, choice.failed, what.requests.size());
    if (!what.requests.empty()) std::cout << traces::table_of(what.requests);
  }
  return records::exit_passed;
}

}

void add_trace(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<trace_choice>();
  CLI::App& command = *app.add_subcommand(
      "trace", "print one request's whole way through clients, balancer, proxies and sols, out of a finished run");
  command.add_option("ID", choice->id, "the request's number (Lab-Request); without one, the slowest are listed");
  command.add_option("RESULT", choice->result,
                     "the run's directory, or its requests.jsonl (default: the newest in out/)");
  command.add_option("--slowest", choice->slowest, "list so many of the requests that were kept, the slowest first")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  command.add_flag("--failed", choice->failed, "list those that failed");
  auto* const perfetto =
      command
          .add_option("--perfetto", choice->perfetto,
                      "write trace events here instead, of the request or of those listed, for https://ui.perfetto.dev "
                      "or chrome://tracing: a track a node")
          ->type_name("FILE");
  command.add_flag("--json", choice->json, "print the records themselves, a line of JSON a request")
      ->excludes(perfetto);
  command.callback([choice, &chosen] { chosen = [choice] { return trace(*choice); }; });
}

}
