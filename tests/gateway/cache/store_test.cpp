// What is held, within its budget, least recently used first out.
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;

namespace {

cache::variant_keys const keys{http::digest_key{5}};
using answer_ptr = cache::store::answer_ptr;

std::string key_of(int n) { return "http://lab.example/" + std::to_string(n); }
std::string_view const no_fields = "GET / HTTP/1.1\r\n\r\n";

/// An answer with content of `size` bytes in `s`, or nothing if it has no room.
answer_ptr make(cache::store& s, std::size_t size, std::int64_t came = 0, std::vector<std::string> vary = {}) {
  std::size_t const bytes = cache::heap_bytes(size + 1);
  if (!s.reserve(bytes)) return nullptr;
  auto made = std::make_shared<cache::stored_answer>();
  made->head = "HTTP/1.1 200 OK\r\nX-Padding: so that it is on the heap\r\n";
  made->body = body_of(std::string(size, 'x'), bytes, s.used());
  made->fresh.received_ns = came;
  made->vary = cache::make_vary_spec(std::move(vary), {});
  return made;
}

bool put(cache::store& s, int n, std::size_t size) {
  std::string const key = key_of(n);
  http::token_digest const id = keys.resource(key);
  answer_ptr const made = make(s, size);
  return made && s.put(id, key, id, made);
}

answer_ptr find(cache::store& s, int n) {
  std::string const key = key_of(n);
  return s.find(keys.resource(key), key, no_fields, {}, at(0)).answer;
}

}

