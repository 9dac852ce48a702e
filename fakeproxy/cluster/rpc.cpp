#include "fakeproxy/cluster/rpc.hpp"

#include <boost/endian/conversion.hpp>

namespace fakeproxy::cluster {

using namespace boost::endian;

void encode(message const& m, unsigned char* to) {
  to[0] = raw(m.op);
  to[1] = raw(m.status);
  to[2] = m.method;
  to[3] = m.leaving;
  store_big_u32(to + 4, m.correlation);
  store_big_u32(to + 8, raw(m.character));
  store_big_u32(to + 12, m.where.address);
  store_big_u16(to + 16, m.where.http_port);
  store_big_u16(to + 18, m.where.eve_port);
  store_big_u64(to + 20, raw(m.subject));
  store_big_u64(to + 28, raw(m.epoch));
  store_big_u64(to + 36, m.number);
  store_big_s64(to + 44, m.sent_ns);
}

std::optional<message> decode(unsigned char const* from) {
  if (from[0] < raw(operation::announce) || from[0] > raw(operation::fenced) || from[1] > raw(status::unknown))
    return std::nullopt;
  message m;
  m.op = static_cast<operation>(from[0]);
  m.status = static_cast<status>(from[1]);
  m.method = from[2];
  m.leaving = from[3];
  m.correlation = load_big_u32(from + 4);
  m.character = static_cast<character_id>(load_big_u32(from + 8));
  m.where.address = load_big_u32(from + 12);
  m.where.http_port = load_big_u16(from + 16);
  m.where.eve_port = load_big_u16(from + 18);
  m.subject = static_cast<incarnation>(load_big_u64(from + 20));
  m.epoch = static_cast<session_epoch>(load_big_u64(from + 28));
  m.number = load_big_u64(from + 36);
  m.sent_ns = load_big_s64(from + 44);
  return m;
}

}
