#include "sim/judge/reasons.hpp"

#include "sim/scenario/node_names.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>

namespace sim::judge {

using records::balancer_facts;
using records::client_outcome;
using records::client_record;
using records::event_reference;
using records::fault;
using records::located_hop;
using records::run_view;

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

bool retry_worthy(journal::hop_result r) {
  return r == journal::hop_result::not_delivered || r == journal::hop_result::failed;
}

/// The hop whose answer the client got, if a proxy answered at all.
located_hop const* final_hop(run_view const& v, std::size_t i) {
  auto const hops = v.hops(i);
  return hops.empty() ? nullptr : &v.hop(hops.back());
}

/// What one request taught its balancer.
struct learnt_fact {
  std::uint32_t slot; // of the request
  std::uint16_t proxy;
  std::int64_t from_ns, until_ns; // learnt in this interval
  bool sure;                      // false: may not have been learnt (the client left before the end)
};

/// The memory that one balancer could have of one token, as time goes on.
class token_memory {
public:
  void add(learnt_fact const& l) { facts_.push_back(l); }
  void set_back(std::int64_t at_ns) { setbacks_.push_back(at_ns); }

  /// Drops learnt facts that a later one surely overwrote before `sent_ns`.
  void prune(std::int64_t sent_ns) {
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (learnt_fact const& l : facts_)
      if (l.sure && l.until_ns <= sent_ns) latest = std::max(latest, l.from_ns);
    std::erase_if(facts_, [&](learnt_fact const& l) { return l.until_ns < latest; });
  }

  std::span<learnt_fact const> learnt_facts() const { return facts_; }
  bool set_back_between(std::int64_t from_ns, std::int64_t until_ns) const {
    return std::any_of(setbacks_.begin(), setbacks_.end(),
                       [&](std::int64_t t) { return from_ns <= t && t <= until_ns; });
  }

private:
  std::vector<learnt_fact> facts_;
  std::vector<std::int64_t> setbacks_;
};

class reconstruction {
public:
  explicit reconstruction(run_view const& v)
    : v_(v)
    , failures_(v.balancers().size()) {
    history_.hop_reason.assign(v.records().hops.size(), not_redirected);
    history_.first_choice.assign(v.size(), choice::unknown);
    history_.overlapped.assign(v.size(), 0);
    history_.stale.assign(v.size(), 0);
    history_.raced.assign(v.size(), 0);
    note_failures();
    note_shared();
  }

  routing_history run() {
    mark_simple_reasons();
    std::vector<std::uint32_t> order = tokens_by_balancer();
    for (std::size_t from = 0; from != order.size();) {
      std::size_t to = from;
      while (to != order.size() && same_group(order[from], order[to])) ++to;
      replay(std::span(order).subspan(from, to - from));
      from = to;
    }
    mark_stale_hits();
    mark_overlaps();
    return std::move(history_);
  }

private:
  auto key(std::uint32_t i) const {
    client_record const& c = v_.client(i);
    return std::tuple(c.balancer, c.character, c.token);
  }
  bool same_group(std::uint32_t a, std::uint32_t b) const { return key(a) == key(b); }

  /// Requests with a token of ours, by balancer, token and time sent.
  std::vector<std::uint32_t> tokens_by_balancer() const {
    struct entry {
      std::uint64_t token;
      std::int64_t sent;
      std::uint32_t slot;
      std::uint16_t balancer;
    };
    std::vector<entry> entries;
    entries.reserve(v_.size());
    for (std::uint32_t i = 0; i != v_.size(); ++i) {
      client_record const& c = v_.client(i);
      if (!v_.shows_token(i) || c.balancer >= v_.balancers().size()) continue;
      entries.push_back({std::uint64_t{c.character} << 32 | c.token, c.sent_ns, i, c.balancer});
    }
    std::sort(entries.begin(), entries.end(), [](entry const& a, entry const& b) {
      return std::tie(a.balancer, a.token, a.sent, a.slot) < std::tie(b.balancer, b.token, b.sent, b.slot);
    });
    std::vector<std::uint32_t> order;
    order.reserve(entries.size());
    for (entry const& e : entries) order.push_back(e.slot);
    return order;
  }