TEST_CASE("an empty store holds no bytes, and again when all is erased") {
  auto const used = [] {
    cache::store s(1u << 20, keys);
    CHECK(s.bytes() == 0);
    for (int i = 0; i < 50; ++i) REQUIRE(put(s, i, 1'000));
    CHECK(s.size() == 50);
    CHECK(s.bytes() > 50'000);
    CHECK(s.erase_if([](std::string_view key) { return key.ends_with('7'); }) == 5);
    for (int i = 0; i < 50; ++i) CHECK(s.erase(keys.resource(key_of(i))) == (i % 10 == 7 ? 0 : 1));
    CHECK(s.size() == 0);
    CHECK(s.bytes() == 0);
    REQUIRE(put(s, 1, 10));
    return s.used();
  }();
  CHECK(used.use_count() == 1);
}

TEST_CASE("the least recently used answer goes first, and finding counts as use") {
  cache::store s(16'000, keys);
  int stored = 0;
  while (s.evicted() == 0) REQUIRE(put(s, stored++, 1'000));
  CHECK_FALSE(find(s, 0));
  REQUIRE(find(s, 1));
  REQUIRE(put(s, 100, 1'000));
  CHECK(find(s, 1));
  CHECK_FALSE(find(s, 2));
}

TEST_CASE("replacing an answer makes it the most recently used, and frees the old one") {
  cache::store s(1u << 20, keys);
  REQUIRE(put(s, 1, 1'000));
  std::size_t const before = s.bytes();
  REQUIRE(put(s, 1, 1'000));
  CHECK(s.bytes() == before);
  CHECK(s.size() == 1);
}

TEST_CASE("what somebody sends is not evicted, and its content counts until it is sent") {
  cache::store s(16'000, keys);
  REQUIRE(put(s, 0, 8'000));
  answer_ptr sent = find(s, 0);
  for (int i = 1; i < 40; ++i) put(s, i, 1'000);
  CHECK(find(s, 0));
  CHECK(s.bytes() <= s.budget());
  s.erase(keys.resource(key_of(0)));
  for (int i = 1; i < 40; ++i) s.erase(keys.resource(key_of(i)));
  CHECK(s.size() == 0);
  CHECK(s.bytes() >= 8'000);
  sent.reset();
  CHECK(s.bytes() == 0);
}

TEST_CASE("content that somebody sends is not evicted either, whoever holds the answer") {
  cache::store s(16'000, keys);
  REQUIRE(put(s, 0, 8'000));
  std::shared_ptr<cache::stored_body const> const sent = find(s, 0)->body;
  for (int i = 1; i < 40; ++i) put(s, i, 1'000);
  CHECK(find(s, 0));
}

TEST_CASE("a reservation fails when all that is held is being sent") {
  cache::store s(16'000, keys);
  std::vector<answer_ptr> sent;
  for (int i = 0; put(s, i, 1'000) && s.evicted() == 0; ++i) sent.push_back(find(s, i));
  std::size_t const held = s.size();
  REQUIRE(held > 5);
  CHECK_FALSE(s.reserve(15'000));
  CHECK(s.size() == held);
  CHECK(s.bytes() <= s.budget());
  sent.clear();
  CHECK(s.reserve(15'000));
  s.release(15'000);
}

TEST_CASE("more than the budget is never reserved, and evicts nothing") {
  cache::store s(16'000, keys);
  REQUIRE(put(s, 0, 1'000));
  CHECK_FALSE(s.reserve(16'001));
  CHECK_FALSE(s.reserve(static_cast<std::size_t>(-1)));
  CHECK(find(s, 0));
}

TEST_CASE("an answer behind many that are being sent is found by the eviction in the end") {
  cache::store s(1u << 18, keys);
  REQUIRE(put(s, 0, 100));
  std::vector<answer_ptr> sent;
  for (int i = 1; i <= 200; ++i) {
    REQUIRE(put(s, i, 100));
    sent.push_back(find(s, i));
  }
  find(s, 0); // the most recently used
  std::size_t const room = s.budget() - s.bytes() + 1;
  bool reserved = false;
  for (int tries = 0; tries < 5 && !reserved; ++tries) reserved = s.reserve(room);
  CHECK(reserved);
  CHECK(s.evicted() == 1);
  CHECK_FALSE(find(s, 0));
}

TEST_CASE("no put leaves the store above its budget") {
  for (std::size_t budget = 2'000; budget < 3'000; budget += 8) {
    cache::store s(budget, keys);
    for (int i = 0; i < 20; ++i) {
      put(s, i, 10);
      REQUIRE(s.bytes() <= budget);
    }
  }
}

TEST_CASE("the head of an answer that was replaced counts until it is sent") {
  cache::store s(1u << 20, keys);
  std::string const key = key_of(1);
  http::token_digest const id = keys.resource(key);
  auto large = std::make_shared<cache::stored_answer>();
  large->head = "HTTP/1.1 200 OK\r\nX-Large: " + std::string(10'000, 'x') + "\r\n";
  large->body = body_of("content", 0, s.used());
  REQUIRE(s.put(id, key, id, std::move(large)));
  cache::store::answer_ptr sent = s.find(id, key, no_fields, {}, at(0)).answer;
  REQUIRE(sent);
  s.erase(id);
  CHECK(s.bytes() >= 10'000);
  sent.reset();
  CHECK(s.bytes() == 0);
}

TEST_CASE("names of fields that a resource varies on count") {
  cache::store s(1u << 20, keys);
  std::string const key = key_of(1);
  http::token_digest const id = keys.resource(key);
  REQUIRE(s.put(id, key, id, make(s, 10, 0, {std::string(5'000, 'n')})));
  CHECK(s.bytes() >= 5'000);
}

TEST_CASE("names of fields that a resource varies on count as often as they are held") {
  cache::store s(1u << 20, keys);
  std::string const key = key_of(1);
  http::token_digest const id = keys.resource(key);
  REQUIRE(s.put(id, key, id, make(s, 10, 0, {std::string(5'000, 'n')})));
  CHECK(s.bytes() >= 10'000); // in the answer and in the resource
}

TEST_CASE("a resource remembers four ways to vary, the latest first") {
  cache::store s(1u << 20, keys);
  std::string const key = key_of(1);
  http::token_digest const id = keys.resource(key);
  auto const head_with = [](int n) { return "GET / HTTP/1.1\r\nx-" + std::to_string(n) + ": 1\r\n\r\n"; };
  for (int n = 0; n < 5; ++n) {
    answer_ptr const made = make(s, 10, n, {"x-" + std::to_string(n)});
    auto const variant = keys.variant(id, made->vary, head_with(n), {});
    REQUIRE(s.put(id, key, *variant, made));
  }
  for (int n = 1; n < 5; ++n) {
    INFO(n);
    CHECK(s.find(id, key, head_with(n), {}, at(0)).answer);
  }
  CHECK_FALSE(s.find(id, key, head_with(0), {}, at(0)).answer);
  CHECK(s.find(id, key, no_fields, {}, at(0)).knows_resource);
  CHECK(s.erase(id) == 5);
}

TEST_CASE("one variant can be forgotten, and the others stay") {
  cache::store s(1u << 20, keys);
  std::string const key = key_of(1);
  http::token_digest const id = keys.resource(key);
  std::string const heads[] = {"GET / HTTP/1.1\r\nx-a: 1\r\n\r\n", "GET / HTTP/1.1\r\nx-a: 2\r\n\r\n"};
  for (std::string const& head : heads) {
    answer_ptr const made = make(s, 10, 0, {"x-a"});
    REQUIRE(s.put(id, key, *keys.variant(id, made->vary, head, {}), made));
  }
  s.erase_variant(s.find(id, key, heads[0], {}, at(0)).variant);
  s.erase_variant(keys.resource("another"));
  CHECK_FALSE(s.find(id, key, heads[0], {}, at(0)).answer);
  CHECK(s.find(id, key, heads[1], {}, at(0)).answer);
  s.erase_variant(s.find(id, key, heads[1], {}, at(0)).variant);
  CHECK(s.bytes() == 0);
}

TEST_CASE("room that is made is not taken") {
  cache::store s(16'000, keys);
  for (int i = 0; i < 10; ++i) REQUIRE(put(s, i, 1'000));
  REQUIRE(s.make_room(10'000));
  CHECK(s.bytes() <= 6'000);
  CHECK(s.evicted() > 0);
  CHECK_FALSE(s.make_room(16'001));
}

TEST_CASE("two URIs with one digest are never taken for one another") {
  cache::store s(1u << 20, keys);
  http::token_digest const id = keys.resource("http://lab.example/1");
  REQUIRE(s.put(id, "http://lab.example/1", id, make(s, 10)));
  std::size_t const before = s.bytes();
  CHECK_FALSE(s.find(id, "http://lab.example/2", no_fields, {}, at(0)).answer);
  CHECK_FALSE(s.find(id, "http://lab.example/2", no_fields, {}, at(0)).knows_resource);
  CHECK_FALSE(s.put(id, "http://lab.example/2", id, make(s, 10)));
  CHECK(s.bytes() == before);
  CHECK(s.find(id, "http://lab.example/1", no_fields, {}, at(0)).answer);
}

TEST_CASE("what is reserved counts until it is released or taken over") {
  cache::store s(16'000, keys);
  REQUIRE(s.reserve(5'000));
  CHECK(s.bytes() == 5'000);
  auto body = body_of("short", 5'000, s.used());
  CHECK(s.bytes() < 1'000);
  CHECK(s.bytes() > 0);
  body.reset();
  CHECK(s.bytes() == 0);
}
