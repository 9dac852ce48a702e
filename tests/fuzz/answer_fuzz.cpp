// Whatever an upstream answers: it is read within its bounds, what goes on to the client is one head, without the words
// between balancer and proxies, and means the same to stock Beast.
#include "gateway/http/accel.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/forward.hpp"
#include "tests/fuzz/messages.hpp"

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
  fuzz::expect_one_head(out);
  boost::beast::http::response_parser<boost::beast::http::string_body> client;
  if (!fuzz::stock_reads_head(client, out, 64 * 1024) || client.get().result_int() != head.status) std::abort();
  for (auto const& field : client.get())
    if (is_internal({field.name_string().data(), field.name_string().size()})) std::abort();

  fuzz::read_body(parser, wire);
  return 0;
}
