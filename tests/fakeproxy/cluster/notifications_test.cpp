#include "fakeproxy/cluster/sol.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace fakeproxy::cluster;

namespace {

constexpr duration lease = 1000 * millisecond;
endpoint const somewhere{0x7f000001, 80, 81};
character_id const pilot{7};

/// One sol and one proxy, whose character's EVE client gets notifications.
struct pushing {
  sol shard{registry::settings{.sol = 0, .lease = lease}};
  sol_actions out;
  incarnation const who = make_incarnation(1, 1000);
  session_epoch epoch = session_epoch::none;

  pushing() { connect(1); }

  message told(operation op) const { return {.op = op, .character = pilot, .subject = who, .epoch = epoch}; }

  void connect(link_id link) {
    message m = told(operation::announce);
    m.character = character_id::none;
    m.where = somewhere;
    shard.on_message(link, m, 0, out);
    shard.on_message(link, told(operation::claim), 0, out);
    epoch = out.send.back().what.epoch;
    out.clear();
  }
  void attach(link_id link, std::uint64_t last_seen) {
    message m = told(operation::attach);
    m.number = last_seen;
    shard.on_message(link, m, 0, out);
  }
  /// The numbers now pushed over `link`.
  std::vector<std::uint64_t> pushed(link_id link) {
    std::vector<std::uint64_t> numbers;
    for (auto const& o : out.send)
      if (o.what.op == operation::notification && o.link == link) numbers.push_back(o.what.number);
    out.clear();
    return numbers;
  }
  void notify(int count) {
    for (int i = 0; i != count; ++i) shard.notify_one(0, 1, out);
  }
};

using numbers = std::vector<std::uint64_t>;

}

TEST_CASE("what a link that broke took with it is pushed again") {
  pushing p;
  p.attach(1, 0);
  p.notify(5);
  CHECK(p.pushed(1) == numbers{1, 2, 3, 4, 5});
  p.shard.on_disconnected(1, 2, p.out); // 3, 4 and 5 were in transit
  p.notify(2);                          // there is nobody to push to
  CHECK(p.pushed(1).empty());
  p.connect(2);
  p.attach(2, 2);
  CHECK(p.pushed(2) == numbers{3, 4, 5});
  p.notify(1);
  CHECK(p.pushed(2) == numbers{6});
}

TEST_CASE("nothing is pushed over a new link before the client is attached there") {
  pushing p;
  p.attach(1, 0);
  p.notify(2);
  p.shard.on_disconnected(1, 2, p.out);
  p.out.clear();
  p.connect(2); // the sol has not noticed that the client is no longer attached
  p.notify(3);
  CHECK(p.pushed(2).empty());
  p.attach(2, 1);
  CHECK(p.pushed(2) == numbers{2});
  p.notify(1);
  CHECK(p.pushed(2) == numbers{3});
}

TEST_CASE("an EVE client that logs in again over the same link gets nothing twice") {
  pushing p;
  p.attach(1, 0);
  p.notify(4);
  p.out.clear();
  p.attach(1, 2); // 3 and 4 are in transit over this link
  CHECK(p.pushed(1).empty());
}

TEST_CASE(
    "what an earlier session was told is not pushed again when the link breaks before the next one was told any") {
  for (int const later : {0, 1, 3}) {
    INFO("told after the session changed hands: " << later);
    pushing p;
    p.attach(1, 0);
    p.notify(4);
    p.shard.on_message(1, p.told(operation::release), 1, p.out);
    p.shard.on_message(1, p.told(operation::claim), 1, p.out);
    p.epoch = p.out.send.back().what.epoch;
    p.attach(1, 0); // its proxy knows no number
    p.out.clear();
    p.notify(later);
    p.shard.on_disconnected(1, 2, p.out);
    p.out.clear();
    p.connect(2);
    p.attach(2, 0);
    numbers expected;
    for (int n = 0; n != later; ++n) expected.push_back(static_cast<std::uint64_t>(5 + n));
    CHECK(p.pushed(2) == expected);
  }
}

TEST_CASE("what all proxies have seen is not pushed again") {
  pushing p;
  p.attach(1, 0);
  p.notify(3);
  p.shard.on_disconnected(1, 2, p.out);
  p.connect(2);
  p.attach(2, 3);
  CHECK(p.pushed(2).empty());
}

TEST_CASE("another session of the character is not told what the last one missed") {
  pushing p;
  p.attach(1, 0);
  p.notify(3);
  p.shard.on_message(1, p.told(operation::release), 1, p.out);
  p.shard.on_disconnected(1, 2, p.out);
  session_epoch const before = p.epoch;
  p.connect(2);
  CHECK(p.epoch != before);
  p.attach(2, 0);
  CHECK(p.pushed(2).empty());
  p.notify(1);
  CHECK(p.pushed(2) == numbers{4}); // the numbers continue
}
