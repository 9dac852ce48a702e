#include "sim/load/plan.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace sim::load;
using namespace std::chrono_literals;
using sim::scenario::load_kind;
using sim::scenario::scenario;

namespace {

auto fields_of(planned_request const& r) {
  return std::tuple(r.at_ns, r.balancer_draw, r.character, r.rotation, r.target, r.connection, r.method,
                    static_cast<std::uint8_t>(r.kind));
}

struct load_case {
  char const* name;
  std::function<void(scenario&)> change;
  std::size_t size;     // requests
  std::uint64_t digest; // of all their fields
};

void ramping(scenario& s) {
  s.load.kind = load_kind::ramping_rate;
  s.load.stages = {{400, 1s}, {0, 0ns}, {900, 1s}};
}

void with_everything(scenario& s) {
  s.population.zipf = 0.9;
  s.population.junk_share = 0.1;
  s.population.no_token_share = 0.2;
  s.population.token_rotation_rps = 200;
  s.load.mix = {{"GET", 3, 0, false, {}}, {"POST", 1, 100, false, {"/a", "/b", "/"}}, {"PUT", 0, 0, false, {}}};
  s.load.balancer_choice = sim::scenario::balancer_choice::per_connection;
}

std::vector<load_case> const cases = {
    {"a constant rate", [](scenario& s) { s.load.kind = load_kind::constant_rate; }, 1000, 2212794491234483324u},
    {"a ramp", ramping, 650, 15968186354749020813u},
    {"Poisson", [](scenario&) {}, 1014, 149656490051940821u},
    {"one target", [](scenario& s) { s.load.targets = {"/"}; }, 1014, 17756821687745214035u},
    {"several methods",
     [](scenario& s) {
       s.load.mix = {{"GET", 3, 0, false, {}}, {"POST", 1, 100, false, {"/a", "/b"}}};
     },
     1014, 15905424192058265030u},
    {"Zipf", [](scenario& s) { s.population.zipf = 1.2; }, 1014, 2040110761123898621u},
    {"one character", [](scenario& s) { s.population.characters = 1; }, 1014, 7555504825672070030u},
    {"so many characters that draws are refused", [](scenario& s) { s.population.characters = 3'000'000'000; }, 1014,
     2682743208230553844u},
    {"rotation", [](scenario& s) { s.population.token_rotation_rps = 300; }, 1014, 16669704617929997063u},
    {"junk", [](scenario& s) { s.population.junk_share = 0.3; }, 1014, 9764494030426178680u},
    {"no tokens", [](scenario& s) { s.population.no_token_share = 0.3; }, 1014, 8192901052890055016u},
    {"a balancer per connection",
     [](scenario& s) { s.load.balancer_choice = sim::scenario::balancer_choice::per_connection; }, 1014,
     1702722504099388992u},
    {"everything", with_everything, 1014, 4923517285835852541u},
    {"everything, on a ramp",
     [](scenario& s) {
       with_everything(s);
       ramping(s);
     },
     650, 2362122799922631772u},
    {"a trace", [](scenario& s) { s.load.kind = load_kind::trace; }, 400, 12149689626425593883u},
    {"everything, from a trace without an end",
     [](scenario& s) {
       with_everything(s);
       s.load.kind = load_kind::trace;
       s.load.duration = 0s;
     },
     500, 3884699022271482981u},
};

/// A case's load. Its trace, if it is one, needs no file.
struct made {
  explicit made(load_case const& c) {
    what.seed = 7;
    what.topology.balancers.resize(1);
    what.population.characters = 100;
    what.load.kind = load_kind::poisson;
    what.load.rate_rps = 500;
    what.load.duration = 2s;
    what.load.mix = {{}};
    what.load.targets = {"/", "/w"};
    what.load.connections_per_balancer = 7;
    c.change(what);
    load_kind const kind = std::exchange(what.load.kind, load_kind::poisson);
    p = make_plan(what);
    what.load.kind = kind;
    if (kind != load_kind::trace) return;
    for (std::uint32_t i = 0; i != 500; ++i) {
      trace_entry entry;
      entry.at_ns = i * 5'000'000;
      entry.identity = i * 7;
      entry.method = static_cast<std::uint16_t>(i % p.methods.size());
      entry.target = i % 2;
      p.trace.push_back(entry);
    }
  }
  made(made const&) = delete;
  made& operator=(made const&) = delete;

  scenario what;
  plan p;
};

std::vector<planned_request> one_at_a_time(plan const& p, slice part = {}) {
  request_source source(p, part);
  std::vector<planned_request> requests;
  while (auto const r = source.next()) requests.push_back(*r);
  CHECK_FALSE(source.next());
  return requests;
}

std::uint64_t digest_of(std::vector<planned_request> const& requests) {
  std::uint64_t sum = 0;
  auto const add = [&](std::uint64_t x) { sum = mix(sum ^ x); };
  for (planned_request const& r : requests)
    std::apply([&](auto... field) { (add(static_cast<std::uint64_t>(field)), ...); }, fields_of(r));
  return sum;
}

}

TEST_CASE("loads are these very requests, on every machine") {
  for (load_case const& c : cases) {
    INFO(c.name);
    made const load(c);
    auto const all = one_at_a_time(load.p);
    CHECK(all.size() == c.size);
    CHECK(digest_of(all) == c.digest);
  }
}

TEST_CASE("requests drawn at once are those drawn one at a time, also in slices") {
  for (load_case const& c : cases) {
    made const load(c);
    for (slice const part : {slice{0, 1}, slice{0, 2}, slice{1, 2}, slice{2, 5}, slice{39, 40}}) {
      auto const expected = one_at_a_time(load.p, part);
      for (std::size_t const at_once : {2u, 31u, 32u, 33u, 100u, 5000u}) {
        INFO(c.name << ", slice " << part.index << " of " << part.of << ", " << at_once << " at once");
        planned_request used; // what is drawn replaces all of it
        used.rotation = used.target = used.connection = used.method = 9;
        used.kind = token_kind::none;
        std::vector<planned_request> room(at_once, used), all;
        request_source source(load.p, part);
        for (std::size_t n = at_once; n == at_once;) {
          n = source.draw(room);
          REQUIRE(n <= at_once);
          all.insert(all.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(n));
        }
        CHECK(source.draw(room) == 0);
        REQUIRE(all.size() == expected.size());
        for (std::size_t i = 0; i != all.size(); ++i) REQUIRE(fields_of(all[i]) == fields_of(expected[i]));
      }
    }
  }
}