  /// When each balancer had cause to distrust each proxy: its own failed hops, and the proxy's deaths.
  void note_failures() {
    std::size_t proxies = std::max<std::size_t>(v_.scenario().topology.proxies.count, v_.records().proxies.size());
    for (located_hop const& h : v_.records().hops) proxies = std::max<std::size_t>(proxies, h.proxy + std::size_t{1});
    for (std::size_t b = 0; b != failures_.size(); ++b) {
      failures_[b].resize(proxies);
      for (journal::balancer_event const& e : v_.records().balancers[b].events) {
        if (e.kind != journal::balancer_event_kind::hop || !retry_worthy(e.result)) continue;
        std::uint16_t const proxy = v_.proxy_at(e.upstream_address, e.upstream_port);
        if (proxy < proxies) failures_[b][proxy].push_back(e.at_ns);
      }
    }
    for (std::size_t p = 0; p != proxies; ++p)
      for (fault const& s : v_.faults())
        if (s.node == scenario::proxy_name(p))
          for (auto& of : failures_) of[p].push_back(s.began_ns);
    for (auto& of : failures_)
      for (auto& times : of) std::sort(times.begin(), times.end());
  }

  /// What balancers that share a map were asked for, and when they may have told it, by token.
  struct shared_visit {
    std::uint64_t token;
    std::int64_t sent_ns, learnt_ns, done_ns; // learnt: at the earliest; never, if it taught nothing
    std::uint16_t balancer;
    bool operator<(shared_visit const& other) const {
      return std::tie(token, sent_ns) < std::tie(other.token, other.sent_ns);
    }
  };

  bool shares_map(std::uint16_t balancer) const {
    return balancer < v_.balancers().size() && v_.balancers()[balancer].group != nullptr &&
           v_.balancers()[balancer].group->shared_map.has_value();
  }

  static std::uint64_t token_of(client_record const& c) { return std::uint64_t{c.character} << 32 | c.token; }

  void note_shared() {
    for (std::uint32_t i = 0; i != v_.size(); ++i) {
      client_record const& c = v_.client(i);
      if (!v_.shows_token(i) || !shares_map(c.balancer)) continue;
      located_hop const* const last = final_hop(v_, i);
      bool const teaches =
          last && last->hop.outcome == journal::hop_outcome::served && last->hop.character != journal::no_character;
      shared_.push_back({token_of(c), c.sent_ns, teaches ? last->hop.answered_ns : never,
                         c.outcome == client_outcome::pending ? never : c.done_ns, c.balancer});
    }
    std::sort(shared_.begin(), shared_.end());
  }

  /// Whether another balancer that shares this one's map had learnt the token of request `i` when this one chose, or
  /// was about to: so short a time before that the map may not have known it yet. Not when one had learnt it long
  /// before.
  bool raced_in_shared_map(std::uint32_t i, std::int64_t decided) const {
    client_record const& c = v_.client(i);
    if (!shares_map(c.balancer)) return false;
    std::int64_t const patience = v_.balancers()[c.balancer].group->shared_map->timeout.count();
    shared_visit key{};
    key.token = token_of(c);
    key.sent_ns = std::numeric_limits<std::int64_t>::min();
    bool raced = false;
    for (auto at = std::lower_bound(shared_.begin(), shared_.end(), key); at != shared_.end(); ++at) {
      if (at->token != key.token || at->sent_ns > decided) break;
      bool const taught = at->learnt_ns <= decided;
      bool const over = at->done_ns != never && at->done_ns + patience < c.sent_ns;
      if (taught && over) return false; // there for long
      bool const under_way = at->sent_ns < c.sent_ns && at->done_ns > c.sent_ns;
      raced = raced || (at->balancer != c.balancer && (under_way || (taught && !over)));
    }
    return raced;
  }

