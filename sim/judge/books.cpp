#include "sim/judge/counters.hpp"
#include "sim/judge/invariant_check.hpp"
#include "sim/judge/invariants.hpp"
#include "sim/judge/learnt_facts.hpp"
#include "sim/scenario/node_names.hpp"

#include <algorithm>
#include <map>
#include <string>

/// Invariant 7, request by request: sums that balance by chance do not hide two opposite mistakes.
namespace sim::judge {

using records::client_outcome;
using records::client_record;
using records::event_reference;
using records::no_index;
using records::run_view;

namespace {

using journal::balancer_event;
using journal::hop_kind;
using journal::hop_outcome;
using journal::hop_result;
using journal::request_result;

/// One request in a balancer's book.
struct entry {
  std::uint32_t received = 0, elsewhere = 0; // request events here, and at balancers that the client did not ask
  request_result outcome = request_result::pending;
  std::uint16_t status = 0;
  std::uint32_t first = 0, followed = 0, retries = 0, own = 0; // hops by kind
  std::uint32_t redirected = 0, refused_redirects = 0;         // X-Accel answers received
  std::uint32_t undelivered = 0;                               // surely never at a proxy
  std::uint32_t unclear = 0;                                   // failed or pending: a proxy may have seen it
  std::uint32_t hops() const { return first + followed + retries + own; }
};

/// The same request in the proxies' books.
struct proxy_view {
  std::uint32_t seen = 0, redirected = 0, undecided = 0;
};

/// What a run's faults excuse.
struct faults {
  bool proxies = false;   // a proxy was killed or restarted
  bool cut_short = false; // interrupted or aborted
};

class checker {
public:
  explicit checker(run_view const& v)
    : v_(v)
    , j_(v, "books") {
    faults_.proxies = v.proxy_had_fault(records::no_proxy);
    faults_.cut_short = v.records().interrupted || v.records().aborted_by.has_value();
    for (std::uint32_t h : v.stray_hops())
      if (v.hop(h).hop.outcome == hop_outcome::malformed) ++malformed_[v.hop(h).hop.incarnation];
  }

  records::invariant_result run() {
    for (std::uint32_t i = 0; i != v_.size(); ++i)
      if (v_.issued(i)) audit(i);
    audit_hits();
    audit_strays();
    if (!faults_.cut_short) compare_counters(v_, j_);
    note_totals();
    return j_.finish();
  }

private:
  void audit(std::uint32_t i) {
    j_.checked();
    client_record const& c = v_.client(i);
    proxy_view const s = proxy_view_of(i);
    bool const journal = c.balancer < v_.balancers().size() && v_.balancers()[c.balancer].journal;
    std::vector<std::string_view> kinds;
    if (journal) {
      entry const e = entry_of(i);
      check_received(c, e, kinds);
      check_hops(c, e, s, kinds);
      undelivered_ += e.undelivered;
      if (!kinds.empty()) j_.violation(i, kinds, [&] { return story(c, e, s); });
      return;
    }
    check_black_box(i, c, s, kinds);
    if (!kinds.empty()) j_.violation(i, kinds, [&] { return story(c, {}, s); });
  }

  proxy_view proxy_view_of(std::uint32_t i) const {
    proxy_view s;
    for (std::uint32_t h : v_.hops(i)) {
      ++s.seen;
      s.redirected += v_.hop(h).hop.outcome == hop_outcome::redirected;
      s.undecided += v_.hop(h).hop.outcome == hop_outcome::received;
    }
    return s;
  }

  entry entry_of(std::uint32_t i) const {
    entry e;
    for (event_reference r : v_.events(i)) {
      balancer_event const& event = v_.event(r);
      if (r.balancer != v_.client(i).balancer) {
        ++e.elsewhere;
      } else if (event.kind == journal::balancer_event_kind::request) {
        ++e.received;
        e.outcome = event.outcome;
        e.status = event.status;
      } else {
        e.first += event.hop == hop_kind::first;
        e.followed += event.hop == hop_kind::redirect;
        e.retries += event.hop == hop_kind::retry;
        e.own += event.hop == hop_kind::own;
        e.redirected += event.result == hop_result::redirected;
        e.refused_redirects += event.result == hop_result::refused_redirect;
        e.undelivered += event.result == hop_result::not_delivered;
        e.unclear += event.result == hop_result::failed || event.result == hop_result::pending;
      }
    }
    return e;
  }

