// What an answer, or a request, may say to a cache: whatever the bytes, numbers stay within their range, and what is
// derived from them can be counted with. The first line is a field's value; all of it is a message's fields.
#include "gateway/cache/date.hpp"
#include "gateway/cache/freshness.hpp"
#include "gateway/cache/request.hpp"
#include "gateway/cache/targeted.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

using namespace gateway;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

void expect_in_range(std::optional<std::int64_t> seconds) {
  expect(!seconds || (*seconds >= 0 && *seconds <= cache::longest_s));
}

void expect_in_range(cache::answer_directives const& d) {
  for (auto const& number : {d.max_age, d.s_maxage, d.stale_while_revalidate, d.stale_if_error})
    expect_in_range(number);
  for (std::string const& name : d.withheld) expect(!name.empty());
}

void expect_in_range(cache::request_directives const& d) {
  for (auto const& number : {d.max_age, d.min_fresh, d.max_stale}) expect_in_range(number);
}

void read_value(std::string_view value, std::int64_t now_s) {
  expect_in_range(cache::parse_delta_seconds(value));
  cache::answer_directives answer;
  answer.read(value);
  expect_in_range(answer);
  answer.read(value); // a second line that says the same changes nothing but the names
  expect_in_range(answer);
  cache::request_directives request;
  request.read(value);
  expect_in_range(request);
  if (auto const targeted = cache::parse_targeted(value)) expect_in_range(*targeted);
  if (auto const date = cache::parse_http_date(value, now_s)) {
    std::string const written = cache::http_date(*date);
    expect(cache::parse_http_date(written, now_s) == date || *date < -62'167'219'200); // before the year 0
  }
}

void read_answer(std::string const& wire, cache::moment now) {
  http::message_head head;
  http::answer_parser parser(head);
  http::error_code ec;
  if (!parser.parse_head(wire.data(), wire.size(), ec)) return;
  static std::vector<std::string> const targets{"cdn-cache-control"};
  cache::answer_facts const facts = cache::read_answer(head, wire.data(), now, targets);
  expect_in_range(facts.control);
  expect_in_range(facts.age_s);
  cache::freshness const fresh = cache::freshness_of(facts, {}, now, now);
  expect(fresh.lifetime_s >= -cache::longest_s && fresh.lifetime_s <= cache::longest_s); // Expires may be before Date
  expect(fresh.initial_age_s >= 0 && fresh.initial_age_s <= cache::longest_s);
  cache::moment later = now;
  for (std::int64_t const years : {0, 1, 100}) {
    later.steady_ns = now.steady_ns + years * 365 * 86'400 * cache::second_ns;
    expect(fresh.age_s(later) >= fresh.initial_age_s);
    expect(fresh.is_fresh(later) == (fresh.left_ns(later) > 0));
  }
}

void read_request(std::string const& wire) {
  http::message_head head;
  http::request_parser parser(head);
  http::error_code ec;
  http::request_summary summary;
  if (!parser.parse_head(wire.data(), wire.size(), ec)) return;
  if (http::summarise(head, wire.data(), summary).status != 0) return;
  expect_in_range(cache::read_request(head, wire.data(), summary).control);
}

}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(reinterpret_cast<char const*>(data), size);
  cache::moment const now{.wall_s = 1'732'622'400, .steady_ns = 5'000 * cache::second_ns};
  std::string const first = text.substr(0, text.find('\n'));
  read_value(first, now.wall_s);
  // Plain lines are fields: Cache-Control unless they name another.
  std::string fields;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const end = std::min(text.find('\n', at), text.size());
    std::string const line = text.substr(at, end - at);
    fields += (line.find(':') == std::string::npos ? "Cache-Control: " : "") + line + "\r\n";
    at = end + 1;
  }
  read_answer("HTTP/1.1 200 OK\r\n" + fields + "\r\n", now);
  read_request("GET /a HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n");
  return 0;
}