  bool failed_between(std::uint16_t balancer, std::uint16_t proxy, std::int64_t from, std::int64_t until) const {
    auto const& times = failures_[balancer][proxy];
    auto const at = std::lower_bound(times.begin(), times.end(), from);
    return at != times.end() && *at <= until;
  }

  /// Reasons that need no memory: chained, no token, no map, black boxes, tokens that are not ours.
  void mark_simple_reasons() {
    for (std::uint32_t i = 0; i != v_.size(); ++i) {
      client_record const& c = v_.client(i);
      bool first = true;
      for (std::uint32_t h : v_.hops(i)) {
        if (v_.hop(h).hop.outcome != journal::hop_outcome::redirected) continue;
        history_.hop_reason[h] = static_cast<std::uint8_t>(first ? simple_reason(c) : reason::chained);
        first = false;
      }
    }
    for (std::uint32_t h : v_.stray_hops())
      if (v_.hop(h).hop.outcome == journal::hop_outcome::redirected)
        history_.hop_reason[h] = static_cast<std::uint8_t>(reason::unknown);
  }

  reason simple_reason(client_record const& c) const {
    if (c.kind == records::token_kind::none) return reason::no_token;
    if (c.balancer >= v_.balancers().size()) return reason::unknown;
    balancer_facts const& b = v_.balancers()[c.balancer];
    if (b.map_known && !b.map) return reason::no_map;
    return reason::unknown;
  }

  /// What request `i` teaches, and when it gives cause to erase.
  void learn_from(std::uint32_t i, token_memory& memory) const {
    client_record const& c = v_.client(i);
    located_hop const* last = final_hop(v_, i);
    std::int64_t const done = c.outcome == client_outcome::pending ? never : c.done_ns;
    bool const teaches =
        last && last->hop.outcome == journal::hop_outcome::served && last->hop.character != journal::no_character;
    if (teaches)
      memory.add({i, last->proxy, last->hop.answered_ns, std::max(done, last->hop.answered_ns),
                  c.outcome == client_outcome::answered});
    for (event_reference e : v_.events(i))
      if (v_.event(e).kind == journal::balancer_event_kind::hop && retry_worthy(v_.event(e).result))
        memory.set_back(v_.event(e).at_ns);
    bool const broken = c.outcome != client_outcome::answered || c.status >= 500;
    bool const silent = v_.balancers()[c.balancer].forgets_on_silence && !teaches;
    if (broken || silent) {
      std::int64_t const answered = last && last->hop.answered_ns ? last->hop.answered_ns : done;
      memory.set_back(std::min(answered, done));
    }
  }

  /// Goes through the requests of one token at one balancer in the order sent.
  void replay(std::span<std::uint32_t const> requests) {
    std::uint16_t const balancer = v_.client(requests.front()).balancer;
    balancer_facts const& facts = v_.balancers()[balancer];
    if (!facts.map_known) return;
    token_memory memory;
    std::size_t taken = 0;       // requests whose learnt facts are in `memory`
    std::int64_t busy_until = 0; // until when an earlier request was in flight
    bool knew_once = false;
    for (std::uint32_t i : requests) {
      client_record const& c = v_.client(i);
      auto const hops = v_.hops(i);
      if (!hops.empty()) {
        located_hop const& first = v_.hop(hops.front());
        while (taken != requests.size() && v_.client(requests[taken]).sent_ns < first.hop.received_ns)
          learn_from(requests[taken++], memory);
        for (learnt_fact const& l : memory.learnt_facts())
          knew_once = knew_once || (l.sure && l.slot != i && l.until_ns <= c.sent_ns);
        memory.prune(c.sent_ns);
        judge(i, first, hops.front(), facts, memory, knew_once, busy_until > c.sent_ns);
      }
      busy_until = std::max(busy_until, c.outcome == client_outcome::pending ? never : c.done_ns);
    }
  }

