// Whatever bytes come in: the gateway's parser must not read beyond them, and must see what stock Beast sees.
#include "gateway/http/forward.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <cstdlib>
#include <optional>
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
  bool const served = summarise(head, wire.data(), summary).status == 0;
  std::optional<std::uint64_t> length;
  if (auto const stated = ours.content_length()) length = *stated;
  std::string out;
  append_request_head(out, head, wire.data(), summary,
                      {.peer_address = "192.0.2.1",
                       .request_id = "id",
                       .body_length = length,
                       .chunked = !ours.done() && ours.chunked()});
  if (!out.ends_with("\r\n\r\n") || out.find("\r\n\r\n") != out.size() - 4)
    std::abort(); // one head, no smuggled second

  if (served) { // what goes on means to an upstream what it meant here
    boost::beast::http::request_parser<boost::beast::http::string_body> upstream;
    upstream.body_limit(boost::none);
    upstream.header_limit(64 * 1024);
    boost::beast::error_code upstream_ec;
    for (std::size_t read = 0; !upstream.is_header_done() && read < out.size() && !upstream_ec;)
      read += upstream.put(boost::asio::const_buffer(out.data() + read, out.size() - read), upstream_ec);
    if (!upstream.is_header_done() || upstream.get().target() != summary.target) std::abort();
    if (upstream.chunked() != (!ours.done() && ours.chunked()) || upstream.content_length() != ours.content_length())
      std::abort();
    if (upstream.get().count(boost::beast::http::field::host) != 1) std::abort();
  }

  std::size_t at = ours.head_bytes();
  while (at < wire.size() && !ours.done() && !ec) {
    body_step const step = ours.parse_body(wire.data() + at, wire.size() - at, ec);
    if (step.data.size() > step.consumed) std::abort();
    at += step.consumed;
    if (step.consumed == 0) break;
  }
  return 0;
}