  /// The balancer's process was killed or restarted, so that a request may have been left unfinished.
  bool balancer_had_fault(client_record const& c) const { return v_.had_fault(v_.balancer_name(c.balancer)); }

  /// received = answered without a hop + first hops.
  void check_received(client_record const& c, entry const& e, std::vector<std::string_view>& kinds) const {
    bool const answered = c.outcome == client_outcome::answered;
    if (e.elsewhere) kinds.push_back("wrong_balancer");
    // A client may try again what its balancer had read when it was killed or restarted.
    std::uint32_t const tries = balancer_had_fault(c) ? 2 : 1;
    if (e.received > tries) kinds.push_back("received_twice");
    if (e.received == 0) {
      if (answered || e.hops() != 0) kinds.push_back("not_received");
      return;
    }
    bool const unfinished = e.outcome == request_result::pending;
    bool const excused = faults_.cut_short || balancer_had_fault(c);
    if (unfinished && !excused) kinds.push_back("unfinished");
    bool const hopless = e.outcome == request_result::refused || e.outcome == request_result::cached ||
                         e.outcome == request_result::client_gone ||
                         (e.outcome == request_result::failed && e.status >= 500) || unfinished;
    if (e.first > tries || (e.first == 0 && !hopless) || (e.first != 0 && e.outcome == request_result::refused))
      kinds.push_back("first_hops");
    if (answered && !unfinished && e.status != 0 && e.status != c.status) kinds.push_back("status");
  }

  /// Hops = first + followed + retries + own = seen by proxies + not delivered; redirects received = followed +
  /// refused.
  void check_hops(client_record const& c, entry const& e, proxy_view const& s, std::vector<std::string_view>& kinds) {
    bool const unfinished =
        e.outcome == request_result::pending || e.outcome == request_result::client_gone || e.received > 1;
    bool const one_open = unfinished && e.redirected == e.followed + 1; // the fault came between the two hops
    if (e.redirected != e.followed && !one_open) kinds.push_back("redirects_followed");
    std::uint32_t const delivered = e.hops() - e.undelivered;
    if (s.seen > delivered) {
      kinds.push_back("unbooked_hop");
    } else if (std::uint32_t const unseen = delivered - s.seen; unseen != 0) {
      bool const excused = faults_.proxies || faults_.cut_short || balancer_had_fault(c);
      if (unseen > e.unclear || !excused)
        kinds.push_back("unseen_hop");
      else
        lost_ += unseen;
    }
    std::uint32_t const received = e.redirected + e.refused_redirects;
    if (received > s.redirected || received + e.unclear < s.redirected) kinds.push_back("redirects_received");
    if (s.undecided > e.unclear) kinds.push_back("undecided_answer");
    undecided_ += s.undecided;
  }

  /// What must hold without a journal: an answer that carries a proxy's echo came from that proxy, for this request; an
  /// answer that a client could not have had without a proxy has a hop.
  void check_black_box(std::uint32_t i, client_record const& c, proxy_view const& s,
                       std::vector<std::string_view>& kinds) {
    undecided_ += s.undecided;
    if (c.outcome == client_outcome::connect_error && s.seen) kinds.push_back("hop_without_request");
    if (c.outcome != client_outcome::answered || c.incarnation == 0 || c.from_cache) return;
    bool const found = std::any_of(v_.hops(i).begin(), v_.hops(i).end(), [&](std::uint32_t h) {
      return v_.hop(h).hop.incarnation == c.incarnation && may_carry_echo(v_.hop(h).hop.outcome);
    });
    if (found || v_.records().hops.empty()) return;
    // A proxy that could not read the request could not read its id either: each such hop explains one 400 of it.
    if (auto const unread = malformed_.find(c.incarnation); unread != malformed_.end() && unread->second > 0)
      --unread->second;
    else
      kinds.push_back("answer_without_hop");
  }

  /// Whether what a client gets may be the answer of a hop with this outcome.
  static bool may_carry_echo(hop_outcome outcome) {
    switch (outcome) {
    case hop_outcome::served:
    case hop_outcome::unauthorized:
    case hop_outcome::unavailable:
    case hop_outcome::malformed:
      return true;
    case hop_outcome::received:
    case hop_outcome::redirected: // for the balancer
    case hop_outcome::aborted:
      return false;
    }
    return false;
  }