  /// The journal's word for how the first proxy was chosen, if there is one.
  std::optional<bool> journalled_hit(std::uint32_t i, std::uint16_t proxy) const {
    for (event_reference e : v_.events(i)) {
      journal::balancer_event const& event = v_.event(e);
      if (event.kind != journal::balancer_event_kind::hop || event.result == journal::hop_result::not_delivered)
        continue;
      if (event.hop != journal::hop_kind::first && event.hop != journal::hop_kind::retry) continue;
      std::uint16_t const at = v_.proxy_at(event.upstream_address, event.upstream_port);
      if (at == records::no_proxy || at == proxy) return event.hit != 0;
    }
    return std::nullopt;
  }

  void judge(std::uint32_t i, located_hop const& first, std::uint32_t hop, balancer_facts const& facts,
             token_memory const& memory, bool knew_once, bool in_flight) {
    if (!facts.map) {
      history_.first_choice[i] = choice::guess;
      return;
    }
    std::int64_t const decided = first.hop.received_ns;
    bool names_it = false, may_know = false;
    for (learnt_fact const& l : memory.learnt_facts()) {
      if (l.slot == i || l.from_ns > decided) continue;
      may_know = true;
      names_it = names_it || l.proxy == first.proxy;
    }
    bool hit = names_it && !lost_in_restart(i, memory, decided);
    if (auto const word = journalled_hit(i, first.proxy)) hit = *word;
    history_.first_choice[i] = hit ? choice::map : choice::guess;
    bool const raced_elsewhere = !hit && !knew_once && raced_in_shared_map(i, decided);
    history_.raced[i] = raced_elsewhere;
    if (first.hop.outcome != journal::hop_outcome::redirected) return;
    reason why = reason::cold;
    if (hit)
      why = reason::moved;
    else if (!knew_once)
      why = in_flight || may_know || raced_elsewhere ? reason::raced : reason::cold;
    else
      why = reason_of_loss(i, memory, decided);
    history_.hop_reason[hop] = static_cast<std::uint8_t>(why);
  }

  /// Whether a restart of the balancer that lost its map lies between all that it learnt and `decided`.
  bool lost_in_restart(std::uint32_t i, token_memory const& memory, std::int64_t decided) const {
    std::string const& name = v_.balancer_name(v_.client(i).balancer);
    for (fault const& s : v_.faults()) {
      if (s.node != name || s.map_kept || s.began_ns > decided) continue;
      bool const all_before =
          std::all_of(memory.learnt_facts().begin(), memory.learnt_facts().end(), [&](learnt_fact const& l) {
            return l.slot == i || l.from_ns <= s.done_ns || l.from_ns > decided;
          });
      if (all_before) return true;
    }
    return false;
  }

  reason reason_of_loss(std::uint32_t i, token_memory const& memory, std::int64_t decided) const {
    if (lost_in_restart(i, memory, decided)) return reason::restarted;
    std::uint16_t const balancer = v_.client(i).balancer;
    std::int64_t since = decided;
    for (learnt_fact const& l : memory.learnt_facts()) {
      if (l.slot == i || l.from_ns > decided) continue;
      since = std::min(since, l.from_ns);
      if (failed_between(balancer, l.proxy, l.from_ns, decided)) return reason::forgotten;
    }
    if (memory.set_back_between(since, decided)) return reason::forgotten;
    for (event_reference e : v_.events(i)) // its own first try failed, and the entry with it
      if (v_.event(e).kind == journal::balancer_event_kind::hop && retry_worthy(v_.event(e).result) &&
          v_.event(e).at_ns <= decided)
        return reason::forgotten;
    return reason::evicted;
  }

