#include "fakeproxy/proxy/servers.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace fakeproxy::proxy;

namespace {

/// When each request that shares the servers ends, if no other arrives.
std::vector<std::pair<int, time_point>> ends(servers<int>& s, time_point now) {
  std::vector<std::pair<int, time_point>> all;
  while (auto const next = s.next_deadline(now)) {
    now = *next;
    all.emplace_back(s.on_deadline(now), now);
  }
  return all;
}

}

TEST_CASE("servers work on as many requests at a time as they are, on the others in the order of arrival") {
  servers<int> s({.count = 2});
  CHECK(s.serve(0, 10, 1) == 10);
  CHECK(s.serve(0, 30, 2) == 30);
  CHECK(s.serve(5, 10, 3) == 20); // after the first
  CHECK(s.serve(5, 10, 4) == 30); // after the third
  CHECK(s.serve(5, 10, 5) == 40); // after the second and fourth, which end together
  CHECK(s.busy() == 70);
}

TEST_CASE("a request that costs no time still waits for its turn") {
  servers<int> s({.count = 1});
  CHECK(s.serve(0, 0, 1) == 0);
  CHECK(s.serve(0, 10, 2) == 10);
  CHECK(s.serve(3, 0, 3) == 10);
  CHECK(s.serve(11, 0, 4) == 11);
}

TEST_CASE("servers without a limit never let anybody wait") {
  servers<int> s;
  for (int i = 0; i < 1000; ++i) CHECK(s.serve(7, 10, i) == 17);
}

TEST_CASE("many servers end in the same order as few do, whichever way the first that is free is found") {
  servers<int> s({.count = 40});
  for (int i = 0; i < 40; ++i) CHECK(s.serve(0, 100 + i, i) == 100 + i);
  for (int i = 0; i < 40; ++i) CHECK(s.serve(0, 1000, i) == 1100 + i);
}

TEST_CASE("requests that share a server are each worked on at their share") {
  servers<int> s({.count = 1, .sharing = true});
  CHECK_FALSE(s.serve(0, 10, 1));
  CHECK_FALSE(s.serve(0, 20, 2));
  CHECK(ends(s, 0) == std::vector<std::pair<int, time_point>>{{1, 20}, {2, 30}});
}

TEST_CASE("who comes later moves the end of those that share") {
  servers<int> s({.count = 1, .sharing = true});
  CHECK_FALSE(s.serve(0, 10, 1));
  CHECK(s.next_deadline(0) == 10);
  CHECK_FALSE(s.serve(5, 100, 2)); // 5 are left of the first, at half speed
  CHECK(s.next_deadline(5) == 15);
  CHECK(s.sharing_now() == 2);
}

TEST_CASE("no request has more than one server, however many there are") {
  servers<int> s({.count = 4, .sharing = true});
  CHECK_FALSE(s.serve(0, 10, 1));
  CHECK_FALSE(s.serve(0, 10, 2));
  CHECK(ends(s, 0) == std::vector<std::pair<int, time_point>>{{1, 10}, {2, 10}});
}

TEST_CASE("who shares servers and needs no time is done at once") {
  servers<int> s({.count = 1, .sharing = true});
  CHECK_FALSE(s.serve(0, 10, 1));
  CHECK(s.serve(2, 0, 2) == 2);
}

TEST_CASE("a process that ends takes what it served with it") {
  for (bool const sharing : {false, true}) {
    servers<int> s({.count = 1, .sharing = sharing});
    s.serve(0, 10, 1);
    s.clear();
    CHECK_FALSE(s.next_deadline(1));
    CHECK(s.serve(1, 10, 2).value_or(11) == 11);
    CHECK(s.busy() == 20);
  }
}
