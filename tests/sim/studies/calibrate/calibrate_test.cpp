#include "sim/studies/calibrate/fit.hpp"
#include "sim/studies/calibrate/profile.hpp"
#include "sim/studies/calibrate/segments.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cmath>
#include <random>

namespace sim::calibrate {
namespace {

/// A run's records, written a request at a time. Nanoseconds.
class book {
public:
  book() { records_.balancers.resize(1); }

  /// One hop; `own` is the proxy's time.
  void direct(std::uint32_t character, std::int64_t to_balancer, std::int64_t in_balancer, std::int64_t to_proxy,
              std::int64_t own, std::int64_t back) {
    begin(character, to_balancer);
    hop(in_balancer, to_proxy, own, journal::hop_outcome::served);
    end(back);
  }
  /// Two hops, the first of which asks the sol.
  void redirected(std::uint32_t character, std::int64_t to_balancer, std::int64_t in_balancer, std::int64_t to_proxy,
                  std::int64_t asking, std::int64_t own, std::int64_t back) {
    begin(character, to_balancer);
    hop(in_balancer, to_proxy, asking, journal::hop_outcome::redirected);
    hop(in_balancer, to_proxy, own, journal::hop_outcome::served);
    end(back);
  }
  records::run_records& records() { return records_; }

private:
  void begin(std::uint32_t character, std::int64_t to_balancer) {
    records::client_record c;
    c.request = records_.clients.size() + 1;
    c.sent_ns = now_ += 1'000'000;
    c.character = character;
    c.outcome = records::client_outcome::answered;
    records_.clients.push_back(c);
    journal::balancer_event accepted{};
    accepted.request = c.request;
    accepted.at_ns = now_ += to_balancer;
    accepted.kind = journal::balancer_event_kind::request;
    records_.balancers[0].events.push_back(accepted);
  }
  void hop(std::int64_t in_balancer, std::int64_t to_proxy, std::int64_t own, journal::hop_outcome outcome) {
    journal::balancer_event sent{};
    sent.request = records_.clients.back().request;
    sent.at_ns = now_ += in_balancer;
    sent.kind = journal::balancer_event_kind::hop;
    records_.balancers[0].events.push_back(sent);
    journal::proxy_hop h{};
    h.request = sent.request;
    h.character = records_.clients.back().character;
    h.received_ns = now_ += to_proxy;
    h.answered_ns = now_ += own;
    h.outcome = outcome;
    records_.hops.push_back({h, 0});
  }
  void end(std::int64_t back) { records_.clients.back().done_ns = now_ += back; }