  /// The journal's record of the request's first hop, if there is one.
  journal::balancer_event const* first_hop(std::uint32_t i) const {
    for (event_reference e : v_.events(i)) {
      journal::balancer_event const& event = v_.event(e);
      if (event.kind == journal::balancer_event_kind::hop && event.hop == journal::hop_kind::first) return &event;
    }
    return nullptr;
  }

  /// Whether the proxy that a hop was sent to died before `until_ns`, as far as the time line tells.
  bool proxy_died(journal::balancer_event const& hop, std::int64_t until_ns) const {
    std::uint16_t const proxy = v_.proxy_at(hop.upstream_address, hop.upstream_port);
    std::string const name = scenario::proxy_name(proxy);
    return proxy != records::no_proxy && std::any_of(v_.faults().begin(), v_.faults().end(), [&](fault const& s) {
             return s.node == name && s.began_ns <= until_ns;
           });
  }

  /// A hop that the map chose is a hit, also where no proxy lived to see it. A black box does not say where it sent
  /// what nobody received: only redirects tell there.
  void mark_stale_hits() {
    using journal::hop_result;
    for (std::uint32_t i = 0; i != v_.size(); ++i) {
      if (!v_.shows_token(i)) continue;
      client_record const& c = v_.client(i);
      journal::balancer_event const* const first = first_hop(i);
      if (first && first->hit != 0 && v_.balancers()[c.balancer].map) {
        history_.first_choice[i] = choice::map;
        std::int64_t const until = c.outcome == client_outcome::pending ? never : c.done_ns;
        switch (first->result) {
        case hop_result::redirected:
        case hop_result::refused_redirect:
        case hop_result::not_delivered:
          history_.stale[i] = 1;
          break;
        case hop_result::failed:
          history_.stale[i] = proxy_died(*first, until);
          break;
        case hop_result::answered:
        case hop_result::pending:
          break;
        }
      } else if (history_.first_choice[i] == choice::map) {
        auto const hops = v_.hops(i);
        history_.stale[i] = std::any_of(hops.begin(), hops.end(), [&](std::uint32_t h) {
          return v_.hop(h).hop.outcome == journal::hop_outcome::redirected;
        });
      }
    }
  }

  /// Marks requests that were sent while another of the same character was in flight, at any balancer.
  void mark_overlaps() {
    struct entry {
      std::uint32_t character, slot;
      std::int64_t sent;
    };
    std::vector<entry> entries;
    entries.reserve(v_.size());
    for (std::uint32_t i = 0; i != v_.size(); ++i)
      if (v_.shows_token(i)) entries.push_back({v_.client(i).character, i, v_.client(i).sent_ns});
    std::sort(entries.begin(), entries.end(), [](entry const& a, entry const& b) {
      return std::tie(a.character, a.sent, a.slot) < std::tie(b.character, b.sent, b.slot);
    });
    std::int64_t busy_until = 0;
    for (std::size_t k = 0; k != entries.size(); ++k) {
      if (k == 0 || entries[k].character != entries[k - 1].character) busy_until = 0;
      client_record const& c = v_.client(entries[k].slot);
      if (busy_until > c.sent_ns) history_.overlapped[entries[k].slot] = 1;
      busy_until = std::max(busy_until, c.outcome == client_outcome::pending ? never : c.done_ns);
    }
  }

  run_view const& v_;
  routing_history history_;
  std::vector<std::vector<std::vector<std::int64_t>>> failures_; // [balancer][proxy], sorted
  std::vector<shared_visit> shared_;                             // sorted
};

}

std::string_view name_of(reason r) {
  static constexpr std::array<std::string_view, reason_count> names = {"cold",     "raced",     "moved",     "evicted",
                                                                       "expired",  "forgotten", "restarted", "chained",
                                                                       "no_token", "no_map",    "unknown"};
  return names[static_cast<std::size_t>(r)];
}

routing_history reconstruct(run_view const& v) { return reconstruction(v).run(); }

}
