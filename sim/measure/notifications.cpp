#include "sim/measure/invariants.hpp"
#include "sim/measure/owners.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

/// Invariant 8: what the sols push arrives once and in order, unless something on the time line took the way away.
namespace sim::measure {
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
  excuses(scenario::scenario const& s, run_records const& r)
    : sols_(std::max<std::uint32_t>(1, s.topology.sols.count))
    , lease_ns_(s.topology.proxies.lease.count())
    , strikes_(strikes_of(r)) {
    for (journal::sol_event const& e : r.sols) {
      if (e.kind == journal::sol_event_kind::granted)
        owners_[e.character].push_back({e.at_ns, proxy_of(e.incarnation)});
      if (e.kind == journal::sol_event_kind::fenced) fences_[e.sol].push_back({e.at_ns, proxy_of(e.incarnation)});
    }
    for (event_record const& e : r.events)
      if (e.kind == "partition" && e.began_ns != 0) partitions_.push_back(&e);
  }

  /// A sol that died has forgotten which numbers it gave out. What was under way to or through a node that died, or to
  /// a client whose session ended since its proxy was parted from the sol for longer than its lease, is lost. A link
  /// that breaks and comes back in time is no excuse. What a proxy had sent before it died may still arrive afterwards,
  /// which moves the beginning of the gap past its death; by the end of its lease it has arrived.
  bool explain(std::uint32_t character, notification_fault const& f) const {
    std::string const sol = "sol[" + std::to_string(character % sols_) + "]";
    if (f.what != fault_kind::lost) return struck(sol, 0, f.until_ns);
    if (struck(sol, f.from_ns, f.until_ns)) return true;
    for (tenure const& t : owners_in(character, f.from_ns, f.until_ns)) {
      if (struck("proxy[" + std::to_string(t.proxy) + "]", f.from_ns, f.until_ns)) return true;
      if (parted(t.proxy, character % sols_, f.from_ns, f.until_ns)) return true;
    }
    return false;
  }

private:
  bool struck(std::string const& node, std::int64_t from_ns, std::int64_t until_ns) const {
    return std::any_of(strikes_.begin(), strikes_.end(), [&](strike const& s) {
      std::int64_t const over = s.done_ns > never - lease_ns_ ? never : s.done_ns + lease_ns_;
      return s.node == node && s.began_ns <= until_ns && over >= from_ns;
    });
  }

  /// Whose proxies held the character's session at some time of the interval.
  std::vector<tenure> owners_in(std::uint32_t character, std::int64_t from_ns, std::int64_t until_ns) const {
    std::vector<tenure> in;
    auto const known = owners_.find(character);
    if (known == owners_.end()) return in;
    auto const& all = known->second;
    for (std::size_t k = 0; k != all.size(); ++k)
      if (all[k].from_ns <= until_ns && (k + 1 == all.size() || all[k + 1].from_ns >= from_ns)) in.push_back(all[k]);
    return in;
  }

  /// A partition between proxy and sol, by which the proxy was fenced there.
  bool parted(std::uint16_t proxy, std::uint32_t sol, std::int64_t from_ns, std::int64_t until_ns) const {
    auto const fenced = fences_.find(static_cast<std::uint16_t>(sol));
    if (fenced == fences_.end()) return false;
    for (event_record const* p : partitions_) {
      std::int64_t const over = (p->done_ns ? p->done_ns : until_ns) + lease_ns_;
      for (tenure const& fence : fenced->second)
        if (fence.proxy == proxy && p->began_ns <= fence.from_ns && fence.from_ns <= over && p->began_ns <= until_ns &&
            over >= from_ns)
          return true;
    }
    return false;
  }

  std::uint32_t sols_;
  std::int64_t lease_ns_;
  std::vector<strike> strikes_;
  std::map<std::uint32_t, std::vector<tenure>> owners_; // by character, in the order granted
  std::map<std::uint16_t, std::vector<tenure>> fences_; // by sol
  std::vector<event_record const*> partitions_;
};

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

invariant_result check_notifications(scenario::scenario const& s, run_records const& r) {
  constexpr std::size_t most_examples = 10;
  invariant_result out;
  out.name = "notifications";
  excuses const known(s, r);
  std::uint64_t excused = 0;
  for (eve_record const& e : r.eve) {
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
                               std::string(name_of(f.what)) + ", which no fault on the time line explains");
    }
  }
  out.exercised = out.checked != 0;
  out.passed = out.violations == 0;
  if (excused) out.note = std::to_string(excused) + " lost, doubled or out of order around a fault on the time line";
  return out;
}

}
