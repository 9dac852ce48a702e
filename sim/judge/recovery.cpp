#include "sim/judge/recovery.hpp"

#include "sim/judge/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace sim::judge {
namespace {

/// Excess of `bad` among `count` requests that chance does not explain: four standard deviations of a Poisson count.
bool is_beyond_chance(double excess, double count, double normal) { return excess > 4 * std::sqrt(normal * count); }

/// How many marks lie before the end of the disturbance: the first maximum of Σ (bad - twice the normal share).
std::size_t disturbed(std::span<mark const> marks, double normal) {
  double sum = 0, highest = 0;
  std::size_t end = 0;
  for (std::size_t i = 0; i != marks.size(); ++i) {
    sum += marks[i].bad - 2 * normal;
    if (sum > highest) highest = sum, end = i + 1;
  }
  return end;
}

double excess(std::span<mark const> marks, double normal) {
  double sum = 0;
  for (mark const& m : marks) sum += m.bad - normal;
  return sum;
}

/// A request before the first event, or after one.
struct sample {
  std::int64_t at_ns, latency_ns; // latency: negative without an answer
  bool failed;
};

std::int64_t first_event_ns(records::run_records const& r) {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  for (records::event_record const& e : r.events)
    if (e.began_ns != 0) first = std::min(first, e.began_ns);
  return first;
}

sample sample_of(records::client_record const& c, request_facts const& f) {
  return {c.intended_ns, f.answered ? c.done_ns - c.intended_ns : -1, f.failed.has_value()};
}

/// Those due in [event_ns, until_ns), and those under way at event_ns.
std::vector<sample> samples_after(records::run_view const& v, std::vector<request_facts> const& facts,
                                  std::int64_t event_ns, std::int64_t until_ns) {
  std::vector<sample> all;
  for (std::size_t i = 0; i != v.size(); ++i) {
    records::client_record const& c = v.client(i);
    bool const over = c.outcome != records::client_outcome::pending && c.done_ns < event_ns;
    if (!v.is_load(i) || over || c.intended_ns >= until_ns) continue;
    all.push_back(sample_of(c, facts[i]));
    all.back().at_ns = std::max(c.intended_ns, event_ns);
  }
  std::stable_sort(all.begin(), all.end(), [](sample const& a, sample const& b) { return a.at_ns < b.at_ns; });
  return all;
}

std::vector<sample> samples_before(records::run_view const& v, std::vector<request_facts> const& facts,
                                   std::int64_t first_ns) {
  std::vector<sample> all;
  for (std::size_t i = 0; i != v.size(); ++i) {
    records::client_record const& c = v.client(i);
    bool const over = c.outcome != records::client_outcome::pending && c.done_ns < first_ns;
    if (v.is_counted(i) && over) all.push_back(sample_of(c, facts[i]));
  }
  return all;
}

}

back_to_normal back_after(std::span<mark const> marks, normal_share normal, std::int64_t event_ns,
                          std::int64_t until_ns) {
  back_to_normal back;
  if (marks.empty()) {
    back.untold = "no request was due after it";
    return back;
  }
  std::int64_t const late_ns = until_ns - (until_ns - event_ns) / 10;
  auto const last_tenth = std::lower_bound(marks.begin(), marks.end(), late_ns,
                                           [](mark const& m, std::int64_t ns) { return m.at_ns < ns; });
  auto const before = marks.first(disturbed(marks, normal.bad));
  auto const bad =
      static_cast<std::uint64_t>(std::count_if(before.begin(), before.end(), [](mark const& m) { return m.bad; }));
  double const all = excess(before, normal.bad);
  if (bad < normal.least || !is_beyond_chance(all, static_cast<double>(before.size()), normal.bad)) {
    back.seconds = 0;
    return back;
  }
  std::span<mark const> const late(last_tenth, marks.end());
  double const still = excess(late, normal.bad);
  if (still > most_at_the_end * all && is_beyond_chance(still, static_cast<double>(late.size()), normal.bad)) {
    back.untold = "it still went on";
    return back;
  }
  double so_far = 0;
  auto at = before.begin();
  for (; at != before.end() && so_far < converged_share * all; ++at) so_far += at->bad - normal.bad;
  back.seconds = static_cast<double>(std::prev(at)->at_ns - event_ns) / 1e9;
  return back;
}

recovery recovery_of(records::run_view const& v, std::vector<request_facts> const& facts, std::int64_t event_ns,
                     std::int64_t next_ns) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  records::run_records const& r = v.records();
  std::vector<sample> const before = samples_before(v, facts, first_event_ns(r));
  std::vector<sample> const after = samples_after(v, facts, event_ns, next_ns);
  std::int64_t end_ns = next_ns;
  if (end_ns == none) end_ns = after.empty() ? event_ns : std::max(after.back().at_ns, event_ns) + 1;
  std::string const when = next_ns == none ? " when the load ended" : " when the next event came";
  std::vector<mark> marks;
  auto const judged = [&](normal_share normal) {
    back_to_normal back = back_after(marks, normal, event_ns, end_ns);
    if (!back.untold.empty() && !marks.empty()) back.untold += when;
    return back;
  };
  recovery out;
  for (sample const& s : after) marks.push_back({s.at_ns, s.failed});
  auto const failed = std::count_if(before.begin(), before.end(), [](sample const& s) { return s.failed; });
  out.failures = judged({before.empty() ? 0 : static_cast<double>(failed) / static_cast<double>(before.size()), 1});

  std::vector<std::int64_t> usual;
  for (sample const& s : before)
    if (s.latency_ns >= 0) usual.push_back(s.latency_ns);
  if (usual.size() < least_before) {
    out.latency.untold =
        "fewer than " + std::to_string(least_before) + " answers before the first event to compare with";
    return out;
  }
  constexpr double slow_share = 0.01;
  auto const rank = static_cast<std::ptrdiff_t>((1 - slow_share) * static_cast<double>(usual.size() - 1));
  std::nth_element(usual.begin(), usual.begin() + rank, usual.end());
  std::int64_t const slow_ns = usual[static_cast<std::size_t>(rank)];
  marks.clear();
  for (sample const& s : after)
    if (s.latency_ns >= 0) marks.push_back({s.at_ns, s.latency_ns > slow_ns});
  out.latency = judged({slow_share, 8});
  return out;
}

}
