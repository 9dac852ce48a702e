#include "tests/gateway/cache/messages.hpp"

#include "gateway/cache/date.hpp"
#include "gateway/http/field_text.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/forward.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tests::gateway_cache {
namespace {

constexpr http::digest_key test_key{1, 2, 3};
constexpr std::int64_t booted_ns = 5'000 * second_ns; // what a monotonic clock shows has nothing to do with dates

void append_lines(std::string& out, std::string_view lines) {
  while (!lines.empty()) {
    std::size_t const end = std::min(lines.find('\n'), lines.size());
    out.append(lines.substr(0, end)).append("\r\n");
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

bool is_server_error(unsigned status) { return status == 500 || (status >= 502 && status <= 504); }

}

moment at(std::int64_t seconds, std::int64_t nanoseconds) {
  return {.wall_s = noon_s + seconds, .steady_ns = booted_ns + seconds * second_ns + nanoseconds};
}

std::string date_at(std::int64_t seconds) { return cache::http_date(noon_s + seconds); }

request::request(std::string_view start, std::string_view lines, bool with_body) {
  auto p = std::make_shared<parsed>();
  p->wire.append(start).append(" HTTP/1.1\r\n");
  if (!http::istarts_with(lines, "Host:") && lines.find("\nHost:") == std::string_view::npos)
    p->wire.append("Host: lab.example\r\n");
  append_lines(p->wire, lines);
  p->wire.append("\r\n");
  char const* const base = p->wire.data();
  http::request_parser parser(p->head);
  http::error_code ec;
  http::request_summary summary;
  if (!parser.parse_head(base, p->wire.size(), ec) || http::summarise(p->head, base, summary).status != 0)
    throw std::logic_error("no request: " + p->wire);
  facts = cache::read_request(p->head, base, summary);
  facts.has_body = with_body;
  cache::append_key(p->key, "http", summary.host, summary.target);
  p->authorization = summary.authorization;
  http::append_request_head(p->forwarded, p->head, base, summary, {.peer_address = "192.0.2.1", .request_id = "id"});
  text = std::move(p);
}

answer::answer(unsigned status, std::string_view lines, std::string body)
  : content(std::move(body)) {
  http::append_status_line(wire, status, http::reason_phrase(status));
  append_lines(wire, lines);
  wire.append("\r\n");
  http::answer_parser parser(head);
  http::error_code ec;
  if (!parser.parse_head(wire.data(), wire.size(), ec)) throw std::logic_error("no answer: " + wire);
  if (auto const stated = parser.content_length()) length = *stated;
}

cache::answer_directives answer_control(std::string_view field) {
  cache::answer_directives out;
  out.read(field);
  return out;
}

cache::request_directives request_control(std::string_view field) {
  cache::request_directives out;
  out.read(field);
  return out;
}

std::optional<std::string> field_of(std::string_view head, std::string_view name) {
  std::optional<std::string> out;
  http::for_each_field(head, [&](std::string_view field, std::string_view value) {
    if (http::iequals(field, name)) out = out ? *out + ", " + std::string(value) : std::string(value);
  });
  return out;
}

std::size_t count_of(std::string_view head, std::string_view name) {
  std::size_t count = 0;
  http::for_each_field(
      head, [&](std::string_view field, std::string_view) { count += http::iequals(field, name) ? 1u : 0u; });
  return count;
}

std::shared_ptr<cache::stored_body const> body_of(std::string content, std::size_t reserved,
                                                  std::shared_ptr<cache::ledger> in) {
  auto bytes = std::make_shared<std::string const>(std::move(content));
  in->bytes.fetch_sub(reserved);
  return std::make_shared<cache::stored_body const>(std::move(bytes), std::move(in));
}

lab::lab(cache::cache_rules const& rules, std::vector<std::string> targeted, std::vector<std::string> fact_names)
  : keys(test_key)
  , core(rules, keys)
  , targets(std::move(targeted)) {
  if (!fact_names.empty()) facts.emplace(std::move(fact_names), 3'600 * second_ns, 1u << 16);
}

cache::storing_rules lab::rules() const {
  return {.forwarding = {},
          .session_facts = facts ? facts->names() : std::span<std::string const>(),
          .targets = targets,
          .guess = core.rules().guess};
}

asked lab::ask(request what, moment now, bool may_wait) {
  asked a{.what = std::move(what)};
  a.resource = keys.resource(a.what.text->key);
  ask_again(a, now, may_wait);
  return a;
}

void lab::ask_again(asked& a, moment now, bool may_wait) {
  a.when = now;
  consult(a, may_wait);
}

void lab::consult(asked& a, bool may_wait) {
  cache::fact_values const known = known_of(a.what, a.when);
  a.decided = core.ask({a.what.facts, a.resource, a.what.text->key, a.what.text->forwarded, known, may_wait}, a.when);
  bool const is_partial = a.what.facts.is_conditional() || !a.what.facts.range.empty();
  if (a.kind() == cache::decision::kind::validate)
    a.upstream_head = cache::validating_head(a.what.text->forwarded, *a.decided.stored);
  else if (a.decided.leads && is_partial)
    a.upstream_head = cache::unconditional_head(a.what.text->forwarded);
  else
    a.upstream_head = a.what.text->forwarded;
}

void lab::refresh(asked& a, moment now) {
  a.when = now;
  a.decided.what =
      a.decided.stored->can_be_validated() ? cache::decision::kind::validate : cache::decision::kind::fetch;
  a.upstream_head = a.kind() == cache::decision::kind::validate
                        ? cache::validating_head(a.what.text->forwarded, *a.decided.stored)
                        : cache::unconditional_head(a.what.text->forwarded);
}

reply lab::take(asked& a, answer const& from, moment now) {
  using what = cache::request_facts::kind;
  if (facts && !a.what.text->authorization.empty()) {
    a.said = facts->read(from.head, from.wire.data(), keys);
    facts->learn(http::digest_token(test_key, a.what.text->authorization), a.said, a.when);
  }
  cache::answer_facts const read = from.facts(now, targets);
  reply const passed{.status = from.head.status, .content = a.what.facts.is_head ? std::string() : from.content};
  if (a.what.facts.what != what::lookup) {
    if (a.what.facts.what == what::unsafe && from.head.status < 400) invalidate(a.what, from, now);
    return passed;
  }
  if (a.kind() == cache::decision::kind::validate && from.head.status == 304)
    return take_not_modified(a, from, read, now);
  if (is_server_error(from.head.status) && a.decided.stored && core.may_serve_on_error(*a.decided.stored, false, now)) {
    land(a);
    return serve(a, now);
  }
  if (a.what.facts.is_head)
    take_head_answer(a, from, read, now);
  else
    begin_and_complete(a, from, read, now);
  return passed;
}

reply lab::take_not_modified(asked& a, answer const& from, cache::answer_facts const& read, moment now) {
  cache::stored_answer const& stored = *a.decided.stored;
  if (!cache::confirms(stored, read) || !concerns(a, a.said)) {
    core.answers().erase_variant(a.decided.flight);
    a.decided.what = cache::decision::kind::fetch;
    a.decided.stored.reset();
    a.upstream_head = cache::unconditional_head(a.what.text->forwarded);
    return {.again = true};
  }
  auto merged = std::make_shared<cache::stored_answer>(
      cache::merge(stored, from.head, from.wire.data(), read, rules(), a.when, now));
  if (cache::may_stay(a.what.facts, *merged, read, rules(), now))
    put_merged(a, merged);
  else
    core.answers().erase_variant(a.decided.flight);
  a.decided.stored = std::move(merged);
  land(a);
  return serve(a, now);
}

bool lab::concerns(asked const& a, cache::fact_values const& said) const {
  cache::vary_spec const& vary = a.decided.stored->vary;
  return vary.facts.empty() || keys.variant(a.resource, vary, a.what.text->forwarded, said) == a.decided.flight;
}

bool lab::may_serve_instead(asked const& a, bool unreachable, moment now) {
  return a.decided.stored && concerns(a, known_of(a.what, now)) &&
         core.may_serve_on_error(*a.decided.stored, unreachable, now);
}

cache::fact_values lab::known_of(request const& by, moment now) {
  if (!facts || by.text->authorization.empty()) return {};
  return facts->find(http::digest_token(test_key, by.text->authorization), now);
}

void lab::begin_and_complete(asked& a, answer const& from, cache::answer_facts const& read, moment now) {
  if (cache::may_store(a.what.facts, read) && !cache::varies_on_unknown(read, rules().session_facts)) {
    cache::stored_answer made = cache::make_stored(from.head, from.wire.data(), read, rules(), a.when, now);
    made.authorized = a.what.facts.authorized;
    auto const variant = keys.variant(a.resource, made.vary, a.what.text->forwarded, a.said);
    if (variant && cache::is_worth_storing(read, made.fresh)) {
      if (core.answers().make_room(cache::heap_bytes(from.content.size() + 1))) {
        made.body = body_of(from.content, 0, core.answers().used());
        core.keep(a.resource, a.what.text->key, *variant, std::make_shared<cache::stored_answer>(std::move(made)));
      }
      land(a);
      return;
    }
  }
  if (a.decided.leads) core.pass(a.resource, now);
  land(a);
}

void lab::take_head_answer(asked& a, answer const& from, cache::answer_facts const& read, moment now) {
  if (!a.decided.stored || from.head.status != a.decided.stored->status || !concerns(a, a.said)) return;
  if (a.what.facts.control.no_store || a.what.facts.has_unkeyed_fields) return;
  if (!cache::agrees(*a.decided.stored, read, from.length)) {
    core.answers().erase_variant(a.decided.flight);
    return;
  }
  auto merged = std::make_shared<cache::stored_answer>(
      cache::merge(*a.decided.stored, from.head, from.wire.data(), read, rules(), a.when, now));
  if (cache::may_stay(a.what.facts, *merged, read, rules(), now)) put_merged(a, std::move(merged));
}

void lab::put_merged(asked const& a, std::shared_ptr<cache::stored_answer const> merged) {
  auto const variant = merged->vary == a.decided.stored->vary
                           ? std::optional(a.decided.flight)
                           : keys.variant(a.resource, merged->vary, a.what.text->forwarded, a.said);
  if (variant) core.keep(a.resource, a.what.text->key, *variant, std::move(merged));
}

void lab::invalidate(request const& by, answer const& from, moment now) {
  core.forget(keys.resource(by.text->key), now);
  for (auto const field : {http::beast_http::field::location, http::beast_http::field::content_location})
    if (auto const value = http::find(from.head, from.wire.data(), field))
      if (std::string const other = cache::referred_key(by.text->key, *value); !other.empty())
        core.forget(keys.resource(other), now);
}

void lab::land(asked& a) {
  if (std::exchange(a.decided.leads, false) && core.land(a.decided.flight)) landed.push_back(a.decided.flight);
}

reply lab::fail(asked& a, moment now) {
  bool const may = may_serve_instead(a, true, now);
  land(a);
  return may ? serve(a, now) : reply{.status = 502};
}

reply lab::serve(asked const& a, moment now) const {
  if (a.kind() == cache::decision::kind::unavailable) return {.status = 504};
  reply out{.stored = true};
  cache::served const sent = cache::append_served(out.head, *a.decided.stored, a.what.facts, {}, now);
  out.status = sent.status;
  out.content = sent.content;
  return out;
}

reply lab::play(request what, answer const& from, moment now) {
  asked a = ask(std::move(what), now);
  REQUIRE(a.kind() != cache::decision::kind::wait);
  return a.goes_on() ? take(a, from, now) : serve(a, now);
}

bool lab::answers_alone(request what, moment now) {
  asked a = ask(std::move(what), now);
  land(a); // a fetch that fails
  return a.is_answered();
}

bool reuses(request const& first, answer const& from, request const& second, std::int64_t later_s,
            cache::cache_rules const& rules) {
  lab l(rules);
  l.play(first, from, at(0));
  return l.answers_alone(second, at(later_s));
}

bool reuses(answer const& from, std::int64_t later_s) { return reuses("GET /a", from, "GET /a", later_s); }

}
