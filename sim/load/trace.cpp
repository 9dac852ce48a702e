#include "sim/load/trace.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <unordered_map>

namespace sim::load {
namespace {

/// The methods that can be replayed: those of the scenario schema's mix.
constexpr std::array<std::string_view, 17> known_methods = {
    "GET",   "HEAD", "POST", "PUT",  "PATCH",  "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH",
    "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH",  "PURGE"};

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Reads exactly `digits` decimal digits at `at` and moves behind them; nothing when they are not there.
std::optional<int> digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  auto const [end, error] = std::from_chars(text.data() + at, text.data() + at + count, value);
  if (error != std::errc{} || end != text.data() + at + count || value < 0) return std::nullopt;
  at += count;
  return value;
}

bool skip(std::string_view text, std::size_t& at, char c) {
  if (at >= text.size() || text[at] != c) return false;
  ++at;
  return true;
}

/// `dd/Mon/yyyy:hh:mm:ss +hhmm` as seconds since 1970, UTC.
std::optional<std::int64_t> parse_time(std::string_view text) {
  std::size_t at = 0;
  auto const day = digits(text, at, 2);
  if (!day || !skip(text, at, '/')) return std::nullopt;
  auto const month =
      std::find(months.begin(), months.end(), text.substr(at, std::min<std::size_t>(3, text.size() - at)));
  at += 3;
  if (month == months.end() || !skip(text, at, '/')) return std::nullopt;
  auto const year = digits(text, at, 4);
  if (!year || !skip(text, at, ':')) return std::nullopt;
  auto const hour = digits(text, at, 2);
  if (!hour || !skip(text, at, ':')) return std::nullopt;
  auto const minute = digits(text, at, 2);
  if (!minute || !skip(text, at, ':')) return std::nullopt;
  auto const second = digits(text, at, 2);
  if (!second || !skip(text, at, ' ') || at >= text.size()) return std::nullopt;
  char const sign = text[at++];
  auto const zone_hour = digits(text, at, 2);
  auto const zone_minute = digits(text, at, 2);
  if ((sign != '+' && sign != '-') || !zone_hour || !zone_minute || at != text.size()) return std::nullopt;
  std::chrono::year_month_day const date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  std::int64_t const local = std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86400 +
                             *hour * 3600 + *minute * 60 + *second;
  std::int64_t const zone = *zone_hour * 3600 + *zone_minute * 60;
  return sign == '+' ? local - zone : local + zone;
}

/// The quoted string that begins at `at` (behind its quote), without its escapes; `at` moves behind the closing quote.
std::optional<std::string> unquoted(std::string_view line, std::size_t& at) {
  std::string text;
  while (at < line.size() && line[at] != '"') {
    if (line[at] != '\\') {
      text += line[at++];
      continue;
    }
    if (at + 1 >= line.size()) return std::nullopt;
    char const escape = line[at + 1];
    at += 2;
    if (escape == 'x') {
      unsigned value = 0;
      if (at + 2 > line.size() ||
          std::from_chars(line.data() + at, line.data() + at + 2, value, 16).ptr != line.data() + at + 2) {
        return std::nullopt;
      }
      text += static_cast<char>(value);
      at += 2;
    } else {
      text += escape;
    }
  }
  if (!skip(line, at, '"')) return std::nullopt;
  return text;
}

bool is_origin_form(std::string_view target) {
  return target.starts_with('/') && target.size() <= 8000 &&
         std::all_of(target.begin(), target.end(), [](char c) { return c >= '!' && c <= '~'; });
}

/// Numbers for strings, in the order of their first appearance.
class numbering {
public:
  explicit numbering(std::vector<std::string>* names)
    : names_(names) {}
  std::uint32_t operator()(std::string_view name) {
    auto const [it, fresh] = numbers_.emplace(name, static_cast<std::uint32_t>(numbers_.size()));
    if (fresh && names_ != nullptr) names_->emplace_back(name);
    return it->second;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(numbers_.size()); }

private:
  std::vector<std::string>* names_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

/// Logs have whole seconds: the n requests of one second are moved to its 0/n, 1/n, … parts. `entries` are by time.
void spread_within_seconds(std::vector<trace_entry>& entries) {
  for (std::size_t begin = 0; begin < entries.size();) {
    std::size_t end = begin;
    while (end < entries.size() && entries[end].at_ns == entries[begin].at_ns) ++end;
    auto const count = static_cast<std::int64_t>(end - begin);
    for (std::int64_t i = 0; i < count; ++i)
      entries[begin + static_cast<std::size_t>(i)].at_ns += 1'000'000'000 * i / count;
    begin = end;
  }
}

std::string shown(std::string_view line) {
  std::string text;
  for (char const c : line.substr(0, 80)) text += c >= ' ' && c <= '~' ? c : '?';
  return line.size() > 80 ? text + "..." : text;
}

}

std::optional<log_line> parse_log_line(std::string_view line) {
  log_line result;
  std::size_t const space = line.find(' ');
  if (space == std::string_view::npos || space == 0) return std::nullopt;
  result.address = line.substr(0, space);
  // User names may hold blanks, so look for the bracket that begins the time.
  std::size_t const open = line.find(" [", space);
  std::size_t const close = open == std::string_view::npos ? open : line.find("] \"", open);
  if (close == std::string_view::npos) return std::nullopt;
  auto const time = parse_time(line.substr(open + 2, close - open - 2));
  if (!time) return std::nullopt;
  result.time_s = *time;
  std::size_t at = close + 3;
  auto const request = unquoted(line, at);
  if (!request) return std::nullopt;
  std::size_t const first = request->find(' '), last = request->rfind(' ');
  if (first == std::string::npos || last == first ||
      !std::string_view(*request).substr(last + 1).starts_with("HTTP/")) {
    return std::nullopt;
  }
  result.method = request->substr(0, first);
  result.target = request->substr(first + 1, last - first - 1);
  if (std::size_t const fragment = result.target.find('#'); fragment != std::string::npos) return std::nullopt;
  if (std::find(known_methods.begin(), known_methods.end(), result.method) == known_methods.end()) return std::nullopt;
  if (!is_origin_form(result.target)) return std::nullopt;
  return result;
}

trace read_trace(std::istream& log, std::uint32_t max_requests) {
  trace result;
  numbering identities(nullptr), methods(&result.methods), targets(&result.targets);
  std::uint64_t number = 0;
  for (std::string line; (max_requests == 0 || result.entries.size() < max_requests) && std::getline(log, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    auto const parsed = parse_log_line(line);
    if (!parsed) {
      if (result.bad_lines++ == 0) result.first_bad = "line " + std::to_string(number) + ": " + shown(line);
      continue;
    }
    trace_entry entry;
    entry.at_ns = parsed->time_s;
    entry.identity = identities(parsed->address);
    entry.method = static_cast<std::uint16_t>(methods(parsed->method));
    entry.target = targets(parsed->target);
    result.entries.push_back(entry);
  }
  result.identities = identities.size();
  std::stable_sort(result.entries.begin(), result.entries.end(),
                   [](trace_entry const& a, trace_entry const& b) { return a.at_ns < b.at_ns; });
  std::int64_t const start_s = result.entries.empty() ? 0 : result.entries.front().at_ns;
  for (trace_entry& entry : result.entries) entry.at_ns = (entry.at_ns - start_s) * 1'000'000'000;
  spread_within_seconds(result.entries);
  return result;
}

}
