#include "sim/judge/invariant_check.hpp"
#include "sim/judge/invariants.hpp"
#include "sim/scenario/node_names.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>

namespace sim::judge {

using records::located_hop;
using records::run_view;

namespace {

/// A grant of the registry.
struct grant {
  std::uint32_t character;
  std::uint64_t epoch;
  std::int64_t at_ns;
  journal::incarnation_id incarnation;
};

/// A hop that a proxy served under a session.
struct service {
  std::uint32_t character;
  std::uint64_t epoch;
  std::uint32_t hop;
};

std::vector<grant> grants_of(run_view const& v) {
  std::vector<grant> all;
  for (journal::sol_event const& e : v.records().sols)
    if (e.kind == journal::sol_event_kind::granted) all.push_back({e.character, e.epoch, e.at_ns, e.incarnation});
  std::sort(all.begin(), all.end(), [](grant const& a, grant const& b) {
    return std::tie(a.character, a.epoch, a.at_ns) < std::tie(b.character, b.epoch, b.at_ns);
  });
  return all;
}

std::vector<service> services_of(run_view const& v) {
  std::vector<service> all;
  auto const& hops = v.records().hops;
  for (std::uint32_t h = 0; h != hops.size(); ++h)
    if (hops[h].hop.outcome == journal::hop_outcome::served && hops[h].hop.character != journal::no_character)
      all.push_back({hops[h].hop.character, hops[h].hop.epoch, h});
  std::sort(all.begin(), all.end(), [&](service const& a, service const& b) {
    return std::tuple(a.character, a.epoch, hops[a.hop].hop.received_ns, a.hop) <
           std::tuple(b.character, b.epoch, hops[b.hop].hop.received_ns, b.hop);
  });
  return all;
}

std::string served_as(located_hop const& h) {
  return scenario::proxy_name(h.proxy) + ", incarnation " + std::to_string(h.hop.incarnation) + ", served character " +
         std::to_string(h.hop.character) + " under epoch " + std::to_string(h.hop.epoch);
}

grant const* find_grant(std::vector<grant> const& grants, std::uint32_t character, std::uint64_t epoch) {
  auto const at =
      std::lower_bound(grants.begin(), grants.end(), std::tuple(character, epoch),
                       [](grant const& g, auto const& key) { return std::tuple(g.character, g.epoch) < key; });
  return at != grants.end() && at->character == character && at->epoch == epoch ? &*at : nullptr;
}

}

records::invariant_result check_one_session(run_view const& v) {
  invariant_check j(v, "one_session");
  std::vector<grant> const grants = grants_of(v);
  std::vector<service> const services = services_of(v);
  for (std::size_t k = 1; k < grants.size(); ++k)
    if (grants[k].character == grants[k - 1].character && grants[k].epoch == grants[k - 1].epoch &&
        grants[k].incarnation != grants[k - 1].incarnation)
      j.violation(records::no_index, {"granted_twice"}, [&] {
        return "epoch " + std::to_string(grants[k].epoch) + " of character " + std::to_string(grants[k].character) +
               " was granted to two incarnations";
      });
  // From the latest epoch of each character to the first: when was a later epoch surely in force?
  std::int64_t later_ns = std::numeric_limits<std::int64_t>::max();
  std::size_t g = grants.size();
  for (std::size_t end = services.size(); end != 0;) {
    std::uint32_t const character = services[end - 1].character;
    std::uint64_t const epoch = services[end - 1].epoch;
    std::size_t begin = end;
    while (begin != 0 && services[begin - 1].character == character && services[begin - 1].epoch == epoch) --begin;
    if (end == services.size() || services[end].character != character)
      later_ns = std::numeric_limits<std::int64_t>::max();
    while (g != 0 && std::tuple(grants[g - 1].character, grants[g - 1].epoch) > std::tuple(character, epoch)) {
      --g;
      if (grants[g].character == character) later_ns = std::min(later_ns, grants[g].at_ns);
    }
    std::int64_t in_force_ns = std::numeric_limits<std::int64_t>::max(); // this epoch, by the proxies' own records
    located_hop const& first = v.hop(services[begin].hop);
    for (std::size_t k = begin; k != end; ++k) {
      located_hop const& h = v.hop(services[k].hop);
      std::uint32_t const slot = v.slot(h.hop.request);
      j.checked();
      if (h.hop.incarnation != first.hop.incarnation)
        j.violation(slot, {"shared_epoch"}, [&] { return served_as(h) + ", and " + served_as(first); });
      else if (h.hop.received_ns > later_ns)
        j.violation(slot, {"stale_epoch"}, [&] {
          return served_as(h) + ", though it arrived " + std::to_string(h.hop.received_ns - later_ns) +
                 " ns after a later epoch was in force";
        });
      in_force_ns = std::min(in_force_ns, h.hop.answered_ns);
    }
    later_ns = std::min(later_ns, in_force_ns);
    end = begin;
  }
  return j.finish();
}

records::invariant_result check_right_place(run_view const& v) {
  invariant_check j(v, "right_place");
  std::vector<grant> const grants = grants_of(v);
  if (grants.empty()) {
    j.note("no registry records: owners are unknown");
    return j.finish();
  }
  for (located_hop const& h : v.records().hops) {
    if (h.hop.outcome != journal::hop_outcome::served || h.hop.character == journal::no_character) continue;
    std::uint32_t const slot = v.slot(h.hop.request);
    grant const* owner = find_grant(grants, h.hop.character, h.hop.epoch);
    j.checked();
    if (!owner)
      j.violation(slot, {"never_granted"}, [&] { return served_as(h) + ", which was never granted"; });
    else if (owner->incarnation != h.hop.incarnation)
      j.violation(slot, {"not_owner"}, [&] {
        return served_as(h) + ", which belongs to incarnation " + std::to_string(owner->incarnation);
      });
    else if (owner->at_ns > h.hop.answered_ns)
      j.violation(slot, {"before_grant"}, [&] { return served_as(h) + ", before it was granted"; });
  }
  for (std::uint32_t i = 0; i != v.size(); ++i) {
    records::client_record const& c = v.client(i);
    if (!v.issued(i) || c.from_cache || c.incarnation == 0 || c.epoch == 0 || c.findings & records::found_foreign)
      continue;
    grant const* owner = find_grant(grants, c.character, c.epoch);
    j.checked();
    if (!owner || owner->incarnation != c.incarnation)
      j.violation(i, {"answer_not_from_owner"}, [&] {
        return "the answer names incarnation " + std::to_string(c.incarnation) + " and epoch " +
               std::to_string(c.epoch) + ", which was " +
               (owner ? "granted to incarnation " + std::to_string(owner->incarnation) : std::string("never granted"));
      });
  }
  return j.finish();
}

}
