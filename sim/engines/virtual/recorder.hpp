#pragma once

#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/run_kind.hpp"
#include "sim/engines/virtual/summary.hpp"
#include "sim/records/records.hpp"

#include <cstdint>
#include <optional>

namespace sim::virtual_time {

/// Records what clients, balancers, proxies and sols see, each for itself, as live processes do in their journals; or
/// only counts it.
class recorder final : public map_watcher {
public:
  records::run_records records;
  std::optional<summary> brief; // while counting: no records of requests and hops are kept

  // clients
  /// The character will send a request soon.
  template<class Run>
  void expect(std::uint32_t character) const {
    if (counts<Run>()) brief->expect(character);
  }
  /// Whether the character has requests under way, where that is counted.
  template<class Run>
  bool has_under_way(request_state const& f) const {
    return counts<Run>() && brief->under_way(f.plan.character) != 0;
  }
  /// One of its requests is no longer under way.
  template<class Run>
  void left(std::uint32_t character) {
    if (counts<Run>()) brief->left(character);
  }
  template<class Run>
  journal::request_id issue(request_state const& f) {
    ++issued_;
    if (counts<Run>()) {
      brief->issued<Run>(f);
      return issued_;
    }
    return issue_record(f);
  }
  template<class Run>
  void sent(request_state const& f) {
    if (!counts<Run>()) client(f).sent_ns = f.client.sent_ns;
  }
  template<class Run>
  [[gnu::always_inline]] void client_done(request_state const& f, records::client_outcome outcome,
                                          std::int64_t done_ns) {
    if (counts<Run>()) return brief->client_done<Run>(f, outcome, done_ns);
    record_end(f, outcome, done_ns);
  }

  // balancers
  template<class Run>
  void received(request_state& f, std::int64_t now_ns) {
    if (counts<Run>()) return;
    record_received(f, now_ns);
  }
  template<class Run = any_run>
  void request_done(request_state const& f, journal::request_result outcome, std::uint16_t status) {
    if (!Run::records || f.book.request_record == nobody) return;
    journal::balancer_event& e = records.balancers[f.balancer].events[f.book.request_record];
    e.outcome = outcome;
    e.status = status;
  }
  /// The first hop's proxy is chosen. `in_flight`, of a guess: an earlier request of the token is at the balancer.
  template<class Run>
  void chosen(request_state& f, bool guessed, bool in_flight, std::int64_t now_ns) {
    if (counts<Run>()) brief->chosen(f, guessed, in_flight, now_ns);
  }
  void learnt(request_state const& f, std::int64_t now_ns) {
    if (brief && f.plan.kind == load::token_kind::own) brief->learnt(f, now_ns);
  }
  void left_map(std::size_t balancer, token_id token) override {
    if (brief) brief->left_map(balancer, token);
  }
  void forgotten(request_state const& f) {
    if (brief) brief->forgotten(f);
  }
  void restarted(std::size_t balancer) {
    if (brief) brief->restarted(balancer);
  }
  template<class Run>
  void hop_sent(request_state& f, std::int64_t now_ns) {
    if (counts<Run>()) return brief->hop_sent();
    record_hop(f, now_ns);
  }
  template<class Run = any_run>
  [[gnu::always_inline]] void hop_done(request_state& f, journal::hop_result result) {
    if (f.course.hops == 1 && f.hop.from_map) f.book.first_stale = is_stale(result);
    if (counts<Run>()) {
      if (result == journal::hop_result::not_delivered) brief->hop_undelivered();
      if (f.hop.outcome == journal::hop_outcome::redirected) brief->redirect_received(f);
      if (result == journal::hop_result::redirected) brief->redirect_followed();
      if (result == journal::hop_result::refused_redirect) brief->redirect_refused();
      return;
    }
    if (f.book.hop_record != nobody) records.balancers[f.balancer].events[f.book.hop_record].result = result;
  }

  // proxies
  template<class Run>
  void arrived(request_state& f, journal::incarnation_id at, std::int64_t now_ns) {
    if (++f.book.seen_hops == 1 && Run::events) f.book.first_from_map |= f.hop.from_map; // else it was the first hop
    if (counts<Run>()) return brief->hop_seen();
    record_arrival(f, at, now_ns);
  }
  template<class Run>
  void decided(request_state const& f, std::int64_t answered_ns) {
    if (counts<Run>()) return;
    record_decision(f, answered_ns);
  }

