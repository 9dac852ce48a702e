// Whatever bytes come in: the gateway's parser must not read beyond them, and must see what stock Beast sees.
#include "gateway/http/forward.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>

using namespace gateway::http;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const wire(reinterpret_cast<char const*>(data), size);
  message_head head;
  request_parser ours(head);
  error_code ec;
  bool const complete = ours.parse_head(wire.data(), wire.size(), ec);

  boost::beast::http::request_parser<boost::beast::http::string_body> stock;
  stock.header_limit(16 * 1024);
  stock.body_limit(boost::none);
  boost::beast::error_code stock_ec;
  std::size_t used = 0;
  while (!stock.is_header_done() && used < wire.size() && !stock_ec)
    used += stock.put(boost::asio::const_buffer(wire.data() + used, wire.size() - used), stock_ec);

  // Stock Beast unfolds obs-fold, which we refuse; in all else both must agree.
  if (complete && (!stock.is_header_done() || stock.get().target() != head.target.in(wire.data()))) std::abort();
  if (!complete) return 0;

  request_summary summary;
  summarise(head, wire.data(), summary);
  std::string out;
  append_request_head(out, head, wire.data(), summary, {.client_address = "192.0.2.1", .request_id = "id"});
  if (!out.ends_with("\r\n\r\n") || out.find("\r\n\r\n") != out.size() - 4)
    std::abort(); // one head, no smuggled second

  std::size_t at = ours.head_bytes();
  while (at < wire.size() && !ours.done() && !ec) {
    body_step const step = ours.parse_body(wire.data() + at, wire.size() - at, ec);
    if (step.data.size() > step.consumed) std::abort();
    at += step.consumed;
    if (step.consumed == 0) break;
  }
  return 0;
}
