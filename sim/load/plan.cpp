#include "sim/load/plan.hpp"

#include "config/document.hpp"

#include <algorithm>
#include <fstream>
#include <unordered_map>

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
  std::unordered_map<std::string, std::uint32_t> index_;
};

/// Adds the log's requests: its methods (bodies from the mix entry of the same method) and targets.
void add_trace(plan& p, target_table& table) {
  scenario::load const& load = p.what->load;
  std::ifstream in(load.file);
  trace log = read_trace(in, load.max_requests);
  if (log.entries.empty()) {
    throw config::bad_input(load.file.string() + ": found no usable line in " + std::to_string(log.bad_lines) +
                            (log.first_bad.empty() ? "" : " (" + log.first_bad + ")") +
                            "; allowed: an access log in NCSA common or combined format");
  }
  if (log.bad_lines > 0) {
    p.notes.push_back("trace: " + std::to_string(log.bad_lines) + " lines could not be replayed, first " +
                      log.first_bad);
  }
  if (log.identities > p.what->population.characters) {
    p.notes.push_back("trace: its " + std::to_string(log.identities) + " client addresses share " +
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
  double const factor = load.speed > 0 ? 1 / load.speed : 0;
  for (trace_entry& entry : log.entries) {
    entry.method = methods[entry.method];
    entry.target = targets[entry.target];
    entry.at_ns = static_cast<std::int64_t>(static_cast<double>(entry.at_ns) * factor);
  }
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

std::uint16_t balancer_chooser::choose(planned_request const& request, std::uint16_t balancers) {
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
    // The bias of multiply-and-shift over 32 bits is below balancers / 2^32.
    return static_cast<std::uint16_t>(((request.balancer_draw >> 32) * balancers) >> 32);
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
