#include "sim/judge/request_traces.hpp"

#include "base/journal/names.hpp"
#include "sim/actors/resource_catalogue.hpp"
#include "sim/judge/owners.hpp"
#include "sim/judge/upstream_name.hpp"
#include "sim/records/client_names.hpp"
#include "sim/scenario/node_names.hpp"

#include <boost/beast/http/verb.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sim::judge {
namespace {

using journal::sol_event_kind;
using records::client_record;
using records::request_trace;
using records::trace_facts;
using records::trace_step;
using scenario::proxy_name;
using scenario::sol_name;

void say(trace_facts& facts, char const* what, std::string_view value) { facts.emplace_back(what, value); }
void say(trace_facts& facts, char const* what, std::uint64_t value) { facts.emplace_back(what, std::to_string(value)); }

/// Whether the event is about a character's session, and so explains what happens to requests of the character.
bool is_of_session(sol_event_kind kind) {
  switch (kind) {
  case sol_event_kind::granted:
  case sol_event_kind::released:
  case sol_event_kind::move_began:
  case sol_event_kind::move_done:
    return true;
  case sol_event_kind::registered:
  case sol_event_kind::fenced:
  case sol_event_kind::applied:
  case sol_event_kind::duplicate:
    return false;
  }
  return false;
}

bool is_of_request(sol_event_kind kind) { return kind == sol_event_kind::applied || kind == sol_event_kind::duplicate; }

/// Builds the steps of requests of one run.
class tracer {
public:
  tracer(detail const& d, std::vector<std::uint32_t> const& slots)
    : d_(d)
    , v_(d.view)
    , start_ns_(v_.records().start_ns)
    , corporations_(actors::catalogue_of(v_.scenario()).corporations) {
    for (std::uint32_t const slot : slots) {
      by_request_[v_.client(slot).request];
      if (v_.client(slot).character != journal::no_character) by_character_[v_.client(slot).character];
    }
    for (journal::sol_event const& e : v_.records().sols) {
      auto& events = is_of_request(e.kind) ? by_request_ : by_character_;
      std::uint64_t const key = is_of_request(e.kind) ? e.request : e.character;
      if (!is_of_request(e.kind) && !is_of_session(e.kind)) continue;
      if (auto const found = events.find(key); found != events.end()) found->second.push_back(&e);
    }
  }

  request_trace trace(std::uint32_t slot) const {
    client_record const& c = v_.client(slot);
    request_facts const& facts = d_.facts[slot];
    request_trace t;
    t.request = c.request;
    auto const verb = boost::beast::http::to_string(static_cast<boost::beast::http::verb>(c.method));
    t.method.assign(verb.data(), verb.size());
    if (c.target < v_.records().targets.size())
      actors::append_target(t.target, v_.records().targets[c.target],
                            c.character == journal::no_character ? 0 : c.character, corporations_); // as it was sent
    if (c.kind == records::token_kind::own && c.character != journal::no_character) t.character = c.character;
    if (c.phase < v_.scenario().phases.size()) t.phase = v_.scenario().phases[c.phase].name;
    t.balancer = v_.balancer_name(c.balancer);
    t.outcome = name_of(c.outcome);
    if (facts.failed) t.failed = scenario::name_of(*facts.failed);
    t.status = c.status;
    t.due_ns = c.intended_ns - start_ns_;
    if (c.done_ns != 0) t.latency_ns = c.done_ns - c.intended_ns;
    t.retries = facts.retries;
    add_client(c, t);
    add_balancers(slot, t);
    add_proxies(slot, t);
    add_sols(c, t);
    std::stable_sort(t.steps.begin(), t.steps.end(),
                     [](trace_step const& a, trace_step const& b) { return a.at_ns < b.at_ns; });
    return t;
  }

private:
  void add_client(client_record const& c, request_trace& t) const {
    t.steps.push_back({"clients", "due", t.due_ns});
    if (c.sent_ns == 0) return t.not_recorded.push_back("it was never sent");
    trace_step step{"clients", "sends", c.sent_ns - start_ns_};
    say(step.facts, "to", t.balancer);
    step.then = t.outcome;
    if (c.done_ns != 0)
      step.until_ns = c.done_ns - start_ns_;
    else
      t.not_recorded.push_back("how it ended: the run was over before");
    if (c.status != 0) say(step.outcome, "status", c.status);
    if (c.from_cache) say(step.outcome, "from", "cache");
    for (unsigned bit = 1; bit <= c.findings; bit <<= 1)
      if ((c.findings & bit) != 0) say(step.outcome, "finding", name_of(static_cast<records::client_finding>(bit)));
    t.steps.push_back(std::move(step));
  }

