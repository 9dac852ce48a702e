#include "sim/judge/invariants.hpp"
#include "sim/judge/owners.hpp"
#include "sim/scenario/node_names.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <map>
#include <string>

/// Invariant 8: what the sols push arrives once and in order, unless something on the time line took the way away.
namespace sim::judge {

using records::event_record;
using records::notification_fault;

namespace {

using fault_kind = notification_fault::kind;
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// Since when an incarnation held a character's session.
struct tenure {
  std::int64_t from_ns;
  std::uint16_t proxy;
};

class excuses {
public:
  excuses(scenario::scenario const& s, records::run_records const& r)
    : sols_(std::max<std::uint32_t>(1, s.topology.sols.count))
    , lease_ns_(s.topology.proxies.lease.count())
    , faults_(faults_of(r)) {
    for (journal::sol_event const& e : r.sols) {
      if (e.kind == journal::sol_event_kind::granted)
        owners_[e.character].push_back({e.at_ns, proxy_of(e.incarnation)});
      if (e.kind == journal::sol_event_kind::fenced) fences_[e.sol].push_back({e.at_ns, proxy_of(e.incarnation)});
    }
    for (event_record const& e : r.events)
      if (traits_of(e.kind).parts_links && e.began_ns != 0) partitions_.push_back(&e);
  }

  /// What took the session away although nothing on the time line did: ", when proxy[2] lost its lease"; else empty.
  std::string lost_lease(std::uint32_t character, notification_fault const& f) const {
    if (f.what != fault_kind::lost) return {};
    std::int64_t const from_ns = f.from_ns - lease_ns_; // what had been pushed before may arrive until then
    for (std::uint16_t const proxy : owners_in(character, from_ns, f.until_ns))
      if (fenced(proxy, character % sols_, from_ns, f.until_ns))
        return ", when proxy[" + std::to_string(proxy) + "] lost its lease";
    return {};
  }

  /// A sol that died has forgotten which numbers it gave out. What was under way to or through a node that died, or to
  /// a client whose session ended since its proxy was parted from the sol for longer than its lease, is lost. A link
  /// that breaks and comes back in time is no excuse. What a proxy had sent before it died may still arrive afterwards,
  /// which moves the beginning of the gap past its death, and past the next grant; by the end of its lease it has
  /// arrived. So it counts who held the session since the fault began.
  bool explain(std::uint32_t character, notification_fault const& f) const {
    std::uint32_t const shard = character % sols_;
    std::string const sol = scenario::sol_name(shard);
    bool const is_loss = f.what == fault_kind::lost;
    std::int64_t const from_ns = is_loss ? f.from_ns : 0;
    for (records::fault const& s : faults_) {
      if (s.began_ns > f.until_ns || over(s.done_ns) < from_ns) continue;
      if (s.node == sol) return true;
      for (std::uint16_t const proxy : owners_in(character, s.began_ns, f.until_ns))
        if (is_loss && s.node == scenario::proxy_name(proxy)) return true;
    }
    for (event_record const* p : partitions_) {
      if (!is_loss || p->began_ns > f.until_ns || over(end_of(*p)) < from_ns) continue;
      for (std::uint16_t const proxy : owners_in(character, p->began_ns, f.until_ns))
        if (fenced(proxy, shard, p->began_ns, over(end_of(*p)))) return true;
    }
    return false;
  }

private:
  std::int64_t over(std::int64_t done_ns) const { return done_ns > never - lease_ns_ ? never : done_ns + lease_ns_; }
  static std::int64_t end_of(event_record const& partition) { return partition.done_ns ? partition.done_ns : never; }

  /// Whose proxies held the character's session at some time of the interval.
  std::vector<std::uint16_t> owners_in(std::uint32_t character, std::int64_t from_ns, std::int64_t until_ns) const {
    std::vector<std::uint16_t> in;
    auto const known = owners_.find(character);
    if (known == owners_.end()) return in;
    auto const& all = known->second;
    for (std::size_t k = 0; k != all.size(); ++k)
      if (all[k].from_ns <= until_ns && (k + 1 == all.size() || all[k + 1].from_ns >= from_ns))
        in.push_back(all[k].proxy);
    return in;
  }

  /// Whether the sol declared a life of the proxy dead in that time.
  bool fenced(std::uint16_t proxy, std::uint32_t sol, std::int64_t from_ns, std::int64_t until_ns) const {
    auto const here = fences_.find(static_cast<std::uint16_t>(sol));
    return here != fences_.end() && std::any_of(here->second.begin(), here->second.end(), [&](tenure const& fence) {
             return fence.proxy == proxy && from_ns <= fence.from_ns && fence.from_ns <= until_ns;
           });
  }

  std::uint32_t sols_;
  std::int64_t lease_ns_;
  std::vector<records::fault> faults_;
  std::map<std::uint32_t, std::vector<tenure>> owners_; // by character, in the order granted
  std::map<std::uint16_t, std::vector<tenure>> fences_; // by sol
  std::vector<event_record const*> partitions_;
};

/// "after 1.204 s, before 1.5 s": seconds of the load, as far as the client knows.
std::string when(notification_fault const& f, std::int64_t start_ns) {
  auto const seconds = [start_ns](std::int64_t at_ns) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3f s", static_cast<double>(at_ns - start_ns) / 1e9);
    return std::string(text);
  };
  if (f.what != fault_kind::lost) return "at " + seconds(f.until_ns);
  std::string const after = f.from_ns == 0 ? "from the first on" : "after " + seconds(f.from_ns);
  return after + (f.until_ns == never ? ", up to the last" : ", before " + seconds(f.until_ns));
}

std::string_view name_of(fault_kind kind) {
  switch (kind) {
  case fault_kind::lost:
    return "lost";
  case fault_kind::doubled:
    return "doubled";
  case fault_kind::reordered:
    return "reordered";
  }
  return {};
}

}

records::invariant_result check_notifications(scenario::scenario const& s, records::run_records const& r) {
  constexpr std::size_t most_examples = 10;
  records::invariant_result out;
  out.name = "notifications";
  excuses const known(s, r);
  std::uint64_t excused = 0;
  for (records::eve_record const& e : r.eve) {
    out.checked += e.received + e.lost;
    for (notification_fault const& f : e.faults) {
      if (known.explain(e.character, f)) {
        excused += f.count;
        continue;
      }
      out.violations += f.count;
      out.by_kind[std::string(name_of(f.what))] += f.count;
      if (f.what == fault_kind::lost) out.lag_explains += f.count;
      if (out.examples.size() < most_examples)
        out.examples.push_back("character " + std::to_string(e.character) + ": " + std::to_string(f.count) + " " +
                               std::string(name_of(f.what)) + " (" + when(f, r.start_ns) + ")" +
                               known.lost_lease(e.character, f) + ", which no fault on the time line explains");
    }
  }
  out.exercised = out.checked != 0;
  out.passed = out.violations == 0;
  if (excused) out.note = std::to_string(excused) + " lost, doubled or out of order around a fault on the time line";
  return out;
}

}
