#include "fakeproxy/cluster/rpc.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy::cluster;

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