  void add_balancers(std::uint32_t slot, request_trace& t) const {
    std::uint64_t hops = 0;
    for (records::event_reference const r : v_.events(slot)) {
      journal::balancer_event const& e = v_.event(r);
      trace_step step{v_.balancer_name(r.balancer), "", e.at_ns - start_ns_};
      if (e.kind == journal::balancer_event_kind::request) {
        step.what = "received";
        say(step.facts, "result", name_of(e.outcome));
        if (e.status != 0) say(step.facts, "status", e.status);
      } else {
        step.what = "hop";
        say(step.facts, "number", ++hops);
        say(step.facts, "kind", name_of(e.hop));
        bool const chosen = e.hop == journal::hop_kind::first || e.hop == journal::hop_kind::retry;
        if (chosen) say(step.facts, "chosen_by", e.hit != 0 ? "map" : "guess");
        std::uint16_t const proxy = v_.proxy_at(e.upstream_address, e.upstream_port);
        say(step.facts, "to", proxy == records::no_proxy ? upstream_name(e) : proxy_name(proxy));
        say(step.facts, "result", name_of(e.result));
      }
      t.steps.push_back(std::move(step));
    }
    std::uint16_t const balancer = v_.client(slot).balancer;
    if (balancer < v_.balancers().size() && !v_.balancers()[balancer].journal)
      t.not_recorded.push_back(t.balancer + " keeps no journal: what it did is known only from clients and proxies");
    else if (hops != 0)
      t.not_recorded.push_back("when a proxy's answer reached " + t.balancer);
  }

  void add_proxies(std::uint32_t slot, request_trace& t) const {
    for (std::uint32_t const h : v_.hops(slot)) {
      journal::proxy_hop const& hop = v_.hop(h).hop;
      trace_step step{proxy_name(v_.hop(h).proxy), "receives", hop.received_ns - start_ns_};
      step.then = name_of(hop.outcome);
      if (hop.answered_ns != 0) step.until_ns = hop.answered_ns - start_ns_;
      if (hop.target != 0) say(step.outcome, "to", proxy_name(proxy_of(hop.target)));
      if (d_.history.hop_reason[h] != not_redirected) {
        std::string_view const why = name_of(static_cast<reason>(d_.history.hop_reason[h]));
        say(step.outcome, "reason", why);
        t.redirects.emplace_back(why);
      }
      if (hop.status != 0) say(step.outcome, "status", hop.status);
      if (hop.epoch != 0) say(step.outcome, "epoch", hop.epoch);
      t.steps.push_back(std::move(step));
    }
    if (!v_.hops(slot).empty() && t.character)
      t.not_recorded.push_back("what proxies asked of the registry without a session being granted or moved");
  }

  void add_sols(client_record const& c, request_trace& t) const {
    for (journal::sol_event const* const e : by_request_.at(c.request)) {
      trace_step step{sol_name(e->sol), std::string(name_of(e->kind)), e->at_ns - start_ns_};
      say(step.facts, "character", e->character);
      t.steps.push_back(std::move(step));
    }
    if (!t.character || c.sent_ns == 0) return;
    std::int64_t const end = c.done_ns != 0 ? c.done_ns : std::numeric_limits<std::int64_t>::max();
    for (journal::sol_event const* const e : by_character_.at(c.character)) {
      if (e->at_ns < c.sent_ns || e->at_ns > end) continue;
      trace_step step{sol_name(e->sol), std::string(name_of(e->kind)), e->at_ns - start_ns_};
      say(step.facts, e->kind == sol_event_kind::granted ? "to" : "of", proxy_name(proxy_of(e->incarnation)));
      if (e->epoch != 0) say(step.facts, "epoch", e->epoch);
      t.steps.push_back(std::move(step));
    }
  }

  detail const& d_;
  records::run_view const& v_;
  std::int64_t start_ns_;
  fakeproxy::resources::corporations corporations_;
  std::unordered_map<std::uint64_t, std::vector<journal::sol_event const*>> by_request_, by_character_; // asked for
};

}

std::vector<std::uint32_t> worth_keeping(detail const& d, std::size_t most) {
  std::vector<std::uint32_t> failed, others;
  for (std::uint32_t i = 0; i != d.view.size(); ++i)
    if (d.view.issued(i)) (d.facts[i].failed ? failed : others).push_back(i);
  std::vector<std::uint32_t> kept;
  auto const take = [&](std::vector<std::uint32_t> const& from, std::size_t count) {
    std::size_t const n = std::min(count, from.size());
    for (std::size_t k = 0; k != n; ++k) kept.push_back(from[k * from.size() / n]); // evenly
  };
  if (failed.size() + others.size() <= most) {
    take(failed, failed.size());
    take(others, others.size());
  } else {
    std::size_t const third = most / 3;
    take(failed, std::max(third, most - std::min(most, others.size())));
    std::size_t const slow = std::min(third, others.size());
    auto const latency = [&](std::uint32_t i) { return d.view.client(i).done_ns - d.view.client(i).intended_ns; };
    std::partial_sort(
        others.begin(), others.begin() + static_cast<std::ptrdiff_t>(slow), others.end(),
        [&](std::uint32_t a, std::uint32_t b) { return std::pair(-latency(a), a) < std::pair(-latency(b), b); });
    kept.insert(kept.end(), others.begin(), others.begin() + static_cast<std::ptrdiff_t>(slow));
    others.erase(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(slow));
    std::sort(others.begin(), others.end());
    take(others, most - kept.size());
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

std::vector<request_trace> traces_of(detail const& d, std::vector<std::uint32_t> const& slots) {
  tracer const t(d, slots);
  std::vector<request_trace> traces;
  traces.reserve(slots.size());
  for (std::uint32_t const slot : slots) traces.push_back(t.trace(slot));
  return traces;
}

}
