#include "sim/theory/expect.hpp"
#include "sim/theory/redirects.hpp"
#include "sim/theory/routed.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <random>
#include <unordered_map>
#include <vector>

namespace sim::theory {
namespace {

constexpr double unbounded = std::numeric_limits<double>::infinity();

routing_model of(double balancers, double proxies, double characters, double logged_in) {
  routing_model m;
  m.balancers = balancers, m.proxies = proxies, m.characters = characters, m.logged_in = logged_in;
  m.capacity = unbounded;
  return m;
}

/// An LRU that counts.
class lru {
public:
  explicit lru(std::size_t capacity)
    : capacity_(capacity) {}
  bool ask(std::size_t token) {
    auto const found = where_.find(token);
    bool const hit = found != where_.end();
    if (hit) order_.erase(found->second);
    order_.push_front(token);
    where_[token] = order_.begin();
    if (order_.size() > capacity_) where_.erase(order_.back()), order_.pop_back();
    return hit;
  }

private:
  std::size_t capacity_;
  std::list<std::size_t> order_;
  std::unordered_map<std::size_t, std::list<std::size_t>::iterator> where_;
};

/// Mean and standard deviation of what runs with dice show.
struct seen {
  double sum = 0, squares = 0, runs = 0;
  void add(double x) { sum += x, squares += x * x, ++runs; }
  double mean() const { return sum / runs; }
  double deviation() const { return std::sqrt(squares / runs - mean() * mean()); }
};

}

TEST_CASE("a closed load's counts are those of the closed forms") {
  routed const r = route_closed(of(4, 4, 1'000, 0.3), 20);
  CHECK(r.redirects / 1'000 == Approx(redirects_with_maps(4, 20, 0.3, 4)));
  CHECK(r.sessions_created == Approx(700));
  CHECK(r.guesses / 1'000 == Approx(distinct_maps(4, 20)));
  CHECK(*r.redirect_ratio_error == Approx(std::sqrt(redirects_of_token(true, 4, 20, 0.3, 4).variance / 1'000) / 20));
}

TEST_CASE("an open load's ratios and their errors agree with dice") {
  struct row {
    char const* name;
    bool map, poisson;
    double from;
  };
  // 150 characters, 30 of them logged in, 4 proxies, 3 balancers.
  for (row const& x : {row{"maps, Poisson", true, true, 0}, row{"maps, fixed number", true, false, 0},
                       row{"no map, Poisson", false, true, 0}, row{"maps, second half", true, true, 300}}) {
    INFO(x.name);
    std::mt19937_64 random(5);
    seen redirects, hits, guess_hits, created;
    for (int run = 0; run != 2'000; ++run) {
      std::vector<unsigned> maps(150, 0), session(150, 0);
      for (std::size_t i = 0; i != 30; ++i) session[i] = 1;
      std::poisson_distribution<int> many(600), before(300);
      int const first = x.from > 0 ? before(random) : 0;
      int const all = x.from > 0 ? first + before(random) : x.poisson ? many(random) : 600;
      double n = 0, guesses = 0, missed = 0, made = 0;
      for (int k = 0; k != all; ++k) {
        std::size_t const who = random() % 150;
        unsigned const bit = 1u << random() % 3;
        bool const known = x.map && (maps[who] & bit) != 0, existed = session[who] != 0;
        maps[who] |= bit, session[who] = 1;
        if (k < first) continue;
        ++n;
        guesses += !known;
        made += !existed;
        missed += !known && existed && random() % 4 != 0;
      }
      redirects.add(missed / n), hits.add(1 - guesses / n), guess_hits.add(1 - missed / guesses), created.add(made);
    }
    routing_model m = of(3, 4, 150, 0.2);
    m.map = x.map;
    routed const r = route_open(m, popularity_classes(150, 0), {x.from, 600}, x.poisson);
    CHECK(r.redirect_ratio() == Approx(redirects.mean()).epsilon(0.005));
    CHECK(r.map_hit_ratio() == Approx(hits.mean()).epsilon(0.005).margin(1e-9));
    CHECK(r.guess_hit_ratio() == Approx(guess_hits.mean()).epsilon(0.005));
    CHECK(r.sessions_created == Approx(created.mean()).epsilon(0.005));
    CHECK(*r.redirect_ratio_error == Approx(redirects.deviation()).epsilon(0.07));
    CHECK(*r.map_hit_ratio_error == Approx(hits.deviation()).epsilon(0.07).margin(1e-9));
    CHECK(*r.guess_hit_ratio_error == Approx(guess_hits.deviation()).epsilon(0.07));
    CHECK(*r.sessions_created_error == Approx(created.deviation()).epsilon(0.07));
  }
}

TEST_CASE("bounded maps under Zipf agree with LRUs that are simulated, from the first request on") {
  for (double const zipf : {0.6, 0.9, 1.2}) {
    INFO("Zipf " << zipf);
    std::size_t const characters = 2'000, capacity = 300;
    std::vector<double> weights;
    for (std::size_t i = 1; i <= characters; ++i) weights.push_back(std::pow(i, -zipf));
    std::discrete_distribution<std::size_t> pick(weights.begin(), weights.end());
    std::mt19937_64 random(3);
    double misses[2] = {0, 0}, created[2] = {0, 0};
    int const runs = 20, half = 4'000;
    for (int run = 0; run != runs; ++run) {
      std::vector<lru> maps(2, lru(capacity));
      std::vector<bool> session(characters, false);
      for (int k = 0; k != 2 * half; ++k) {
        std::size_t const who = pick(random);
        misses[k / half] += !maps[random() % 2].ask(who);
        created[k / half] += !session[who];
        session[who] = true;
      }
    }
    routing_model m = of(2, 4, double(characters), 0);
    m.capacity = double(capacity);
    for (int part = 0; part != 2; ++part) {
      request_window const w{double(part) * half, double(part + 1) * half};
      routed const r = route_open(m, popularity_classes(double(characters), zipf), w, false);
      CHECK(r.guesses == Approx(misses[part] / runs).epsilon(0.02));
      CHECK(r.map_hit_ratio() == Approx(1 - misses[part] / runs / half).epsilon(0.02));
      CHECK(r.redirects == Approx(0.75 * (misses[part] - created[part]) / runs).epsilon(0.02));
      CHECK_FALSE(r.redirect_ratio_error);
    }
  }
}

TEST_CASE("hits from the start add up, and tend to the hit ratio of the long run") {
  std::vector<token_class> const classes = popularity_classes(1'000, 0.9);
  double const kept = characteristic_time(classes, 200);
  double all = 0, parts = 0, late = 0;
  for (token_class const& c : classes) {
    all += c.tokens * hits_between(c.rate, kept, 0, 1e4);
    parts += c.tokens * (hits_between(c.rate, kept, 0, 100) + hits_between(c.rate, kept, 100, 1e4));
    late += c.tokens * hits_between(c.rate, kept, 1e4, 1e4 + 500);
  }
  CHECK(parts == Approx(all));
  CHECK(late / 500 == Approx(hit_ratio(classes, 200)));
  CHECK(hits_between(1, unbounded, 0, 1e6) == Approx(1e6 - 1));
}

TEST_CASE("classes of popularity stand for every character") {
  for (double const zipf : {0.0, 0.6, 1.0, 1.2}) {
    INFO("Zipf " << zipf);
    std::uint32_t const n = 100'000;
    std::vector<token_class> const classes = popularity_classes(n, zipf);
    double tokens = 0, share = 0;
    for (token_class const& c : classes) tokens += c.tokens, share += c.tokens * c.rate;
    CHECK(tokens == n);
    CHECK(share == Approx(1));
    std::vector<double> exact;
    for (std::uint32_t i = 1; i <= n; ++i) exact.push_back(std::pow(i, -zipf));
    CHECK(hit_ratio(classes, 20'000) == Approx(hit_ratio(exact, 20'000)).epsilon(1e-4));
  }
}

TEST_CASE("affinity shares the entries of all maps out between the tokens") {
  scenario::scenario s;
  scenario::balancer_group g;
  g.count = 4;
  g.token_map_bytes = 16 << 10;
  s.topology.balancers = {g};
  s.topology.proxies.count = 4;
  s.population.characters = 5'000;
  s.load.kind = scenario::load_kind::poisson;
  s.load.rate_rps = 100;
  s.load.duration = std::chrono::seconds(10);
  double const entries = double(map_entries(g, 40));
  CHECK(model_of(s).model.capacity == entries);
  CHECK(model_of(s).model.balancers == 4);
  s.load.balancer_choice = scenario::balancer_choice::address;
  CHECK(model_of(s).model.capacity == entries * 4);
  CHECK(model_of(s).model.balancers == 1);
}

TEST_CASE("requests of a ramp are the area under it") {
  scenario::load load;
  load.kind = scenario::load_kind::ramping_rate;
  load.start_rate_rps = 100;
  load.stages = {{300, std::chrono::seconds(2)}, {0, std::chrono::seconds(1)}};
  load.duration = std::chrono::seconds(3);
  CHECK(requests_by(load, 1) == Approx(150));
  CHECK(requests_by(load, 2) == Approx(400));
  CHECK(requests_by(load, 9) == Approx(550));
}

}
