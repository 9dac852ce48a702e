// Whether answers for resources are judged by what their clients may have got.
#include "base/config/words.hpp"
#include "sim/judge/resource_answers.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>

using namespace sim;
using namespace sim::judge;
namespace cluster = fakeproxy::cluster;
namespace resources = fakeproxy::resources;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// Three resources, each of which changes every ten seconds; caches may serve them for two.
struct resource_world {
  actors::resource_catalogue all;

  resource_world() {
    for (auto const audience :
         {resources::audience::everyone, resources::audience::character, resources::audience::corporation}) {
      resources::resource one;
      one.path = "/r" + std::to_string(all.all.size());
      one.changes_every = 10 * second;
      one.audience = audience;
      all.all.push_back(one);
      all.grace_ns.push_back(actors::grace_ns("max-age=1", 0));
    }
    all.corporations = {.count = 10, .change_every = 60 * second, .changing = 0};
    all.facts_max_age_ns = 5 * second;
  }

  /// What is found about 200 with this mark, or 403 without one, from `sent` to `sent` + 0.1 s.
  std::uint16_t found(std::size_t resource, std::uint32_t character, std::string const& mark, std::int64_t sent,
                      bool from_cache = false) const {
    return check_resource(all, {.resource = resource,
                                .target = resource == 2 ? "/r2/4/assets" : "/r",
                                .character = character,
                                .status = mark.empty() ? 403u : 200u,
                                .mark = resources::parse_mark(mark),
                                .from_cache = from_cache,
                                .sent_ns = sent,
                                .done_ns = sent + second / 10});
  }
};

constexpr std::uint32_t nobody = journal::no_character;
constexpr std::uint32_t member = 13, outsider = 14; // of corporation 4: character % 10 + 1

}

TEST_CASE("a version is judged by when it could be seen") {
  resource_world const w;
  std::string const v1 = "version=1; audience=all; variant=0", v2 = "version=2; audience=all; variant=0";
  CHECK(w.found(0, 5, v1, 15 * second) == 0);
  CHECK(w.found(0, nobody, v1, 15 * second) == 0);
  CHECK(w.found(0, 5, v1, 20 * second - second / 20) == 0); // it changed meanwhile: either
  CHECK(w.found(0, 5, v2, 20 * second - second / 20) == 0);
  CHECK(w.found(0, 5, v1, 20 * second) == records::found_too_old);
  CHECK(w.found(0, 5, v2, 15 * second) == records::found_too_old); // nobody has seen it yet
  SECTION("a cache may serve what ended as long ago as its lifetime, and a second") {
    CHECK(w.found(0, 5, v1, 20 * second, true) == 0);
    CHECK(w.found(0, 5, v1, 22 * second - 1, true) == 0);
    CHECK(w.found(0, 5, v1, 22 * second, true) == records::found_too_old);
  }
}

TEST_CASE("what is one character's own is nobody else's") {
  resource_world const w;
  CHECK(w.found(1, 5, "version=1; audience=character:5; variant=0", 15 * second) == 0);
  CHECK(w.found(1, 5, "version=1; audience=character:6; variant=0", 15 * second) == records::found_foreign);
  CHECK(w.found(1, 5, "version=1; audience=all; variant=0", 15 * second) == records::found_foreign);
  CHECK(w.found(1, nobody, "version=1; audience=character:6; variant=0", 15 * second) == records::found_foreign);
  CHECK(w.found(1, 5, "", 15 * second) == records::found_denied);
  CHECK(w.found(1, nobody, "", 15 * second) == 0);
}

TEST_CASE("what a corporation has is for its members") {
  resource_world w;
  std::string const of_4 = "version=1; audience=corporation:4; variant=0";
  CHECK(w.found(2, member, of_4, 15 * second) == 0);
  CHECK(w.found(2, outsider, of_4, 15 * second) == records::found_foreign);
  CHECK(w.found(2, nobody, of_4, 15 * second) == records::found_foreign);
  CHECK(w.found(2, member, "version=1; audience=corporation:5; variant=0", 15 * second) == records::found_foreign);
  CHECK(w.found(2, member, "", 15 * second) == records::found_denied);
  CHECK(w.found(2, outsider, "", 15 * second) == 0);
}

TEST_CASE("who left a corporation may be served by a cache for as long as facts hold, and by a proxy no longer") {
  resource_world w;
  w.all.corporations.changing = 1;
  resources::corporations const& all = w.all.corporations;
  auto const who = static_cast<cluster::character_id>(member);
  std::int64_t left = 0; // the moment when the member is not in number 4 any more
  while (resources::corporation_of(all, who, left) == 4) left += second / 100;
  REQUIRE(left > 6 * second);
  std::string const now = "version=" + std::to_string(left / (10 * second)) + "; audience=corporation:4; variant=0";
  std::int64_t const after = left + second;
  if (after / (10 * second) == left / (10 * second)) CHECK(w.found(2, member, now, after) == records::found_foreign);
  CHECK((w.found(2, member, now, after, true) & records::found_foreign) == 0);
  CHECK((w.found(2, member, now, left + 6 * second, true) & records::found_foreign) != 0);
  CHECK(w.found(2, member, "", after) == 0);                                 // not a member any more
  CHECK(w.found(2, member, "", left - 2 * second) == records::found_denied); // was one
  CHECK(w.found(2, member, "", left - second / 20) == 0);                    // left meanwhile
}

TEST_CASE("what balancers allow themselves counts where the resource does not forbid it") {
  CHECK(actors::grace_ns("max-age=1", 0) == 2 * second);
  CHECK(actors::grace_ns("max-age=1", 60 * second) == 62 * second);
  CHECK(actors::grace_ns("max-age=1, stale-while-revalidate=90", 60 * second) == 92 * second);
  for (char const* forbids : {"max-age=1, must-revalidate", "max-age=1, proxy-revalidate", "s-maxage=1",
                              "no-cache, max-age=1", "max-age=1, stale-if-error=0"})
    CHECK(actors::grace_ns(forbids, 60 * second) == 2 * second);
}

TEST_CASE("an answer without a mark shows nothing") {
  resource_world const w;
  CHECK((w.found(0, 5, "what", 15 * second) & records::found_no_echo) != 0);
}

TEST_CASE("marks in targets are replaced by the character and by where it began") {
  resources::corporations const all{.count = 10, .change_every = 0, .changing = 0};
  auto const expanded = [&](std::string_view target) {
    std::string out;
    actors::append_target(out, target, 23, all);
    return out;
  };
  CHECK(expanded("/a/{character}/b?c={corporation}") == "/a/23/b?c=4");
  CHECK(expanded("/{character}{corporation}") == "/234");
  CHECK(expanded("/{characters}/{") == "/{characters}/{");
  CHECK(actors::has_mark("/{corporation}"));
  CHECK_FALSE(actors::has_mark("/{corporations"));
}

TEST_CASE("the scenario's schema allows the words for resources that fakeproxy knows, no more and no less") {
  auto const keys = nlohmann::json::parse(scenario::scenario_schema)
                        .at(nlohmann::json::json_pointer(
                            "/properties/topology/properties/proxies/properties/resources/items/properties"));
  CHECK(keys.at("validators").at("enum") == nlohmann::json(config::words_of<resources::validators>()));
  CHECK(keys.at("audience").at("enum") == nlohmann::json(config::words_of<resources::audience>()));
}
