#include "sim/studies/calibrate/segments.hpp"

#include "sim/studies/calibrate/fit.hpp"

#include <algorithm>
#include <unordered_map>

namespace sim::calibrate {
namespace {

using journal::hop_outcome;

/// What is known of one request.
struct story {
  journal::balancer_event const* accepted = nullptr;
  std::vector<journal::balancer_event const*> sent; // hops, in order
  std::vector<journal::proxy_hop const*> arrived;   // the same, as proxies saw them
  bool first_of_character = false;                  // creates the session: needs the sol

  bool direct() const { return arrived.size() == 1; }
  bool redirected() const { return arrived.size() == 2; }
  bool told() const {
    if (!accepted || sent.size() != arrived.size() || (!direct() && !redirected())) return false;
    bool const served = arrived.back()->outcome == hop_outcome::served;
    return served && (direct() || arrived.front()->outcome == hop_outcome::redirected);
  }
};

std::vector<story> stories_of(records::run_records const& records) {
  std::vector<story> stories(records.clients.size());
  auto const of = [&](journal::request_id id) -> story* {
    return id >= 1 && id <= stories.size() ? &stories[id - 1] : nullptr;
  };
  for (records::balancer_records const& balancer : records.balancers)
    for (journal::balancer_event const& e : balancer.events)
      if (story* s = of(e.request)) {
        if (e.kind == journal::balancer_event_kind::request) s->accepted = &e;
        if (e.kind == journal::balancer_event_kind::hop) s->sent.push_back(&e);
      }
  for (records::located_hop const& h : records.hops)
    if (story* s = of(h.hop.request)) s->arrived.push_back(&h.hop);
  std::unordered_map<std::uint32_t, journal::proxy_hop const*> first; // of each character
  for (story& s : stories) {
    std::sort(s.sent.begin(), s.sent.end(), [](auto* a, auto* b) { return a->at_ns < b->at_ns; });
    std::sort(s.arrived.begin(), s.arrived.end(), [](auto* a, auto* b) { return a->received_ns < b->received_ns; });
    for (auto const* hop : s.arrived) {
      auto& earliest = first[hop->character];
      if (!earliest || hop->received_ns < earliest->received_ns) earliest = hop;
    }
  }
  for (story& s : stories) s.first_of_character = !s.arrived.empty() && first[s.arrived[0]->character] == s.arrived[0];
  return stories;
}

double span(std::int64_t from, std::int64_t to) { return static_cast<double>(to - from); }
double handling(journal::proxy_hop const& hop) { return span(hop.received_ns, hop.answered_ns); }

bool usable(records::client_record const& c, story const& s) {
  return s.told() && c.outcome == records::client_outcome::answered && c.probe == records::probe_kind::none &&
         c.kind == records::token_kind::own;
}

}

void segments::add(segments const& other) {
  auto const append = [](std::vector<double>& to, std::vector<double> const& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(client, other.client), append(proxy, other.proxy), append(rpc, other.rpc);
  append(balancer, other.balancer), append(direct, other.direct), append(redirected, other.redirected);
}

segments segments_of(records::run_records const& records) {
  std::vector<story> const stories = stories_of(records);
  segments out;
  std::vector<double> own, there,
      back; // a proxy's time in a hop without the sol; time on the way to it; and from it to the client
  for (std::size_t i = 0; i != stories.size(); ++i) {
    records::client_record const& c = records.clients[i];
    story const& s = stories[i];
    if (!usable(c, s)) continue;
    out.client.push_back(span(c.sent_ns, s.accepted->at_ns));
    out.balancer.push_back(span(s.accepted->at_ns, s.sent.front()->at_ns));
    for (std::size_t h = 0; h != s.arrived.size(); ++h)
      there.push_back(span(s.sent[h]->at_ns, s.arrived[h]->received_ns));
    back.push_back(span(s.arrived.back()->answered_ns, c.done_ns));
    if (s.redirected()) out.redirected.push_back(span(c.sent_ns, c.done_ns));
    if (!s.direct() || s.first_of_character) continue;
    out.direct.push_back(span(c.sent_ns, c.done_ns));
    own.push_back(handling(*s.arrived.front()));
  }
  double const typical_own = quantile(own, 0.5), to_balancer = quantile(out.client, 0.5),
               to_proxy = quantile(there, 0.5);
  double const share = to_balancer + to_proxy > 0 ? to_balancer / (to_balancer + to_proxy) : 0.5;
  for (double const way : back) {
    out.client.push_back(way * share);
    there.push_back(way * (1 - share));
  }
  for (double const way : there) out.proxy.push_back(way + typical_own / 2);
  for (std::size_t i = 0; i != stories.size(); ++i) {
    story const& s = stories[i];
    if (usable(records.clients[i], s) && (s.redirected() || s.first_of_character))
      out.rpc.push_back(std::max(0.0, handling(*s.arrived.front()) - typical_own) / 2);
  }
  return out;
}

}
