#include "sim/judge/causes.hpp"

#include "sim/judge/owners.hpp"
#include "sim/scenario/node_names.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <tuple>

namespace sim::judge {

using records::client_record;
using records::event_record;
using records::run_view;

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr double doubtful_share = 0.05; // of a joining balancer's redirects: what its doubt may be

std::uint64_t token_of(client_record const& c) { return std::uint64_t{c.character} << 32 | c.token; }

/// A session that an event ended or moved.
struct displacement {
  std::uint32_t character;
  std::int64_t at_ns;
  std::size_t event;
};

/// Who held a character's session since when; 0: nobody.
struct tenure {
  std::int64_t from_ns;
  journal::incarnation_id owner;
};

class displacements {
public:
  explicit displacements(run_view const& v)
    : v_(v) {
    for (journal::sol_event const& e : v.records().sols) {
      if (e.kind == journal::sol_event_kind::granted) owners_[e.character].push_back({e.at_ns, e.incarnation});
      if (e.kind == journal::sol_event_kind::released) owners_[e.character].push_back({e.at_ns, 0});
    }
  }

  /// By character, then time.
  std::vector<displacement> run() {
    auto const& events = v_.records().events;
    for (std::size_t i = 0; i != events.size(); ++i) {
      event_record const& e = events[i];
      if (e.began_ns == 0) continue;
      if (traits_of(e.kind).stops_node && scenario::names_proxy(e.node))
        displace(i, e.began_ns, [&](journal::incarnation_id owner) { return name_of_proxy(owner) == e.node; });
    }
    for (journal::sol_event const& s : v_.records().sols) {
      if (s.kind == journal::sol_event_kind::move_done) moved(s);
      if (s.kind == journal::sol_event_kind::fenced) fenced(s);
    }
    std::sort(all_.begin(), all_.end(), [](displacement const& a, displacement const& b) {
      return std::tie(a.character, a.at_ns, a.event) < std::tie(b.character, b.at_ns, b.event);
    });
    return std::move(all_);
  }

private:
  static std::string name_of_proxy(journal::incarnation_id i) { return scenario::proxy_name(proxy_of(i)); }

  template<class Affected>
  void displace(std::size_t event, std::int64_t at_ns, Affected affected) {
    for (auto const& [character, tenures] : owners_) {
      auto const after = std::upper_bound(tenures.begin(), tenures.end(), at_ns,
                                          [](std::int64_t t, tenure const& x) { return t < x.from_ns; });
      if (after == tenures.begin() || std::prev(after)->owner == 0 || !affected(std::prev(after)->owner)) continue;
      all_.push_back({character, at_ns, event});
    }
  }

  void moved(journal::sol_event const& s) {
    auto const& events = v_.records().events;
    for (std::size_t i = events.size(); i-- != 0;) {
      event_record const& e = events[i];
      std::int64_t const done = e.done_ns ? e.done_ns : never;
      if (!traits_of(e.kind).moves_sessions || e.began_ns == 0 || e.began_ns > s.at_ns || s.at_ns > done) continue;
      all_.push_back({s.character, s.at_ns, i});
      return;
    }
  }

  /// By a partition: a proxy that died lost its sessions at once.
  void fenced(journal::sol_event const& s) {
    auto const& events = v_.records().events;
    std::int64_t const lease_ns = v_.scenario().topology.proxies.lease.count();
    for (std::size_t i = events.size(); i-- != 0;) {
      event_record const& e = events[i];
      if (!traits_of(e.kind).parts_links || e.began_ns == 0 || e.began_ns > s.at_ns) continue;
      if (e.done_ns && s.at_ns > e.done_ns + lease_ns) continue;
      if (e.node != "proxies" && e.node != name_of_proxy(s.incarnation)) continue;
      std::uint32_t const sols = std::max<std::uint32_t>(1, v_.scenario().topology.sols.count);
      std::size_t const first = all_.size();
      displace(i, s.at_ns, [&](journal::incarnation_id owner) { return owner == s.incarnation; });
      all_.erase(std::remove_if(all_.begin() + static_cast<std::ptrdiff_t>(first), all_.end(),
                                [&](displacement const& d) { return d.character % sols != s.sol; }),
                 all_.end());
      return;
    }
  }

  run_view const& v_;
  std::map<std::uint32_t, std::vector<tenure>> owners_;
  std::vector<displacement> all_;
};

class attribution {
public:
  attribution(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history)
    : v_(v)
    , facts_(facts)
    , history_(history)
    , effects_(v.records().events.size())
    , displaced_(displacements(v).run()) {
    scenario::load const& load = v.scenario().load;
    records::run_records const& r = v.records();
    bool const finite = load.kind == scenario::load_kind::closed || load.kind == scenario::load_kind::trace;
    ends_by_itself_ = finite && r.complete && !r.interrupted && !r.aborted_by;
  }

