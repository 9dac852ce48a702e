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
  http::request_summary& summary = p->summary;
  if (!parser.parse_head(base, p->wire.size(), ec) || http::summarise(p->head, base, summary).status != 0)
    throw std::logic_error("no request: " + p->wire);
  facts = cache::read_request(p->head, base, summary);
  facts.has_body = has_body = with_body;
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
                                                  std::shared_ptr<cache::byte_counter> in) {
  auto bytes = std::make_shared<std::string const>(std::move(content));
  in->bytes.fetch_sub(reserved);
  return std::make_shared<cache::stored_body const>(std::move(bytes), std::move(in));
}

namespace {

cache::cache_settings settings_of(cache::cache_rules const& rules, std::vector<std::string> targets,
                                  std::vector<std::string> fact_names) {
  return {.rules = rules,
          .targets = std::move(targets),
          .session_facts = std::move(fact_names),
          .facts_max_age = std::chrono::hours(1)};
}

}

lab::lab(cache::cache_rules const& rules, std::vector<std::string> targets, std::vector<std::string> fact_names)
  : shared_(settings_of(rules, std::move(targets), std::move(fact_names)), test_key)
  , core(*shared_.with([](cache::cache& c) { return &c; }))
  , left_(std::make_shared<std::vector<std::unique_ptr<cache::transaction>>>()) {}

void lab::fetch_completed(http::token_digest const& variant, cache::fetch_outcome in_which_way) {
  completions.push_back(variant);
  how.push_back(in_which_way);
}

void lab::look(asked& a) const {
  a.decided = a.way->decided();
  a.upstream_head = a.goes_on() ? a.way->upstream_head() : std::string_view();
}

asked lab::ask(request what, moment now, bool may_wait) {
  asked a{.what = std::move(what)};
  request::parsed const& text = *a.what.text;
  std::optional<http::token_digest> token;
  if (text.summary.has_authorization) token = http::digest_token(test_key, text.summary.authorization);
  cache::environment& place = *this;
  auto made = std::make_unique<cache::transaction>(shared_, place, text.head, text.wire.data(), text.summary, "http",
                                                   a.what.has_body, token ? &*token : nullptr);
  // Its texts have to stay, too.
  a.way = {made.release(), [left = left_, keep = a.what.text](cache::transaction* t) {
             std::unique_ptr<cache::transaction> owned(t);
             if (owned->decided().leads) left->push_back(std::move(owned));
           }};
  ask_again(a, now, may_wait);
  return a;
}

void lab::ask_again(asked& a, moment now, bool may_wait) {
  now_ = a.when = now;
  a.way->ask(a.what.text->forwarded, may_wait);
  look(a);
}

void lab::refresh(asked& a, moment now) {
  now_ = a.when = now;
  a.way->begin_refresh();
  look(a);
}

reply lab::take(asked& a, answer const& from, moment now) {
  now_ = now;
  auto const course = a.way->on_answer(from.head, from.wire.data(), from.length);
  if (a.way->is_storing()) {
    a.way->take(from.content);
    a.way->complete();
  }
  look(a);
  switch (course) {
  case cache::transaction::course::serve:
    return serve(a, now);
  case cache::transaction::course::again:
    return {.again = true};
  case cache::transaction::course::pass:
    break;
  }
  return {.status = from.head.status, .content = a.what.facts.is_head ? std::string() : from.content};
}

reply lab::fail(asked& a, moment now) {
  now_ = now;
  bool const may = a.way->on_failure();
  look(a);
  return may ? serve(a, now) : reply{.status = 502};
}

void lab::give_up(asked& a) {
  a.way->give_up();
  look(a);
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
  bool const alone = a.is_answered();
  give_up(a); // a fetch that fails
  return alone;
}

bool reuses(request const& first, answer const& from, request const& second, std::int64_t later_s,
            cache::cache_rules const& rules) {
  lab l(rules);
  l.play(first, from, at(0));
  return l.answers_alone(second, at(later_s));
}

bool reuses(answer const& from, std::int64_t later_s) { return reuses("GET /a", from, "GET /a", later_s); }

}
