// Whatever an upstream answers, and then says in a 304: what is stored of it and served to others is one head that can
// be read again, with one length and one age, without the words between balancer and proxies. The input: an answer's
// head, a 304's, a client's request, with a NUL between.
#include "gateway/cache/serve.hpp"
#include "gateway/cache/stored.hpp"
#include "gateway/http/fields.hpp"
#include "tests/fuzz/messages.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace gateway;

namespace {

std::vector<std::string> const facts{"x-session-region"};
std::vector<std::string> const targets{"cdn-cache-control"};
cache::moment const now{.wall_s = 1'732'622'400, .steady_ns = 5'000 * cache::second_ns};

void expect(bool holds) {
  if (!holds) std::abort();
}

struct answer {
  explicit answer(std::string text)
    : wire(std::move(text)) {
    http::answer_parser parser(head);
    http::error_code ec;
    is_whole = parser.parse_head(wire.data(), wire.size(), ec);
  }
  std::string wire;
  http::message_head head;
  bool is_whole = false;
};

std::optional<cache::request_facts> read_request(std::string const& wire) {
  http::message_head head;
  http::request_parser parser(head);
  http::error_code ec;
  http::request_summary summary;
  if (!parser.parse_head(wire.data(), wire.size(), ec)) return std::nullopt;
  if (http::summarise(head, wire.data(), summary).status != 0) return std::nullopt;
  return cache::read_request(head, wire.data(), summary);
}

void serve(cache::stored_answer const& stored, cache::request_facts const& request) {
  std::string out;
  cache::serving const how{.hsts = "max-age=1", .cache_status = "here; hit"};
  cache::served const sent = cache::append_served(out, stored, request, how, now);
  fuzz::expect_one_head(out);
  http::message_head head;
  http::answer_parser parser(head, {.bytes = static_cast<std::uint32_t>(out.size() + 1)});
  http::error_code ec;
  expect(parser.parse_head(out.data(), out.size(), ec));
  expect(parser.head_bytes() == out.size() && head.status == sent.status);
  std::size_t ages = 0, lengths = 0;
  for (http::field_line const& line : head.fields) {
    std::string_view const name = line.name.in(out.data());
    expect(!http::is_internal(name));
    ages += line.id == http::beast_http::field::age ? 1u : 0u;
    lengths += line.id == http::beast_http::field::content_length ? 1u : 0u;
    expect(line.id != http::beast_http::field::transfer_encoding);
  }
  expect(ages == 1);
  expect(lengths == (sent.status == 304 || sent.status == 204 ? 0u : 1u));
  if (lengths == 1 && !request.is_head) expect(parser.content_length() == sent.content.size());
}

void serve_to_all(cache::stored_answer const& stored, std::optional<cache::request_facts> const& client) {
  serve(stored, {});
  cache::request_facts asks;
  asks.if_none_match = "*";
  serve(stored, asks);
  asks = {};
  asks.range = "bytes=1-2";
  serve(stored, asks);
  asks.is_head = true;
  serve(stored, asks);
  if (client) serve(stored, *client);
}

}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(reinterpret_cast<char const*>(data), size);
  std::size_t const first = std::min(text.find('\0'), size);
  std::size_t const second = first == size ? size : std::min(text.find('\0', first + 1), size);
  answer const full(text.substr(0, first));
  bool const is_never_stored = full.head.status < 200 || full.head.status == 206 || full.head.status == 304;
  if (!full.is_whole || is_never_stored) return 0;
  cache::answer_facts const said = cache::read_answer(full.head, full.wire.data(), now, targets);
  cache::storing_rules const rules{
      .forwarding = {.hsts = "max-age=1"}, .session_facts = facts, .targets = targets, .guess = {}};
  cache::stored_answer stored = cache::make_stored(full.head, full.wire.data(), said, rules, now, now);
  auto const used = std::make_shared<cache::byte_counter>();
  stored.body = std::make_shared<cache::stored_body>(std::make_shared<std::string const>("content"), used);
  auto const client = second == size ? std::nullopt : read_request(text.substr(second + 1));
  serve_to_all(stored, client);

  std::string const validating =
      cache::validating_head("GET /a HTTP/1.1\r\nHost: h\r\nRange: bytes=0-1\r\n\r\n", stored);
  fuzz::expect_one_head(validating);
  http::message_head head;
  http::request_parser parser(head, {.bytes = static_cast<std::uint32_t>(validating.size() + 1)});
  http::error_code ec;
  expect(parser.parse_head(validating.data(), validating.size(), ec) && parser.head_bytes() == validating.size());

  if (first == size) return 0;
  answer const news(text.substr(first + 1, second - std::min(second, first + 1)));
  if (!news.is_whole) return 0;
  cache::answer_facts const anew = cache::read_answer(news.head, news.wire.data(), now, targets);
  cache::stored_answer const merged = cache::merge(stored, news.head, news.wire.data(), anew, rules, now, now);
  expect(merged.status == stored.status && merged.body == stored.body);
  serve_to_all(merged, client);
  cache::confirms(stored, anew);
  return 0;
}
