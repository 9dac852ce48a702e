#include "sim/load/plan.hpp"

#include "base/config/document.hpp"
#include "sim/scenario/log_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <map>
#include <stdexcept>

namespace sim::load {
namespace {

/// Indices into `targets`, which grows by those that it does not have.
class target_table {
public:
  explicit target_table(std::vector<std::string>& targets)
    : targets_(targets) {}
  std::uint32_t operator()(std::string const& target) {
    auto const [it, fresh] = index_.emplace(target, static_cast<std::uint32_t>(targets_.size()));
    if (fresh) targets_.push_back(target);
    return it->second;
  }
  std::vector<std::uint32_t> operator()(std::vector<std::string> const& targets) {
    std::vector<std::uint32_t> set;
    set.reserve(targets.size());
    for (std::string const& target : targets) set.push_back((*this)(target));
    return set;
  }

private:
  std::vector<std::string>& targets_;
  std::map<std::string, std::uint32_t> index_; // no hash: a log's targets are not ours
};

std::string spoken(double seconds) {
  struct unit {
    double seconds;
    char const* name;
  };
  constexpr unit units[] = {{365.25 * 86400, " years"}, {86400, " days"}, {3600, " h"}, {60, " min"}, {1, " s"}};
  auto const* const u = std::find_if(std::begin(units), std::end(units) - 1,
                                     [&](unit const& candidate) { return seconds >= candidate.seconds; });
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", seconds / u->seconds);
  return text + std::string(u->name);
}

/// Refuses a log most of which is not understood: it is not what it was taken for, and the replay would not show that.
void check(trace const& log, std::filesystem::path const& file) {
  access_log::account const& read = log.log;
  std::uint64_t const blank = read.skipped[static_cast<std::size_t>(access_log::skip::blank)];
  bool const strange = 2 * read.not_understood() > read.lines - blank;
  if (!log.entries.empty() && !strange) return;
  std::string const where = file.string() + (read.first_skipped == 0 ? "" : ":" + std::to_string(read.first_skipped));
  throw config::bad_input(where + ": found " + (log.entries.empty() ? "no line that can be replayed" : "another form") +
                          ": of " + std::to_string(read.lines) + " lines, " +
                          (read.all_skipped() == 0 ? "none has a request" : read.text()) +
                          "; allowed: an access log of the form that load.format says; without it, in NCSA common or "
                          "combined format, with a virtual host before it "
                          "or without, or in lines of JSON");
}

/// The last time that a load knows: 290 years. Nothing is due later unless a duration ends before.
constexpr double last_ns = 9e18;

/// Recorded times become replayed ones: at `speed`, and without pauses that nobody wants to wait for.
void pace(plan& p, trace& log) {
  scenario::load const& load = p.what->load;
  if (load.speed <= 0) {
    for (trace_entry& entry : log.entries) entry.at_ns = 0;
    return;
  }
  double const factor = 1 / load.speed, limit_ns = static_cast<double>(load.max_gap.count()),
               end_ns = load.duration.count() > 0 ? static_cast<double>(load.duration.count()) : HUGE_VAL;
  double removed_ns = 0, before_ns = 0; // of replayed time
  std::uint64_t shortened = 0;
  for (std::size_t i = 0; i != log.entries.size(); ++i) {
    trace_entry& entry = log.entries[i];
    double const whole_ns = static_cast<double>(entry.at_ns) * factor, gap_ns = whole_ns - removed_ns - before_ns;
    if (gap_ns > limit_ns && load.longer_gaps == scenario::gap_choice::shorten) {
      removed_ns += gap_ns - limit_ns;
      ++shortened;
    } else if (gap_ns > limit_ns && before_ns + gap_ns < end_ns) {
      throw config::bad_input(load.file.string() + ":" + std::to_string(entry.line) + ": found a pause of " +
                              spoken(gap_ns / 1e9) + " before this request, after that of line " +
                              std::to_string(log.entries[i - 1].line) + "; allowed: up to " + spoken(limit_ns / 1e9) +
                              ", load.max_gap; or load.longer_gaps \"shorten\", or a load.duration that ends before");
    }
    before_ns = std::min(whole_ns - removed_ns, last_ns); // what is beyond is never replayed
    entry.at_ns = static_cast<std::int64_t>(before_ns);
  }
  if (shortened > 0)
    p.notes.push_back("trace: " + std::to_string(shortened) + (shortened == 1 ? " pause" : " pauses") +
                      " longer than " + spoken(limit_ns / 1e9) + " shortened to it, by " + spoken(removed_ns / 1e9) +
                      " in all");
}

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", share * 100);
  return text;
}

trace read_log(scenario::load const& load) {
  auto const in = scenario::open_log(load.file);
  if (std::string const why = access_log::not_a_log(*in); !why.empty())
    throw config::bad_input(load.file.string() + ": found a file " + why);
  try {
    return read_trace(*in, load.max_requests, load.form);
  } catch (std::invalid_argument const& error) {
    throw config::bad_input(load.file.string() + ": " + error.what());
  }
}

/// Adds the log's requests: its methods (bodies from the mix entry of the same method) and targets.
void add_trace(plan& p, target_table& table) {
  scenario::load const& load = p.what->load;
  trace log = read_log(load);
  check(log, load.file);
  if (log.log.all_skipped() > 0) p.notes.push_back("trace: " + log.log.text());
  for (std::string const& change : log.log.changes()) p.notes.push_back("trace: " + change);
  if (load.max_skipped && log.log.skipped_share() > *load.max_skipped)
    p.bad_log = percent(log.log.skipped_share()) + " of the log's lines were skipped, allowed " +
                percent(*load.max_skipped) + " (load.max_skipped): " + log.log.text();
  if (log.identities == 1 && log.entries.size() >= 10)
    p.notes.push_back("trace: all " + std::to_string(log.entries.size()) +
                      " requests are of one client, so of one character: was the log written behind a proxy?");
  if (log.identities > p.what->population.characters) {
    p.notes.push_back("trace: its " + std::to_string(log.identities) + " clients share " +
                      std::to_string(p.what->population.characters) + " characters");
  }
  for (scenario::mix_entry& entry : p.methods) entry.weight = 0;
  std::vector<std::uint16_t> methods;
  for (std::string const& name : log.methods) {
    auto found = std::find_if(p.methods.begin(), p.methods.end(), [&](auto const& m) { return m.method == name; });
    if (found == p.methods.end()) {
      scenario::mix_entry entry;
      entry.method = name;
      entry.weight = 0;
      found = p.methods.insert(p.methods.end(), std::move(entry));
    }
    methods.push_back(static_cast<std::uint16_t>(found - p.methods.begin()));
  }
  p.target_sets.resize(p.methods.size());
  std::vector<std::uint32_t> const targets = table(log.targets);
  for (trace_entry& entry : log.entries) {
    entry.method = methods[entry.method];
    entry.target = targets[entry.target];
  }
  pace(p, log);
  p.trace = std::move(log.entries);
}

}