  // sols
  void happened(journal::sol_event const& e) { records.sols.push_back(e); }

private:
  /// Whether requests are counted.
  template<class Run>
  bool counts() const {
    return !Run::records || brief.has_value();
  }

  // ---- where records are kept

  [[gnu::noinline]] journal::request_id issue_record(request_state const& f) {
    records::client_record c;
    c.request = issued_;
    c.intended_ns = f.client.intended_ns;
    c.character = f.plan.character;
    c.token = f.plan.rotation;
    c.target = f.plan.target;
    c.balancer = f.balancer;
    c.kind = static_cast<records::token_kind>(f.plan.kind);
    c.method = f.verb;
    c.phase = f.client.phase;
    records.clients.push_back(c);
    return c.request;
  }
  [[gnu::noinline]] void record_end(request_state const& f, records::client_outcome outcome, std::int64_t done_ns) {
    records::client_record& c = client(f);
    c.outcome = outcome;
    c.done_ns = done_ns;
    if (outcome != records::client_outcome::answered) return;
    c.status = f.answer.status;
    c.epoch = f.answer.served_epoch;
    c.incarnation = f.answer.served_by;
    c.asks_resource = f.answer.asks_resource;
    c.from_cache = f.answer.from_cache;
    c.findings = f.answer.findings;
  }
  [[gnu::noinline]] void record_received(request_state& f, std::int64_t now_ns) {
    f.book.request_record = append(f.balancer, {.at_ns = now_ns,
                                                .request = f.request,
                                                .upstream_address = 0,
                                                .upstream_port = 0,
                                                .kind = journal::balancer_event_kind::request,
                                                .hop = journal::hop_kind::first,
                                                .result = journal::hop_result::pending,
                                                .outcome = journal::request_result::pending,
                                                .status = 0,
                                                .hit = 0,
                                                .padding = {}});
  }
  [[gnu::noinline]] void record_hop(request_state& f, std::int64_t now_ns) {
    records::proxy_address const to = records.proxies[f.hop.proxy];
    f.book.hop_record = append(f.balancer, {.at_ns = now_ns,
                                            .request = f.request,
                                            .upstream_address = to.address,
                                            .upstream_port = to.port,
                                            .kind = journal::balancer_event_kind::hop,
                                            .hop = f.course.hop,
                                            .result = journal::hop_result::pending,
                                            .outcome = journal::request_result::pending,
                                            .status = 0,
                                            .hit = static_cast<std::uint8_t>(f.hop.from_map),
                                            .padding = {}});
  }
  [[gnu::noinline]] void record_arrival(request_state& f, journal::incarnation_id at, std::int64_t now_ns) {
    journal::proxy_hop hop{};
    hop.received_ns = now_ns;
    hop.request = f.request;
    hop.incarnation = at;
    hop.character = f.plan.kind == load::token_kind::own ? f.plan.character : journal::no_character;
    hop.outcome = journal::hop_outcome::received;
    hop.method = f.verb;
    f.book.proxy_record = static_cast<std::uint32_t>(records.hops.size());
    records.hops.push_back({hop, f.hop.proxy});
  }
  [[gnu::noinline]] void record_decision(request_state const& f, std::int64_t answered_ns) {
    journal::proxy_hop& hop = records.hops[f.book.proxy_record].hop;
    hop.answered_ns = answered_ns;
    hop.status = f.answer.status;
    hop.outcome = f.hop.outcome;
    hop.incarnation = f.answer.served_by;
    hop.epoch = f.hop.outcome == journal::hop_outcome::served ? f.answer.served_epoch : 0;
    hop.target = f.hop.outcome == journal::hop_outcome::redirected ? raw(f.at_proxy.owner) : 0;
  }
  /// For a hop that the map chose. A simulated hop fails only because its proxy is gone.
  static bool is_stale(journal::hop_result result) {
    switch (result) {
    case journal::hop_result::redirected:
    case journal::hop_result::refused_redirect:
    case journal::hop_result::not_delivered:
    case journal::hop_result::failed:
      return true;
    case journal::hop_result::answered:
    case journal::hop_result::pending:
      return false;
    }
    return false;
  }
  records::client_record& client(request_state const& f) { return records.clients[f.request - 1]; }
  std::uint32_t append(std::uint16_t balancer, journal::balancer_event const& e) {
    auto& events = records.balancers[balancer].events;
    events.push_back(e);
    return static_cast<std::uint32_t>(events.size() - 1);
  }

  journal::request_id issued_ = 0;
};

}
