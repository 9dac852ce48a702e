#include "sim/judge/theory_fit.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>
#include <unordered_set>

namespace sim::judge {

using records::run_view;
using records::token_kind;

namespace {

struct visit {
  std::uint32_t character, token;
  std::int64_t sent;
  std::uint32_t slot;
  std::uint16_t balancer;
};

/// Requests with tokens of ours that needed a proxy, each character's in the order sent.
std::vector<visit> visits_of(run_view const& v, std::vector<request_facts> const& facts) {
  std::vector<visit> visits;
  visits.reserve(v.size());
  for (std::uint32_t i = 0; i != v.size(); ++i) {
    records::client_record const& c = v.client(i);
    if (v.is_load(i) && facts[i].needed_proxy && c.kind == token_kind::own)
      visits.push_back({c.character, c.token, c.sent_ns, i, c.balancer});
  }
  std::sort(visits.begin(), visits.end(), [](visit const& a, visit const& b) {
    return std::tie(a.character, a.sent, a.slot) < std::tie(b.character, b.sent, b.slot);
  });
  return visits;
}

/// What in the run itself breaks the assumptions; empty when nothing does.
std::string broken_in_run(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history) {
  std::uint64_t overlapped = 0, failed = 0, lost = 0, unread = 0;
  for (std::size_t i = 0; i != v.size(); ++i) {
    overlapped += history.overlapped[i];
    failed += v.is_load(i) && facts[i].failed;
    unread += v.is_load(i) && v.client(i).kind == token_kind::own && v.client(i).status == 400;
  }
  auto const is = [](std::uint8_t r, reason what) { return r == static_cast<std::uint8_t>(what); };
  for (std::uint8_t r : history.hop_reason)
    lost += is(r, reason::evicted) || is(r, reason::moved) || is(r, reason::forgotten) || is(r, reason::restarted);
  auto const some = [](std::uint64_t n, char const* what) { return std::to_string(n) + what; };
  if (v.records().interrupted || v.records().aborted_by) return "the run was cut short";
  auto const by_hand = std::count_if(v.records().events.begin(), v.records().events.end(),
                                     [](records::event_record const& e) { return e.by_hand; });
  if (by_hand) return some(static_cast<std::uint64_t>(by_hand), " events by hand");
  if (overlapped) return some(overlapped, " requests overlapped another of their character");
  if (failed) return some(failed, " requests failed");
  if (unread) return some(unread, " requests that reached a proxy unreadable and taught their balancer nothing");
  if (lost) return some(lost, " redirects of tokens that a map had known");
  if (std::any_of(v.records().eve.begin(), v.records().eve.end(),
                  [](records::eve_record const& e) { return e.moved || e.disconnects; }))
    return "EVE clients moved or lost their sessions";
  std::uint64_t moved = 0;
  for (journal::sol_event const& e : v.records().sols)
    moved += e.at_ns >= v.records().start_ns && e.kind == journal::sol_event_kind::move_done;
  return moved ? some(moved, " sessions moved") : "";
}

/// The scenario with the share of logged-in characters that came about, after rounding.
scenario::scenario as_realised(run_view const& v) {
  scenario::scenario s = v.scenario();
  std::unordered_set<std::uint32_t> asked;
  for (std::size_t i = 0; i != v.size(); ++i)
    if (v.is_load(i) && v.client(i).kind == token_kind::own) asked.insert(v.client(i).character);
  std::size_t with_session = 0;
  for (std::uint32_t character : v.records().logged_in) with_session += asked.contains(character);
  if (!asked.empty()) s.population.logged_in = static_cast<double>(with_session) / static_cast<double>(asked.size());
  return s;
}

}

theory_fit fit_theory(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history) {
  theory_fit fit;
  fit.expected = theory::expect(as_realised(v));
  fit.broken = fit.expected.broken;
  if (fit.broken.empty()) fit.broken = broken_in_run(v, facts, history);
  bool const hashed = theory::guesses_follow(v.scenario(), theory::guess_law::by_hash);
  // A hash finds the session that it made, so only sessions made elsewhere can be missed.
  bool const always_found = hashed && v.records().logged_in.empty();
  fit.conditioned = fit.broken.empty() && (!hashed || always_found);
  fit.trials.assign(v.size(), 0);
  std::unordered_set<std::uint32_t> const logged_in(v.records().logged_in.begin(), v.records().logged_in.end());
  std::vector<std::pair<std::uint32_t, std::uint16_t>> known; // (token, balancer) of the present character
  std::uint32_t character = journal::no_character;
  bool session = false;
  std::unordered_set<std::uint64_t> tokens;
  for (visit const& x : visits_of(v, facts)) {
    if (x.character != character) {
      character = x.character;
      session = logged_in.contains(character);
      known.clear();
    }
    tokens.insert(std::uint64_t{x.character} << 32 | x.token);
    ++fit.requests;
    bool const map = x.balancer < v.balancers().size() && v.balancers()[x.balancer].map;
    // What one of those learns that share a map, all know.
    scenario::balancer_group const* const group = map ? v.balancers()[x.balancer].group : nullptr;
    std::pair const place(x.token, group && group->shared_map ? records::no_balancer : x.balancer);
    bool const knows = map && std::find(known.begin(), known.end(), place) != known.end();
    bool const raced = knows && history.raced[x.slot] != 0;
    fit.trials[x.slot] = session && (!knows || raced) && !always_found;
    fit.raced += fit.trials[x.slot] != 0 && raced;
    if (map && !knows) known.push_back(place);
    session = true;
  }
  fit.tokens = tokens.size();
  return fit;
}

void annotate(records::ratio_metric& m, theory_fit const& fit, std::uint64_t trials, double proxies, bool whole) {
  if (!fit.broken.empty()) {
    m.theory_note = "no theory: " + fit.broken;
    return;
  }
  if (m.denominator == 0) {
    m.theory_note = "no theory: no requests";
    return;
  }
  double const n = static_cast<double>(m.denominator), tokens = static_cast<double>(fit.tokens);
  bool const as_planned = static_cast<double>(fit.requests) == tokens * fit.expected.requests_per_token;
  if (whole && fit.expected.per_token && as_planned && fit.raced == 0) {
    m.theory = fit.expected.per_token->mean * tokens / n;
    m.standard_error = std::sqrt(fit.expected.per_token->variance * tokens) / n;
    m.theory_note = fit.expected.form;
    return;
  }
  if (!fit.conditioned) {
    m.theory_note = "no theory: " + fit.expected.form;
    return;
  }
  theory::moments const c = theory::conditioned(trials, proxies);
  m.theory = c.mean / n;
  m.standard_error = std::sqrt(c.variance) / n;
  m.theory_note = "conditioned on the maps that each token visited: Binomial(" + std::to_string(trials) +
                  " guesses for sessions that existed, (P - 1)/P)";
  if (whole && fit.raced != 0)
    m.theory_note +=
        "; " + std::to_string(fit.raced) + " of these guesses came before the shared map had the entry (raced)";
}

std::vector<std::string> differences_from_theory(records::result const& r) {
  std::vector<std::string> lines;
  auto const look = [&](std::string const& label, records::metric_set const& set) {
    auto const found = set.find("redirect_ratio");
    auto const* m = found == set.end() ? nullptr : std::get_if<records::ratio_metric>(&found->second);
    if (m == nullptr || !m->theory || !m->standard_error || m->denominator == 0) return;
    double const apart = m->value - *m->theory, error = *m->standard_error;
    double const rounding = 1e-9 * std::max(std::abs(m->value), std::abs(*m->theory));
    if (std::abs(apart) <= std::max(beyond_chance * error, rounding)) return;
    char text[160];
    std::snprintf(text, sizeof text, ": measured %.6g, theory %.6g: ", m->value, *m->theory);
    std::string line = "redirect_ratio" + label + text;
    std::snprintf(text, sizeof text, "%+.1f standard errors", error > 0 ? apart / error : 0);
    line += error > 0 ? text : "theory leaves nothing to chance";
    lines.push_back(line + ", and nothing in the run explains it");
  };
  look("", r.metrics);
  for (records::named_metrics const& p : r.phases) look("{phase:" + p.name + "}", p.metrics);
  for (records::named_metrics const& b : r.balancers) look("{balancer:" + b.name + "}", b.metrics);
  return lines;
}

}