  std::vector<effect> run() {
    sort_requests();
    for (std::size_t from = 0; from != order_.size();) {
      std::size_t to = from;
      while (to != order_.size() && same_group(order_[from], order_[to])) ++to;
      group(std::span<std::uint32_t const>(order_).subspan(from, to - from));
      from = to;
    }
    joins_and_outages();
    for (std::size_t i = 0; i != effects_.size(); ++i) finish(i);
    return std::move(effects_);
  }

private:
  auto key(std::uint32_t i) const { return std::pair(v_.client(i).balancer, token_of(v_.client(i))); }
  bool same_group(std::uint32_t a, std::uint32_t b) const { return key(a) == key(b); }

  void sort_requests() {
    for (std::uint32_t i = 0; i != v_.size(); ++i)
      if (v_.is_load(i) && v_.shows_token(i) && v_.client(i).balancer < v_.balancers().size()) order_.push_back(i);
    std::sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tuple(key(a), v_.client(a).sent_ns, a) < std::tuple(key(b), v_.client(b).sent_ns, b);
    });
  }

  /// When the proxy gave the answer that taught the balancer; `never` if none did.
  std::int64_t taught_ns(std::uint32_t i) const {
    auto const hops = v_.hops(i);
    if (hops.empty() || v_.client(i).outcome != records::client_outcome::answered) return never;
    journal::proxy_hop const& last = v_.hop(hops.back()).hop;
    return last.outcome == journal::hop_outcome::served ? last.answered_ns : never;
  }

  std::int64_t arrived_ns(std::uint32_t i) const {
    auto const hops = v_.hops(i);
    return hops.empty() ? v_.client(i).sent_ns : v_.hop(hops.front()).hop.received_ns;
  }

  /// Of the request's first redirect.
  reason why(std::uint32_t i) const {
    for (std::uint32_t h : v_.hops(i))
      if (history_.hop_reason[h] != not_redirected) return static_cast<reason>(history_.hop_reason[h]);
    return reason::unknown;
  }

  void add(std::size_t event, std::uint32_t i, double weight = 1) {
    effects_[event].parts.push_back({v_.client(i).intended_ns, weight * facts_[i].redirects});
  }

  /// Requests of one token at one balancer, in the order sent.
  void group(std::span<std::uint32_t const> requests) {
    client_record const& c = v_.client(requests.front());
    records::balancer_facts const& b = v_.balancers()[c.balancer];
    if (!b.map) return;
    auto const first = std::lower_bound(displaced_.begin(), displaced_.end(), c.character,
                                        [](displacement const& d, std::uint32_t who) { return d.character < who; });
    for (auto d = first; d != displaced_.end() && d->character == c.character; ++d) {
      auto const next = std::next(d);
      bool const more = next != displaced_.end() && next->character == c.character;
      after_displacement(requests, *d, more ? next->at_ns : never);
    }
    after_own_faults(requests, b.name);
  }

  void after_displacement(std::span<std::uint32_t const> requests, displacement const& d, std::int64_t until_ns) {
    bool knew = false, visited = false;
    std::int64_t learnt_ns = never; // since then the map is right again
    for (std::uint32_t i : requests) {
      if (arrived_ns(i) < d.at_ns) {
        knew = knew || taught_ns(i) <= d.at_ns;
        continue;
      }
      if (v_.client(i).sent_ns >= until_ns || v_.client(i).sent_ns > learnt_ns) return;
      visited = true;
      if (std::int64_t const t = taught_ns(i); t != never && t >= d.at_ns)
        learnt_ns = std::min(learnt_ns, v_.client(i).done_ns);
      if (facts_[i].redirects == 0) continue;
      reason const r = why(i);
      if (r == reason::moved || r == reason::forgotten) add(d.event, i);
    }
    if (knew && !visited && until_ns == never) effects_[d.event].outstanding += 1;
  }

  /// The balancer's own deaths.
  void after_own_faults(std::span<std::uint32_t const> requests, std::string const& balancer) {
    auto const& events = v_.records().events;
    for (std::size_t e = 0; e != events.size(); ++e) {
      if (events[e].node != balancer || events[e].began_ns == 0) continue;
      if (!traits_of(events[e].kind).stops_node || events[e].map_kept) continue;
      std::int64_t until_ns = never;
      for (event_record const& later : events)
        if (later.node == balancer && later.began_ns > events[e].began_ns)
          until_ns = std::min(until_ns, later.began_ns);
      bool knew = false, visited = false;
      for (std::uint32_t i : requests) {
        std::int64_t const at = arrived_ns(i);
        if (at < events[e].began_ns) knew = knew || taught_ns(i) <= events[e].began_ns;
        if (at < events[e].began_ns || at >= until_ns) continue;
        visited = true;
        if (facts_[i].redirects != 0 && why(i) == reason::restarted) add(e, i);
      }
      bool const returns = traits_of(events[e].kind).node_returns;
      if (knew && !visited && until_ns == never && returns) effects_[e].outstanding += miss();
    }
  }

  /// How likely a guess is to miss an existing session.
  double miss() const {
    double const proxies = std::max<double>(1, v_.scenario().topology.proxies.count);
    return (proxies - 1) / proxies;
  }

  /// Goes through all requests by time, and knows which balancers know which token.
  void joins_and_outages() {
    auto const& events = v_.records().events;
    std::map<std::uint16_t, std::size_t> joined; // balancer: event
    std::vector<std::size_t> outages;
    for (std::size_t e = 0; e != events.size(); ++e) {
      if (events[e].began_ns == 0) continue;
      if (traits_of(events[e].kind).adds_balancers)
        for (std::uint16_t b = 0; b != v_.balancers().size(); ++b)
          if ((" " + events[e].node + " ").find(" " + v_.balancers()[b].name + " ") != std::string::npos) joined[b] = e;
      if (events[e].node == scenario::redis_node) outages.push_back(e);
    }
    if (joined.empty() && outages.empty()) return;
    std::vector<std::uint32_t> by_time = order_;
    std::sort(by_time.begin(), by_time.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(v_.client(a).sent_ns, a) < std::pair(v_.client(b).sent_ns, b);
    });
    std::map<std::uint64_t, std::set<std::uint16_t>> knowing; // by token: balancers
    std::map<std::size_t, double> doubt;                      // by event
    for (std::uint32_t i : by_time) {
      client_record const& c = v_.client(i);
      auto& who = knowing[token_of(c)];
      bool const unknown_here = !who.contains(c.balancer);
      bool const redirected = facts_[i].redirects != 0;
      auto const join = joined.find(c.balancer);
      if (join != joined.end() && unknown_here && redirected) {
        std::uint64_t others = 0, ignorant = 0;
        for (std::uint16_t b = 0; b != v_.balancers().size(); ++b) {
          if (b == c.balancer || !v_.balancers()[b].map || (joined.contains(b) && joined[b] >= join->second)) continue;
          ++others, ignorant += !who.contains(b);
        }
        add(join->second, i);
        doubt[join->second] +=
            facts_[i].redirects * (others ? static_cast<double>(ignorant) / static_cast<double>(others) : 1.0);
      } else if (redirected && unknown_here && !who.empty()) {
        for (std::size_t e : outages)
          if (events[e].began_ns <= c.sent_ns &&
              (!traits_of(events[e].kind).node_returns || c.sent_ns <= events[e].done_ns)) {
            add(e, i);
            break;
          }
      }
      if (taught_ns(i) != never) who.insert(c.balancer);
    }
    for (auto const& [b, e] : joined) {
      for (auto const& [token, who] : knowing)
        if (!who.contains(b)) effects_[e].outstanding += miss();
      double sum = 0;
      for (effect::part const& p : effects_[e].parts) sum += p.redirects;
      if (doubt[e] > doubtful_share * sum)
        effects_[e].untold = "other balancers were still learning: of " + std::to_string(std::llround(sum)) +
                             " redirects at the newcomer some " + std::to_string(std::llround(doubt[e])) +
                             " might have happened elsewhere without it";
    }
  }

  void finish(std::size_t event) {
    effect& e = effects_[event];
    std::sort(e.parts.begin(), e.parts.end(),
              [](effect::part const& a, effect::part const& b) { return a.at_ns < b.at_ns; });
    if (ends_by_itself_) e.outstanding = 0;
    std::string hidden;
    for (records::balancer_facts const& b : v_.balancers())
      if (!b.map_known) hidden += (hidden.empty() ? "" : ", ") + b.name;
    if (!hidden.empty())
      e.untold = "what the map of " + hidden + " knows is hidden, so causes of redirects are unknown";
  }

  run_view const& v_;
  std::vector<request_facts> const& facts_;
  routing_history const& history_;
  std::vector<effect> effects_;
  std::vector<displacement> displaced_;
  std::vector<std::uint32_t> order_;
  bool ends_by_itself_ = false;
};

}

std::vector<effect> effects_of(run_view const& v, std::vector<request_facts> const& facts,
                               routing_history const& history) {
  return attribution(v, facts, history).run();
}

}