  records::run_records records_;
  std::int64_t now_ = 0;
};

double mean(std::vector<double> const& values) {
  double sum = 0;
  for (double const x : values) sum += x;
  return sum / static_cast<double>(values.size());
}

/// 1 creation, 8 straight requests, 4 redirected ones: 10 us to the balancer, 2 in it, 20 to the proxy, which takes 4;
/// the sol takes 30 there and back; 30 us from the proxy to the client.
book typical() {
  book b;
  b.direct(5, 10'000, 2'000, 20'000, 34'000, 30'000);
  for (int i = 0; i != 8; ++i) b.direct(5, 10'000, 2'000, 20'000, 4'000, 30'000);
  for (int i = 0; i != 4; ++i) b.redirected(5, 10'000, 2'000, 20'000, 34'000, 4'000, 30'000);
  return b;
}

}

TEST_CASE("each part of a request's way gets its time, and the way back is shared out as the way there") {
  book b = typical();
  segments const s = segments_of(b.records());
  CHECK(mean(s.client) == Approx(10'000));
  CHECK(mean(s.balancer) == Approx(2'000));
  CHECK(mean(s.proxy) == Approx(20'000 + 2'000)); // with half of the proxy's own time
  CHECK(mean(s.rpc) == Approx(15'000));
  CHECK(s.rpc.size() == 5); // the creation, and four redirects
  CHECK(s.direct == std::vector<double>(8, 66'000));
  CHECK(s.redirected.size() == 4);
}

TEST_CASE("the laws add up to what clients saw, straight and redirected") {
  book b = typical();
  profile const p = profile_of(segments_of(b.records()));
  CHECK(p.direct.p50_ms == Approx(0.066));
  CHECK(p.direct.interquartile_mean_ms == Approx(0.066));
  CHECK(p.direct.parts_ms == Approx(0.066));
  CHECK(p.direct.laws_ms == Approx(0.066));
  // The redirect adds 34 + 2 + 20 us; its laws 2 x 22 + 2 + 2 x 15, for a way back that nobody noted.
  CHECK(p.redirected.p50_ms == Approx(0.122));
  CHECK(p.redirected.interquartile_mean_ms == Approx(0.122));
  CHECK(p.redirected.parts_ms == Approx(0.066 + 0.076));
  CHECK(p.redirected.laws_ms == Approx(0.066 + 0.076));
}

TEST_CASE("on a busy machine, where single parts wait, their middle halves still add up; the laws give more") {
  book b;
  b.direct(5, 10'000, 2'000, 20'000, 34'000, 30'000);
  for (int i = 0; i != 100; ++i) b.direct(5, i % 5 == 0 ? 100'000 : 10'000, 2'000, 20'000, 4'000, 30'000);
  profile const p = profile_of(segments_of(b.records()));
  CHECK(p.direct.interquartile_mean_ms == Approx(0.066));
  CHECK(p.direct.parts_ms == Approx(0.066));
  CHECK(p.direct.laws_ms == Approx(0.066)); // one in ten of the way's two parts is beyond what a law is fitted to
  for (int i = 0; i != 100; ++i) b.direct(5, i % 2 == 0 ? 100'000 : 10'000, 2'000, 20'000, 4'000, 30'000);
  CHECK(profile_of(segments_of(b.records())).direct.laws_ms > 1.2 * 0.066);
}

TEST_CASE("the interquartile mean is that of the middle half, whatever is beside it") {
  CHECK(interquartile_mean({}) == 0);
  CHECK(interquartile_mean({7}) == 7);
  CHECK(interquartile_mean({1, 2}) == Approx(1.5));
  CHECK(interquartile_mean({1e9, 3, 2, 0}) == Approx(2.5));
  CHECK(interquartile_mean({5, 1, 100, 1, 5, 1, -100, 5}) == Approx(3)); // of two kinds
}

TEST_CASE("requests whose story is not whole are left out") {
  segments const before = segments_of(typical().records());
  book b = typical();
  b.direct(5, 1, 1, 1, 1, 1);
  b.records().hops.back().hop.outcome = journal::hop_outcome::unavailable;
  b.direct(5, 1, 1, 1, 1, 1);
  b.records().clients.back().outcome = records::client_outcome::timeout;
  b.direct(5, 1, 1, 1, 1, 1);
  b.records().balancers[0].events.pop_back(); // the hop that the balancer did not note
  b.direct(5, 1, 1, 1, 1, 1);
  b.records().clients.back().probe = records::probe_kind::forged_fields;
  segments const after = segments_of(b.records());
  CHECK(after.client == before.client);
  CHECK(after.balancer == before.balancer);
  CHECK(after.rpc == before.rpc);
}

TEST_CASE("no records are no times, and rounds add up") {
  segments sum = segments_of(records::run_records{});
  CHECK(sum.client.empty());
  CHECK(profile_of(sum).client.mean_ms == 0);
  sum.add(segments_of(typical().records()));
  sum.add(segments_of(typical().records()));
  CHECK(sum.direct.size() == 16);
}

TEST_CASE("a lognormal law is found again, whatever a few stalls do") {
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  std::vector<double> ns;
  for (int i = 0; i != 50'000; ++i) ns.push_back(40'000 * std::exp(0.4 * normal(random) - 0.08));
  fitted_law const clean = fit(ns);
  CHECK(clean.mean_ms == Approx(0.04).epsilon(0.01));
  CHECK(clean.sigma == Approx(0.4).epsilon(0.02));
  for (int i = 0; i != 100; ++i) ns.push_back(50e6);
  fitted_law const stalled = fit(ns);
  CHECK(stalled.mean_ms == Approx(clean.mean_ms).epsilon(0.01));
  CHECK(stalled.mean_of_all_ms > 3 * clean.mean_ms);
  CHECK(fit(std::vector<double>(10, 7'000)).sigma == 0);
  CHECK(fit(std::vector<double>(10, 7'000)).mean_ms == Approx(0.007));
}

TEST_CASE("a profile has the shape of a scenario's virtual section, and says what it was fitted to") {
  profile p = profile_of(segments_of(typical().records()));
  p.client.sigma = 0.5;
  p.rounds = 3;
  auto const j = nlohmann::json::parse(profile_json(p, "1.2.3"));
  CHECK(j["network"]["client"]["lognormal"]["sigma"] == 0.5);
  CHECK(j["network"]["proxy"]["constant"]["mean_ms"] == Approx(0.022));
  CHECK(j["network"]["rpc"]["constant"]["mean_ms"] == Approx(0.015));
  CHECK(j["balancer"]["service_time"]["constant"]["mean_ms"] == Approx(0.002));
  CHECK(j["measured"]["by"] == "crest-sim 1.2.3 calibrate");
  CHECK(j["measured"]["rounds"] == 3);
  CHECK(j["measured"]["requests"] == 13);
  CHECK(j.size() == 3);
  CHECK(profile_text(p).find("A request of one hop takes 0.0660 ms") != std::string::npos);
}

TEST_CASE("calibration runs without a map, one request at a time, and leaves game state alone") {
  scenario::scenario const s = calibration_scenario(4, 4'000);
  CHECK(s.seed == 4);
  CHECK_FALSE(s.topology.balancers[0].has_map());
  CHECK(s.load.concurrency == 1);
  CHECK(s.population.characters * s.load.requests_per_character == 4'000);
  for (std::string const& target : s.load.targets) CHECK_FALSE(target.starts_with("/characters/"));
}

}
