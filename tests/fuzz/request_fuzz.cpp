// Whatever bytes come in: the gateway's parser must not read beyond them, and must see what stock Beast sees.
#include "gateway/http/forward.hpp"
#include "tests/fuzz/messages.hpp"

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
  bool const stock_done = fuzz::stock_reads_head(stock, wire, 16 * 1024);

  // Stock Beast unfolds obs-fold, which we refuse; in all else both must agree.
  if (complete && (!stock_done || stock.get().target() != head.target.in(wire.data()))) std::abort();
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
  fuzz::expect_one_head(out);

  if (served) { // what goes on means to an upstream what it meant here
    boost::beast::http::request_parser<boost::beast::http::string_body> upstream;
    if (!fuzz::stock_reads_head(upstream, out, 64 * 1024) || upstream.get().target() != summary.target) std::abort();
    if (upstream.chunked() != (!ours.done() && ours.chunked()) || upstream.content_length() != ours.content_length())
      std::abort();
    if (upstream.get().count(boost::beast::http::field::host) != 1) std::abort();
  }

  fuzz::read_body(ours, wire);
  return 0;
}
