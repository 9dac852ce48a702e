#include "tests/gateway/work/steps/journeys.hpp"

#include "gateway/cache/conditions.hpp"
#include "gateway/cache/serve.hpp"
#include "gateway/cache/stored.hpp"
#include "gateway/cache/vary.hpp"
#include "gateway/http/accel.hpp"
#include "gateway/http/answer_faults.hpp"
#include "gateway/http/credentials.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/forward.hpp"
#include "gateway/http/target.hpp"
#include "gateway/net/address_ranges.hpp"
#include "tests/gateway/work/steps/counter.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tests::work {
namespace {

using namespace gateway;

constexpr http::head_limits no_limits{.bytes = 1u << 24, .fields = 1u << 24};
constexpr cache::moment now{.wall_s = 1'800'000'000, .steady_ns = 5 * cache::second_ns};

/// A message as far as it could be read.
template<bool IsRequest>
struct message {
  std::string wire;
  http::message_head head;
  http::head_parser<IsRequest> parser{head, no_limits};
  bool whole = false;

  message(std::string text, std::size_t part)
    : wire(std::move(text)) {
    http::error_code ec;
    std::size_t size = 0;
    while (!whole && !ec && size != wire.size()) {
      size = part == 0 ? wire.size() : std::min(wire.size(), size + part);
      whole = parser.parse_head(wire.data(), size, ec);
    }
    if (!whole) return;
    for (std::size_t at = parser.head_bytes(); at != wire.size() && !parser.done() && !ec;) {
      std::size_t const end = part == 0 ? wire.size() : std::min(wire.size(), at + part);
      http::body_step const step = parser.parse_body(wire.data() + at, end - at, ec);
      at += step.consumed;
      if (step.consumed == 0) break;
    }
  }
  char const* base() const { return wire.data(); }
};

net::trusted_proxies const& trusted() {
  static net::trusted_proxies const all = [] {
    net::trusted_proxies made;
    made.add(*net::address_range::parse("10.0.0.0/8"));
    return made;
  }();
  return all;
}

/// As an upstream gets it; empty: it does not.
std::string forwarded(message<true> const& m, http::request_summary& summary) {
  if (!m.whole || http::summarise(m.head, m.base(), summary).status != 0) return {};
  std::string said;
  for (http::field_line const& line : m.head.fields)
    if (http::iequals(line.name.in(m.base()), "X-Forwarded-For"))
      said.append(said.empty() ? "" : ",").append(line.value.in(m.base()));
  trusted().client(said);
  std::string out;
  http::append_request_head(out, m.head, m.base(), summary, {.peer_address = "192.0.2.1", .request_id = "id"});
  return out;
}

struct reading {
  cache::answer_facts facts;
  cache::storing_rules rules;
};
std::array<std::string, 1> const targets{"cdn-cache-control"};
std::array<std::string, 1> const session_facts{"x-session-corporation"};
http::upstream_question const is_upstream = [](http::host_port const& who) { return who.host == "proxy"; };

reading read(message<false> const& m) {
  return {
      cache::read_answer(m.head, m.base(), now, targets),
      {.forwarding = {.is_upstream = &is_upstream}, .session_facts = session_facts, .targets = targets, .guess = {}}};
}

}

std::uint64_t steps_of_request(std::string const& wire, std::size_t part) {
  std::uint64_t const before = steps();
  message<true> const m(wire, part);
  http::request_summary summary;
  std::string const head = forwarded(m, summary);
  if (head.empty()) return steps() - before;
  http::normal_credentials const credentials(summary.authorization);
  cache::request_facts const facts = cache::read_request(m.head, m.base(), summary);
  cache::validators const stored{.etag = "\"b\"", .last_modified = {}, .last_modified_s = 1, .date_s = 2};
  cache::is_not_modified(facts, stored, now.wall_s);
  cache::range_of(facts, stored, 100, now.wall_s);
  cache::unconditional_head(head);
  cache::variant_keys const keys({1, 2, 3});
  std::string key;
  cache::append_key(key, "http", summary.host, summary.target);
  cache::vary_spec const spec =
      cache::make_vary_spec({"accept", "accept-encoding", "accept-language", "cookie", "x"}, {});
  keys.variant(keys.resource(key), spec, head, {});
  http::is_at_or_below(summary.target, "/public");
  return steps() - before;
}

std::uint64_t steps_of_answer(std::string const& wire, std::size_t part) {
  std::uint64_t const before = steps();
  message<false> const m(wire, part);
  http::error_code const none;
  if (!m.whole || !http::fault_of(none, m.head, m.base(), m.parser).error.empty()) return steps() - before;
  http::session_words const words = http::session_words_of(m.head, m.base());
  if (words.redirect) http::parse_accel_redirect(*words.redirect);
  if (words.backend) http::parse_backend(*words.backend);
  if (words.epoch) http::parse_epoch(*words.epoch);
  std::string out;
  http::append_answer_head(out, m.head, m.base(), {.is_upstream = &is_upstream});
  auto const [facts, rules] = read(m);
  cache::outward_vary(facts, session_facts);
  auto const counter = std::make_shared<cache::byte_counter>();
  cache::stored_answer stored = cache::make_stored(m.head, m.base(), facts, rules, now, now);
  stored.body = std::make_shared<cache::stored_body>(std::make_shared<std::string const>("content"), counter);
  cache::confirms(stored, facts);
  cache::stored_answer const merged = cache::merge(stored, m.head, m.base(), facts, rules, now, now);
  cache::may_stay({}, merged, facts, rules, now);
  merged.footprint();
  cache::request_facts conditional;
  conditional.what = cache::request_facts::kind::lookup;
  conditional.if_none_match = "*";
  cache::append_served(out, merged, {}, {}, now);
  cache::append_served(out, merged, conditional, {}, now);
  return steps() - before;
}

std::uint64_t steps_of_pair(std::string const& request, std::string const& answer) {
  message<true> const asked(request, 0);
  message<false> const m(answer, 0);
  http::request_summary summary;
  std::string const head = forwarded(asked, summary);
  auto const [facts, rules] = read(m);
  std::uint64_t const before = steps();
  cache::variant_keys const keys({1, 2, 3});
  keys.variant({}, cache::make_vary_spec(facts.vary, session_facts), head, {});
  cache::validating_head(head, cache::make_stored(m.head, m.base(), facts, rules, now, now));
  return steps() - before;
}

}
