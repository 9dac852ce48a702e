#include "fakeproxy/resources/resources.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

using namespace fakeproxy::resources;
using fakeproxy::cluster::character_id;
using fakeproxy::cluster::millisecond;
using fakeproxy::cluster::time_point;

namespace {

constexpr auto nobody = character_id::none;

resource at(std::string path, audience whose = audience::everyone) {
  resource r;
  r.path = std::move(path);
  r.audience = whose;
  return r;
}

/// The path of the resource that `target` is under.
std::string found(std::vector<resource> const& all, std::string_view target) {
  resource const* const one = find_resource(all, target);
  return one ? one->path : "none";
}

}

TEST_CASE("a resource is all that goes on after its path with a segment or a query") {
  std::vector<resource> const market{at("/market")};
  for (char const* target : {"/market", "/market/", "/market/x/y", "/market?y", "/market/?y"})
    CHECK(found(market, target) == "/market");
  for (char const* target : {"/", "", "/marke", "/markets", "/market%2Fx", "/market;x", "/Market", "x/market", "*"})
    CHECK(found(market, target) == "none");
}

TEST_CASE("the longest path counts, in whatever order they stand, and / is everything else") {
  std::vector<resource> all{at("/"), at("/a/b"), at("/a"), at("/a/b/c")};
  for (int turn = 0; turn < 4; ++turn) {
    CHECK(found(all, "/a/b/c/d") == "/a/b/c");
    CHECK(found(all, "/a/b/cd") == "/a/b");
    CHECK(found(all, "/a/b?c") == "/a/b");
    CHECK(found(all, "/a/bc") == "/a");
    CHECK(found(all, "/ab") == "/");
    CHECK(found(all, "/") == "/");
    std::rotate(all.begin(), all.begin() + 1, all.end());
  }
}

