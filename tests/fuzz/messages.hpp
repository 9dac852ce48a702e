#pragma once

#include "gateway/http/head_parser.hpp"

#include <boost/asio/buffer.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

/// What the fuzzers of messages share.
namespace fuzz {

/// Gives a parser of stock Beast's the head; whether it took it as a whole one.
template<class StockParser>
bool stock_reads_head(StockParser& stock, std::string const& wire, std::uint32_t limit) {
  stock.header_limit(limit);
  stock.body_limit(boost::none);
  boost::beast::error_code ec;
  for (std::size_t used = 0; !stock.is_header_done() && used < wire.size() && !ec;)
    used += stock.put(boost::asio::const_buffer(wire.data() + used, wire.size() - used), ec);
  return stock.is_header_done();
}

/// Aborts unless it is one head, without a smuggled second.
inline void expect_one_head(std::string_view out) {
  if (!out.ends_with("\r\n\r\n") || out.find("\r\n\r\n") != out.size() - 4) std::abort();
}

/// Reads the body behind the head, and aborts where a step gives more than it took.
template<bool IsRequest>
void read_body(gateway::http::head_parser<IsRequest>& parser, std::string const& wire) {
  gateway::http::error_code ec;
  for (std::size_t at = parser.head_bytes(); at < wire.size() && !parser.done() && !ec;) {
    gateway::http::body_step const step = parser.parse_body(wire.data() + at, wire.size() - at, ec);
    if (step.data.size() > step.consumed) std::abort();
    at += step.consumed;
    if (step.consumed == 0) break;
  }
}

}