plan make_plan(scenario::scenario const& s) {
  plan p;
  p.what = &s;
  target_table table(p.targets);
  bool const from_log = s.load.kind == scenario::load_kind::trace;
  for (scenario::mix_entry entry : s.load.mix) {
    p.target_sets.push_back(from_log ? std::vector<std::uint32_t>{}
                                     : table(entry.targets.empty() ? s.load.targets : entry.targets));
    entry.targets.clear();
    p.methods.push_back(std::move(entry));
  }
  if (from_log) add_trace(p, table);
  return p;
}

std::optional<std::uint64_t> plan::total_requests() const {
  scenario::load const& load = what->load;
  if (load.kind == scenario::load_kind::closed && load.duration.count() == 0) {
    return std::uint64_t{what->population.characters} * load.requests_per_character;
  }
  if (load.kind == scenario::load_kind::trace && load.duration.count() == 0) return trace.size();
  return std::nullopt;
}

bool plan::paced() const {
  scenario::load const& load = what->load;
  return load.kind != scenario::load_kind::closed && !(load.kind == scenario::load_kind::trace && load.speed <= 0);
}

std::uint16_t balancer_chooser::choose_not_drawn(planned_request const& request, std::uint16_t balancers) {
  // Jump consistent hash (Lamping and Veach 2014).
  auto const jump = [balancers](std::uint64_t key) {
    std::int64_t bucket = -1, next = 0;
    while (next < balancers) {
      bucket = next;
      key = key * 2862933555777941757u + 1;
      double const draw = static_cast<double>((key >> 33) + 1) / static_cast<double>(std::int64_t{1} << 31);
      next = static_cast<std::int64_t>(static_cast<double>(bucket + 1) / draw);
    }
    return static_cast<std::uint16_t>(bucket);
  };
  switch (choice_) {
  case scenario::balancer_choice::uniform:
    break;
  case scenario::balancer_choice::round_robin:
    return static_cast<std::uint16_t>(turn_++ % balancers);
  case scenario::balancer_choice::per_connection:
    return jump(mix(request.connection + 0x636f6e6e00000000u));
  case scenario::balancer_choice::address:
    return jump(mix(request.character + 0x6164647200000000u));
  }
  return 0;
}

}
