#include "gateway/cache/freshness.hpp"

#include "gateway/cache/date.hpp"
#include "gateway/cache/targeted.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gateway::cache {
namespace {

constexpr std::int64_t long_ago_s = 0;

/// The first value counts, whether they came in one line or in several (RFC 9111 5.1).
std::int64_t age_in(std::string_view field) {
  return parse_delta_seconds(http::trimmed(field.substr(0, field.find(',')))).value_or(0);
}

void read_vary(answer_facts& facts, std::string_view field) {
  http::any_in_list(field, [&](std::string_view name) {
    if (name == "*")
      facts.varies_on_anything = true;
    else
      facts.vary.push_back(http::lower_case(name));
    return false;
  });
}

std::optional<answer_directives> read_targeted(http::message_head const& head, char const* base,
                                               std::span<std::string const> targets) {
  for (std::string const& name : targets) {
    std::string value;
    for (http::field_line const& line : head.fields)
      if (line.name.size == name.size() && http::iequals(line.name.in(base), name))
        value.append(value.empty() ? "" : ", ").append(line.value.in(base));
    if (auto targeted = parse_targeted(value)) return targeted;
  }
  return std::nullopt;
}

std::int64_t lifetime_of(answer_facts const& answer, heuristic const& h, std::int64_t now_s) {
  answer_directives const& control = answer.control;
  if (control.s_maxage) return *control.s_maxage;
  if (control.max_age) return *control.max_age;
  std::int64_t const date_s = answer.date_s.value_or(now_s);
  if (answer.expires_s) return std::clamp<std::int64_t>(*answer.expires_s - date_s, -longest_s, longest_s);
  bool const may_guess = is_heuristically_cacheable(answer.status) || control.is_public;
  if (!may_guess || !answer.last_modified_s) return 0;
  auto const since = static_cast<double>(std::max<std::int64_t>(0, date_s - *answer.last_modified_s));
  return std::min(static_cast<std::int64_t>(since * h.fraction), h.at_most_s);
}

}

answer_facts read_answer(http::message_head const& head, char const* base, moment now,
                         std::span<std::string const> targets) {
  using field = http::beast_http::field;
  answer_facts facts;
  facts.status = head.status;
  bool has_age = false;
  for (http::field_line const& line : head.fields) {
    std::string_view const value = line.value.in(base);
    switch (line.id) {
    case field::cache_control:
      facts.control.read(value);
      break;
    case field::date:
      if (!facts.date_s) facts.date_s = parse_http_date(value, now.wall_s);
      break;
    case field::expires:
      if (!facts.expires_s) facts.expires_s = parse_http_date(value, now.wall_s).value_or(long_ago_s);
      break;
    case field::last_modified:
      if (!facts.last_modified.empty()) break;
      facts.last_modified_s = parse_http_date(value, now.wall_s);
      if (facts.last_modified_s) facts.last_modified = value;
      break;
    case field::age:
      if (!std::exchange(has_age, true)) facts.age_s = age_in(value);
      break;
    case field::etag:
      if (facts.etag.empty()) facts.etag = value;
      break;
    case field::vary:
      read_vary(facts, value);
      break;
    case field::set_cookie:
      facts.sets_cookie = true;
      break;
    default:
      break;
    }
  }
  if (auto targeted = read_targeted(head, base, targets)) {
    facts.control = std::move(*targeted);
    facts.expires_s.reset();
  }
  return facts;
}

freshness freshness_of(answer_facts const& answer, heuristic const& h, moment requested, moment now) {
  freshness out;
  out.lifetime_s = lifetime_of(answer, h, now.wall_s);
  std::int64_t const apparent_s = std::max<std::int64_t>(0, now.wall_s - answer.date_s.value_or(now.wall_s));
  std::int64_t const delay_s = (now.steady_ns - requested.steady_ns) / second_ns;
  out.initial_age_s = std::min(std::max(apparent_s, answer.age_s + delay_s), longest_s);
  out.received_ns = now.steady_ns;
  return out;
}

bool is_heuristically_cacheable(unsigned status) {
  switch (status) {
  case 200:
  case 203:
  case 204:
  case 206:
  case 300:
  case 301:
  case 308:
  case 404:
  case 405:
  case 410:
  case 414:
  case 501:
    return true;
  default:
    return false;
  }
}

}
