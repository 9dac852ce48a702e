#include "sim/load/trace.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>

namespace sim::load {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

/// Numbers for strings, in the order of their first appearance. Not by hashes: whoever wrote a log must not choose how
/// long this takes.
class numbering {
public:
  explicit numbering(std::vector<std::string>* names)
    : names_(names) {}
  std::uint32_t operator()(std::string_view name) {
    auto const at = numbers_.lower_bound(name);
    if (at != numbers_.end() && at->first == name) return at->second;
    if (names_ != nullptr) names_->emplace_back(name);
    return numbers_.emplace_hint(at, name, size())->second;
  }
  std::uint32_t size() const { return static_cast<std::uint32_t>(numbers_.size()); }

private:
  std::vector<std::string>* names_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
};

/// Logs have whole seconds: the n requests of one second are moved to its 0/n, 1/n, … parts. `entries` are by time.
void spread_within_seconds(std::vector<trace_entry>& entries) {
  for (std::size_t begin = 0; begin < entries.size();) {
    std::size_t end = begin;
    while (end < entries.size() && entries[end].at_ns == entries[begin].at_ns) ++end;
    auto const count = static_cast<std::int64_t>(end - begin);
    for (std::int64_t i = 0; i < count; ++i)
      entries[begin + static_cast<std::size_t>(i)].at_ns += second_ns * i / count;
    begin = end;
  }
}

}

trace read_trace(std::istream& log, std::uint32_t max_requests, access_log::form const& how) {
  trace result;
  numbering identities(nullptr), methods(&result.methods), targets(&result.targets);
  bool whole_seconds = true;
  result.log = access_log::read(log, how, [&](access_log::request&& request, std::uint64_t line) {
    trace_entry entry;
    entry.at_ns = request.time_ns;
    entry.identity = identities(request.client);
    entry.method = static_cast<std::uint16_t>(methods(request.method));
    entry.target = targets(request.target);
    entry.line = static_cast<std::uint32_t>(std::min<std::uint64_t>(line, std::numeric_limits<std::uint32_t>::max()));
    result.entries.push_back(entry);
    whole_seconds = whole_seconds && request.to_the_second;
    return max_requests == 0 || result.entries.size() < max_requests;
  });
  result.identities = identities.size();
  std::stable_sort(result.entries.begin(), result.entries.end(),
                   [](trace_entry const& a, trace_entry const& b) { return a.at_ns < b.at_ns; });
  if (result.entries.empty()) return result;
  std::int64_t const start_ns = result.entries.front().at_ns / second_ns * second_ns; // no date is before 1970
  for (trace_entry& entry : result.entries) entry.at_ns -= start_ns;
  if (whole_seconds) spread_within_seconds(result.entries);
  return result;
}

}
