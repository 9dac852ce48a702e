#include "sim/judge/learnt_facts.hpp"

#include <algorithm>

namespace sim::judge {

using records::no_balancer;

namespace {

using journal::hop_outcome;

template<class Map, class Key>
void earliest(Map& since, Key const& key, std::int64_t at_ns) {
  auto const [known, fresh] = since.try_emplace(key, at_ns);
  if (!fresh) known->second = std::min(known->second, at_ns);
}

template<class Map, class Key>
bool holds_since(Map const& since, Key const& key, std::int64_t at_ns) {
  auto const known = since.find(key);
  return known != since.end() && known->second <= at_ns;
}

}

learnt_facts::learnt_facts(records::run_view const& v)
  : v_(v) {
  note_requests();
  note_refreshes();
}

bool learnt_facts::shares_map(std::uint16_t balancer) const {
  records::balancer_facts const& b = v_.balancers()[balancer];
  return b.group && b.group->shared_map.has_value();
}

void learnt_facts::note_requests() {
  for (std::uint32_t i = 0; i != v_.size(); ++i) {
    std::uint16_t const balancer = v_.client(i).balancer;
    if (!v_.shows_token(i) || balancer >= v_.balancers().size()) continue;
    for (std::uint32_t h : v_.hops(i)) {
      records::located_hop const& hop = v_.hop(h);
      if (hop.hop.outcome == hop_outcome::redirected || hop.hop.outcome == hop_outcome::unauthorized) continue;
      earliest(since_, learnt_fact{token_of(i), balancer, hop.proxy}, hop.hop.received_ns);
      if (shares_map(balancer)) earliest(since_, learnt_fact{token_of(i), no_balancer, hop.proxy}, hop.hop.received_ns);
    }
  }
}

void learnt_facts::note_refreshes() {
  for (records::event_reference r : v_.stray_events()) {
    journal::balancer_event const& e = v_.event(r);
    if (e.kind != journal::balancer_event_kind::hop || e.hop != journal::hop_kind::own) continue;
    std::uint16_t const proxy = v_.proxy_at(e.upstream_address, e.upstream_port);
    refreshers_.emplace(r.balancer, proxy);
    if (shares_map(r.balancer)) refreshers_.emplace(no_balancer, proxy);
  }
  if (refreshers_.empty()) return;
  for (std::uint32_t h : v_.stray_hops()) {
    records::located_hop const& hop = v_.hop(h);
    if (hop.hop.request != 0 || hop.hop.outcome != hop_outcome::served) continue;
    if (hop.hop.character != journal::no_character)
      earliest(refreshed_, std::pair(hop.hop.character, hop.proxy), hop.hop.received_ns);
  }
}

bool learnt_facts::taught_at(std::uint32_t slot, std::uint16_t balancer, std::uint16_t proxy,
                             std::int64_t at_ns) const {
  if (holds_since(since_, learnt_fact{token_of(slot), balancer, proxy}, at_ns)) return true;
  return refreshers_.contains({balancer, proxy}) &&
         holds_since(refreshed_, std::pair(v_.client(slot).character, proxy), at_ns);
}

bool learnt_facts::taught(std::uint32_t slot, std::uint16_t balancer, std::uint16_t proxy, std::int64_t at_ns) const {
  return taught_at(slot, balancer, proxy, at_ns) ||
         (shares_map(balancer) && taught_at(slot, no_balancer, proxy, at_ns));
}

}
