#include "tests/sim/judge/world.hpp"

#include <stdexcept>
#include <utility>

namespace sim::judge {

using records::invariant_result;
using records::probe_kind;
using records::result;
using records::token_kind;

using journal::balancer_event;
using journal::balancer_event_kind;
using journal::hop_kind;
using journal::hop_outcome;
using journal::hop_result;
using journal::request_result;

world::world(std::uint32_t balancers, std::uint32_t proxies, std::uint64_t seed)
  : proxies_(proxies)
  , random_(seed) {
  s.name = "world";
  scenario::balancer_group g;
  g.count = balancers;
  s.topology.balancers = {g};
  s.topology.proxies.count = proxies;
  s.phases = {{"all", scenario::nanoseconds::max(), {}}};
  s.load.mix = {scenario::mix_entry{}};
  r.start_ns = start_ns;
  r.targets = {"/characters/1/", "/internal_redirect/127.0.0.1:1/"};
  for (std::uint32_t b = 0; b != balancers; ++b)
    r.balancers.push_back({"gateway[" + std::to_string(b) + "]", {}, true});
  for (std::uint32_t p = 0; p != proxies; ++p) r.proxies.push_back({0x7f000001u, static_cast<std::uint16_t>(9000 + p)});
}

std::uint16_t world::draw() { return static_cast<std::uint16_t>(random_() % proxies_); }

static journal::incarnation_id incarnation(std::uint16_t proxy) { return std::uint64_t{proxy} << 48 | 1; }

void world::grant(std::uint32_t character, std::uint16_t proxy) {
  std::uint64_t const epoch = ++epochs_[character];
  sessions_[character] = {proxy, epoch};
  r.sols.push_back({now_ns, 0, epoch, incarnation(proxy), character, 0, journal::sol_event_kind::granted, 0});
}

void world::log_in(std::uint32_t character) {
  std::int64_t const at = std::exchange(now_ns, start_ns - 1'000);
  grant(character, draw());
  now_ns = at;
  r.logged_in.push_back(character);
}

void world::move(std::uint32_t character, std::uint16_t to) {
  now_ns += 10;
  grant(character, to);
  r.sols.push_back({now_ns, 0, epochs_[character], 0, character, 0, journal::sol_event_kind::move_done, 0});
  now_ns += 10;
}

void world::forget(std::uint16_t balancer, std::uint32_t character, std::uint32_t token) {
  maps_.erase({balancer, std::uint64_t{character} << 32 | token});
}

records::event_record& world::event(records::event_kind kind, std::string node) {
  r.events.push_back({std::string(name_of(kind)) + " " + node, kind, node, now_ns, now_ns, now_ns + 10, {}});
  now_ns += 100;
  return r.events.back();
}

void world::become(scenario::balancer_kind kind, scenario::nginx_rules nginx_config) {
  s.topology.balancers[0].kind = kind;
  s.topology.balancers[0].nginx_config = nginx_config;
  std::string const name = std::string(name_of(kind)) + "[";
  for (std::size_t b = 0; b != r.balancers.size(); ++b) {
    r.balancers[b].name = name + std::to_string(b) + "]";
    r.balancers[b].has_journal = scenario::traits_of(kind).journals;
    if (!r.balancers[b].has_journal) r.balancers[b].events.clear();
  }
}

void world::without_maps() { s.topology.balancers[0].token_map_bytes.reset(); }

void world::hop(records::client_record const& c, std::uint16_t proxy, hop_kind kind, bool hit, bool serves) {
  if (r.balancers[c.balancer].has_journal) {
    balancer_event e{};
    e.at_ns = now_ns += 5;
    e.request = c.request;
    e.upstream_address = r.proxies[proxy].address;
    e.upstream_port = r.proxies[proxy].port;
    e.kind = balancer_event_kind::hop;
    e.hop = kind;
    e.result = serves ? hop_result::answered : hop_result::redirected;
    e.hit = hit;
    r.balancers[c.balancer].events.push_back(e);
  }
  journal::proxy_hop h{};
  h.received_ns = now_ns += 5;
  h.request = c.request;
  h.incarnation = incarnation(proxy);
  h.character = c.kind == token_kind::own ? c.character : journal::no_character;
  h.status = c.status;
  h.method = c.method;
  h.outcome = c.kind == token_kind::junk ? hop_outcome::unauthorized
              : serves                   ? hop_outcome::served
                                         : hop_outcome::redirected;
  if (!serves) h.status = 200;
  if (c.kind == token_kind::own) {
    if (!sessions_.contains(c.character)) {
      now_ns += 2;
      grant(c.character, proxy);
    }
    session const& owner = sessions_.at(c.character);
    if (serves)
      h.epoch = owner.epoch;
    else
      h.target = incarnation(owner.proxy);
  }
  h.answered_ns = now_ns += 5;
  r.hops.push_back({h, proxy});
}

std::size_t world::request(std::uint32_t character, std::uint16_t balancer, options o) {
  records::client_record c;
  c.request = r.clients.size() + 1;
  c.intended_ns = c.sent_ns = now_ns;
  c.character = character;
  c.token = o.token;
  c.balancer = balancer;
  c.kind = o.kind;
  c.probe = o.probe;
  c.method = static_cast<std::uint8_t>(o.method);
  c.outcome = records::client_outcome::answered;
  c.status = o.kind == token_kind::junk ? 401 : o.probe == probe_kind::internal_location ? 404 : 200;
  c.target = o.probe == probe_kind::internal_location ? 1 : 0;
  auto const key = std::pair(balancer, std::uint64_t{character} << 32 | o.token);
  bool const refused = o.probe == probe_kind::internal_location;
  if (r.balancers[balancer].has_journal) {
    balancer_event e{};
    e.at_ns = now_ns;
    e.request = c.request;
    e.kind = balancer_event_kind::request;
    e.outcome = refused ? request_result::refused : request_result::forwarded;
    e.status = c.status;
    r.balancers[balancer].events.push_back(e);
  }
  if (!refused) {
    bool const map = s.topology.balancers[0].has_map() && o.kind == token_kind::own;
    bool const hit = map && maps_.contains(key);
    std::uint16_t at = hit ? maps_[key] : o.guess.value_or(draw());
    bool const here = o.kind != token_kind::own || !sessions_.contains(character) || sessions_[character].proxy == at;
    hop(c, at, hop_kind::first, hit, here);
    if (!here) hop(c, at = sessions_[character].proxy, hop_kind::redirect, false, true);
    if (o.kind == token_kind::own) {
      if (map) maps_[key] = at;
      c.incarnation = incarnation(at);
      c.epoch = sessions_[character].epoch;
      if (o.method == boost::beast::http::verb::post)
        r.sols.push_back({now_ns, c.request, 0, 0, character, 0, journal::sol_event_kind::applied, c.method});
    }
  }
  c.done_ns = now_ns += o.lasts_ns;
  now_ns += 10;
  r.end_ns = now_ns;
  r.clients.push_back(c);
  return r.clients.size() - 1;
}

result world::analyse() { return judge::analyse(s, r); }

journal::proxy_hop& world::last_hop(std::size_t slot) {
  for (std::size_t h = r.hops.size(); h-- != 0;)
    if (r.hops[h].hop.request == slot + 1) return r.hops[h].hop;
  throw std::logic_error("no hop of that request");
}

journal::balancer_event& world::booked(std::size_t slot, balancer_event_kind kind) {
  for (balancer_event& e : r.balancers[r.clients[slot].balancer].events)
    if (e.request == slot + 1 && e.kind == kind) return e;
  throw std::logic_error("no such event of that request");
}

invariant_result const& invariant(result const& r, std::string const& name) {
  for (invariant_result const& i : r.invariants)
    if (i.name == name) return i;
  throw std::logic_error("no invariant " + name);
}

std::string broken(result const& r) {
  std::string names;
  for (invariant_result const& i : r.invariants)
    if (!i.passed) names += (names.empty() ? "" : " ") + i.name;
  return names;
}

double counter(records::metric_set const& set, std::string const& name) {
  return std::get<records::counter_metric>(set.at(name)).value;
}
records::ratio_metric const& ratio(records::metric_set const& set, std::string const& name) {
  return std::get<records::ratio_metric>(set.at(name));
}

}
