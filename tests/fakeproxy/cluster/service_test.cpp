#include "fakeproxy/cluster/rpc.hpp"
#include "fakeproxy/cluster/service.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace fakeproxy::cluster;

TEST_CASE("service times have the mean that was asked for") {
  for (auto const kind :
       {service_time::shape::constant, service_time::shape::exponential, service_time::shape::lognormal}) {
    service_time const service{.kind = kind, .mean = 2'000'000, .sigma = 0.5};
    std::mt19937_64 random(7);
    double sum = 0;
    constexpr int draws = 40000;
    for (int i = 0; i < draws; ++i) sum += static_cast<double>(service.draw(random));
    INFO("shape " << static_cast<int>(kind));
    CHECK(sum / draws == Approx(2e6).epsilon(0.03)); // standard error of the exponential: 0.5 %
  }
}

TEST_CASE("a station serves as many at a time as it has servers, the others in order of arrival") {
  station s(2);
  CHECK(s.enter(1));
  CHECK(s.enter(2));
  CHECK_FALSE(s.enter(3));
  CHECK_FALSE(s.enter(4));
  CHECK(s.leave() == ticket{3});
  CHECK(s.leave() == ticket{4});
  CHECK_FALSE(s.leave());
  CHECK_FALSE(s.leave());
  CHECK(s.enter(5));
}

TEST_CASE("a station without a limit never queues") {
  station s(0);
  for (ticket t = 1; t < 1000; ++t) CHECK(s.enter(t));
  CHECK(s.queued() == 0);
}

TEST_CASE("a message survives its encoding, and bytes that are none are refused") {
  message const m{.op = operation::attach,
                  .status = status::stale,
                  .method = 3,
                  .leaving = 1,
                  .correlation = 0xfedcba98,
                  .character = character_id{0x12345678},
                  .where = {0x7f000001, 8080, 9090},
                  .subject = incarnation{0x1122334455667788},
                  .epoch = session_epoch{0x99aabbccddeeff00},
                  .number = 0x0102030405060708,
                  .sent_ns = -5};
  unsigned char bytes[message_bytes];
  encode(m, bytes);
  auto const back = decode(bytes);
  REQUIRE(back);
  CHECK(back->op == m.op);
  CHECK(back->status == m.status);
  CHECK(back->method == m.method);
  CHECK(back->leaving == m.leaving);
  CHECK(back->correlation == m.correlation);
  CHECK(back->character == m.character);
  CHECK(back->where == m.where);
  CHECK(back->subject == m.subject);
  CHECK(back->epoch == m.epoch);
  CHECK(back->number == m.number);
  CHECK(back->sent_ns == m.sent_ns);
  bytes[0] = 0;
  CHECK_FALSE(decode(bytes));
  bytes[0] = 200;
  CHECK_FALSE(decode(bytes));
}
