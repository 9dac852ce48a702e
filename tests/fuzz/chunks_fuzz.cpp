// Chunked bodies: what our decoder takes as a whole one, stock Beast takes for the same content of the same length; and
// it does not matter in which parts the bytes come.
#include "gateway/http/chunks.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace gateway::http;
namespace beast_http = boost::beast::http;

namespace {

struct outcome {
  bool done = false, refused = false;
  std::size_t consumed = 0;
  std::string content;

  bool operator==(outcome const&) const = default;
};

/// In parts of `part` bytes.
outcome decoded(std::string_view wire, std::size_t part) {
  chunk_decoder decoder(16 * 1024);
  outcome out;
  error_code ec;
  for (std::size_t begin = 0; begin < wire.size() && !decoder.done() && !ec; begin += part) {
    std::string const piece(wire.substr(begin, part)); // of its own, so that a sanitizer sees who reads beyond
    for (std::size_t at = 0; at < piece.size() && !decoder.done() && !ec;) {
      body_step const step = decoder.decode(piece.data() + at, piece.size() - at, ec);
      if (!ec && step.consumed == 0) std::abort(); // nothing may wait for a fuller buffer
      if (step.data.size() > step.consumed) std::abort();
      out.content.append(step.data);
      at += step.consumed;
      out.consumed += step.consumed;
    }
  }
  out.done = decoder.done();
  out.refused = bool(ec);
  if (ec) out.consumed = 0;
  return out;
}

}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const wire(reinterpret_cast<char const*>(data), size);
  outcome const whole = decoded(wire, std::max<std::size_t>(size, 1));
  if (decoded(wire, 1) != whole || decoded(wire, 7) != whole) std::abort();
  if (!whole.done) return 0;

  std::string const head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::string const message = head + std::string(wire);
  beast_http::request_parser<beast_http::string_body> stock;
  stock.body_limit(boost::none);
  stock.header_limit(64 * 1024); // trailers
  stock.eager(true);
  boost::beast::error_code ec;
  std::size_t used = 0;
  while (used < message.size() && !stock.is_done() && !ec)
    used += stock.put(boost::asio::const_buffer(message.data() + used, message.size() - used), ec);
  if (ec || !stock.is_done() || stock.get().body() != whole.content || used != head.size() + whole.consumed)
    std::abort();
  return 0;
}
