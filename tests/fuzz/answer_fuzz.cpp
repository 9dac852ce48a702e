// Whatever an upstream answers: it is read within its bounds, what goes on to the client is one head, without the words
// between balancer and proxies, and means the same to stock Beast.
#include "gateway/http/accel.hpp"
#include "gateway/http/fields.hpp"
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
  answer_parser parser(head);
  error_code ec;
  if (!parser.parse_head(wire.data(), wire.size(), ec) || head.status < 200) return 0; // these never go on
  session_words const words = session_words_of(head, wire.data());
  if (words.redirect) parse_accel_redirect(*words.redirect);
  if (words.backend) parse_backend(*words.backend);

  answer_framing const framing = parser.content_length() ? answer_framing::length : answer_framing::chunked;
  std::string out;
  append_answer_head(out, head, wire.data(), {.framing = framing});
  if (!out.ends_with("\r\n\r\n") || out.find("\r\n\r\n") != out.size() - 4) std::abort();
  boost::beast::http::response_parser<boost::beast::http::string_body> client;
  client.body_limit(boost::none);
  client.header_limit(64 * 1024);
  boost::beast::error_code client_ec;
  for (std::size_t read = 0; !client.is_header_done() && read < out.size() && !client_ec;)
    read += client.put(boost::asio::const_buffer(out.data() + read, out.size() - read), client_ec);
  if (!client.is_header_done() || client.get().result_int() != head.status) std::abort();
  for (auto const& field : client.get())
    if (is_internal({field.name_string().data(), field.name_string().size()})) std::abort();

  std::size_t at = parser.head_bytes();
  while (at < wire.size() && !parser.done() && !ec) {
    body_step const step = parser.parse_body(wire.data() + at, wire.size() - at, ec);
    if (step.data.size() > step.consumed) std::abort();
    at += step.consumed;
    if (step.consumed == 0) break;
  }
  return 0;
}