  void audit_hits() {
    learnt_facts const known(v_);
    for (std::uint32_t i = 0; i != v_.size(); ++i) {
      if (!v_.shows_token(i)) continue;
      for (event_reference r : v_.events(i)) {
        balancer_event const& e = v_.event(r);
        if (e.kind != journal::balancer_event_kind::hop || e.hit == 0) continue;
        std::uint16_t const proxy = v_.proxy_at(e.upstream_address, e.upstream_port);
        if (proxy == records::no_proxy || known.taught(i, r.balancer, proxy, e.at_ns)) continue;
        j_.violation(i, {"untaught_hit"}, [&] {
          return "its map named proxy[" + std::to_string(proxy) + "], which had never had a request of this token";
        });
      }
    }
  }

  /// Hops and events of no client request: only the balancers' own.
  void audit_strays() {
    std::uint64_t own = 0, unreadable = 0;
    for (event_reference r : v_.stray_events()) {
      balancer_event const& e = v_.event(r);
      if (e.kind == journal::balancer_event_kind::hop && e.hop == hop_kind::own) {
        own += e.result != hop_result::not_delivered;
      } else if (e.request != 0) {
        j_.violation(no_index, {"unknown_request"}, [&] {
          return v_.balancer_name(r.balancer) + " booked request " + std::to_string(e.request) + ", which nobody sent";
        });
      } else {
        ++unreadable;
      }
    }
    std::uint64_t nameless = 0;
    for (std::uint32_t h : v_.stray_hops()) {
      if (v_.hop(h).hop.request == 0) {
        ++nameless;
        continue;
      }
      j_.violation(no_index, {"unknown_hop"}, [&] {
        return scenario::proxy_name(v_.hop(h).proxy) + " saw request " + std::to_string(v_.hop(h).hop.request) +
               ", which nobody sent";
      });
    }
    bool const all_journals = std::all_of(v_.balancers().begin(), v_.balancers().end(),
                                          [](records::balancer_facts const& b) { return b.journal; });
    if (all_journals && nameless > own + unreadable)
      j_.violation(no_index, {"unbooked_hop"}, [&] {
        return "proxies saw " + std::to_string(nameless) + " hops without a request id, balancers booked " +
               std::to_string(own + unreadable);
      });
    else if (!all_journals && nameless)
      j_.note(std::to_string(nameless) + " hops without a readable request id: whose, a black box hides");
  }

  void note_totals() {
    if (undelivered_) j_.note(std::to_string(undelivered_) + " hops not delivered (no byte was accepted)");
    if (lost_) j_.note(std::to_string(lost_) + " hops sent to a node as it died, not seen by it");
    if (undecided_) j_.note(std::to_string(undecided_) + " hops received by a proxy that did not live to decide");
    std::string boxes;
    for (records::balancer_facts const& b : v_.balancers())
      if (!b.journal) boxes += (boxes.empty() ? "" : ", ") + b.name;
    if (!boxes.empty())
      j_.note(boxes +
              ": black box, so requests received, hops not delivered and refused redirects could not be checked");
  }

  std::string story(client_record const& c, entry const& e, proxy_view const& s) const {
    auto const n = [](std::uint64_t x) { return std::to_string(x); };
    return "client got " + n(c.status) + "; balancer booked " + n(e.received) + " requests, hops " + n(e.first) +
           " first + " + n(e.followed) + " redirect + " + n(e.retries) + " retry + " + n(e.own) + " own, " +
           n(e.undelivered) + " not delivered, " + n(e.redirected) + " redirects followed, " + n(e.refused_redirects) +
           " refused; proxies saw " + n(s.seen) + ", redirected " + n(s.redirected);
  }

  run_view const& v_;
  invariant_check j_;
  faults faults_;
  std::map<journal::incarnation_id, std::uint64_t> malformed_; // hops without an id that no answer explains yet
  std::uint64_t undelivered_ = 0, lost_ = 0, undecided_ = 0;
};

}

records::invariant_result check_books(run_view const& v) { return checker(v).run(); }

}