TEST_CASE("versions count from 0 at the start of the clock, and begin when the time is a multiple") {
  resource r = at("/x");
  CHECK(version_at(r, 123456789) == 0);
  CHECK(begin_of_version(r, 0) == 0);
  r.changes_every = 1000 * millisecond;
  CHECK(version_at(r, 0) == 0);
  CHECK(version_at(r, 17'000 * millisecond - 1) == 16);
  CHECK(version_at(r, 17'000 * millisecond) == 17);
  CHECK(begin_of_version(r, 17) == 17'000 * millisecond);
}

TEST_CASE("the segment after the path names the corporation") {
  resource const r = at("/corporations", audience::corporation);
  for (char const* target :
       {"/corporations/12", "/corporations/12/", "/corporations/12/assets", "/corporations/12?x=/"})
    CHECK(corporation_in(r, target) == 12);
  for (char const* target : {"/corporations", "/corporations/", "/corporations//12", "/corporations/x12",
                             "/corporations/12x", "/corporations/-1", "/corporations/99999999999", "/corporations?/12"})
    CHECK(corporation_in(r, target) == 0);
  CHECK(corporation_in(at("/", audience::corporation), "/12/x") == 12);
}

TEST_CASE("who may see a resource is everyone, any character, or who is in the corporation at the time") {
  corporations const all{.count = 5, .change_every = 1000, .changing = 1};
  character_id const who{12}; // begins in corporation 3
  CHECK(admits(at("/r"), "/r", {}, nobody, 0));
  CHECK(admits(at("/r", audience::character), "/r", {}, who, 0));
  CHECK_FALSE(admits(at("/r", audience::character), "/r", {}, nobody, 0));
  resource const r = at("/r", audience::corporation);
  for (time_point t = 0; t < 5000; t += 100)
    for (std::uint32_t corporation = 0; corporation < 7; ++corporation) {
      std::string const target = "/r/" + std::to_string(corporation);
      CHECK(admits(r, target, all, who, t) == (corporation_of(all, who, t) == corporation));
      CHECK_FALSE(admits(r, target, all, nobody, t));
    }
  CHECK_FALSE(admits(r, "/r", all, who, 0));
  CHECK_FALSE(admits(r, "/r/0", {}, who, 0));
}

TEST_CASE("a variant is told by the fields that Vary names, and by no others") {
  auto const variant = [](std::string_view vary, std::vector<request_field> const& fields) {
    return variant_of(vary, fields);
  };
  auto const german = variant("Accept-Language", {{"Accept-Language", "de"}});
  CHECK(german != 0);
  CHECK(variant("accept-LANGUAGE", {{"Host", "x"}, {"ACCEPT-Language", "de"}, {"Cookie", "y"}}) == german);
  CHECK(variant("Accept-Language", {{"Accept-Language", "en"}}) != german);
  CHECK(variant("Accept", {{"Accept", "de"}}) != german);
  CHECK(variant("Accept-Language", {{"Accept-Languages", "de"}}) == 0);
  CHECK(variant("", {{"Accept-Language", "de"}}) == 0);
  CHECK(variant("*", {{"Accept-Language", "de"}}) == 0);
  CHECK(variant("Accept-Language", {{"Accept-Language", ""}}) != 0); // empty is not absent

  auto const both = variant("Accept-Language, Cookie", {{"Cookie", "c"}, {"Accept-Language", "de"}});
  CHECK(both != german);
  CHECK(variant("Accept-Language ,Cookie", {{"Accept-Language", "de"}, {"Cookie", "c"}}) == both);
  CHECK(variant("Accept-Language, Cookie", {{"Accept-Language", "de"}}) == german);
  CHECK(variant("Accept-Language, Cookie", {{"Accept-Language", "c"}, {"Cookie", "de"}}) != both);
}

TEST_CASE("lines of a field are one list, and blanks around its commas are nothing") {
  auto const list = variant_of("Accept", std::vector<request_field>{{"Accept", "a,b"}});
  CHECK(variant_of("Accept", std::vector<request_field>{{"Accept", "a"}, {"Accept", "b"}}) == list);
  CHECK(variant_of("Accept", std::vector<request_field>{{"Accept", "a ,\t b"}}) == list);
  CHECK(variant_of("Accept", std::vector<request_field>{{"Accept", "b, a"}}) != list);
  CHECK(variant_of("Accept", std::vector<request_field>{{"Accept", "ab"}}) != list);
}

TEST_CASE("session facts that Vary names are no request fields") {
  std::vector<request_field> const forged{{"X-Session-Corporation", "3"}, {"Accept-Language", "de"}};
  CHECK(variant_of("X-Session-Corporation", forged) == 0);
  CHECK(variant_of("x-session-corporation, Accept-Language", forged) == variant_of("Accept-Language", forged));
}

TEST_CASE("a mark says of when an answer is and whose, and is read back") {
  resource r = at("/r");
  r.changes_every = 10;
  auto const text = [](resource_mark const& mark) {
    std::string out;
    append_mark(out, mark);
    return out;
  };
  character_id const who{12};
  CHECK(text(mark_of(r, "/r/3", who, 0, 175)) == "version=17; audience=all; variant=0");
  r.audience = audience::character;
  CHECK(text(mark_of(r, "/r/3", who, 255, 175)) == "version=17; audience=character:12; variant=00000000000000ff");
  r.audience = audience::corporation;
  CHECK(text(mark_of(r, "/r/3", who, 0, 175)) == "version=17; audience=corporation:3; variant=0");
  for (resource_mark const& mark : {resource_mark{}, resource_mark{17, audience::character, 12, 255},
                                    resource_mark{1, audience::corporation, 3, 0}})
    CHECK(parse_mark(text(mark)) == mark);
  for (char const* junk : {"", "version=17", "version=17; audience=all", "version=17; audience=all; variant=",
                           "version=x; audience=all; variant=0", "version=17; audience=everyone; variant=0",
                           "version=17; audience=character:; variant=0", "version=17; audience=all; variant=0; x",
                           "version=17; audience=all; variant=g", "version=17;audience=all;variant=0"}) {
    INFO(junk);
    CHECK_FALSE(parse_mark(junk));
  }
}

TEST_CASE("targets, versions, owners and variants all have tags of their own") {
  std::set<std::string> tags;
  for (char const* target : {"/r", "/r/", "/r?x"})
    for (std::uint64_t version : {0u, 1u})
      for (audience whose : {audience::character, audience::corporation})
        for (std::uint32_t id : {1u, 2u})
          for (std::uint64_t variant : {0u, 1u}) tags.insert(etag_of(target, {version, whose, id, variant}));
  CHECK(tags.size() == 48);
  for (std::string const& tag : tags) {
    CHECK(tag.front() == '"');
    CHECK(tag.find('"', 1) == tag.size() - 1);
  }
}

TEST_CASE("a body begins with its mark and is filled with what names its target") {
  resource_mark const mark{17, audience::corporation, 3, 0};
  std::string const line = "Lab-Resource: version=17; audience=corporation:3; variant=0\n";
  auto const body = [&](std::string_view target, std::size_t bytes) {
    std::string out;
    append_resource_body(out, target, mark, bytes);
    return out;
  };
  for (std::size_t const bytes : {line.size() + 1, std::size_t{100}, std::size_t{2048}}) {
    CHECK(body("/r/3", bytes).size() == bytes);
    CHECK(body("/r/3", bytes).starts_with(line));
  }
  CHECK(body("/r/3", 0) == line);
  CHECK(body("/r/3", 2048) != body("/r/4", 2048));
  std::string const filling = etag_of("/r/3", mark).substr(1, 16);
  CHECK(body("/r/3", line.size() + 20) == line + filling + filling.substr(0, 4));
}
