#include "gateway/net/cached_request.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::size_t first_content_bytes = 4096; // where a length is not stated
constexpr std::size_t max_pieces = 8;             // of content, taken at a time

bool is_server_error(unsigned status) { return status == 500 || (status >= 502 && status <= 504); }

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}

cached_request::cached_request(worker& w, http::message_head const& head, char const* base,
                               http::request_summary const& summary, std::string_view scheme, bool has_body,
                               http::token_digest const* token)
  : worker_(w)
  , cache_(*w.cache())
  , request_(cache::read_request(head, base, summary)) {
  cache::append_key(key_, scheme, summary.has_host ? summary.host : http::host_of_none, summary.target);
  resource_ = cache_.keys().resource(key_);
  request_.has_body = has_body;
  if (token) token_ = *token;
}

cached_request::~cached_request() { stop_storing(cache::landing::failed); }

/// What is known of the token's session, and still holds.
cache::fact_values cached_request::known_facts(cache::moment now) {
  return token_ && cache_.has_facts() ? cache_.facts_of(*token_, now) : cache::fact_values{};
}

cache::decision const& cached_request::ask(std::string_view head, bool may_wait) {
  head_ = head;
  asked_ = cache_now();
  cache::fact_values const facts = known_facts(asked_);
  decision_ = cache_.with([&](cache::cache& c) {
    return c.ask({request_, resource_, key_, head, facts, may_wait}, asked_);
  });
  cache_counters& counts = cache_.counts();
  switch (decision_.what) {
  case cache::decision::kind::answer:
    count(decision_.stored->fresh.is_fresh(asked_) ? counts.hits : counts.stale_hits);
    break;
  case cache::decision::kind::wait:
    if (!std::exchange(waited_, true)) count(counts.waits);
    break;
  case cache::decision::kind::fetch:
  case cache::decision::kind::validate:
    if (request_.what == cache::request_facts::kind::lookup && !request_.has_body) count(counts.misses);
    break;
  case cache::decision::kind::unavailable:
    break;
  }
  return decision_;
}

void cached_request::begin_refresh(std::string_view head) {
  head_ = head;
  asked_ = cache_now();
  decision_.what =
      decision_.stored->can_be_validated() ? cache::decision::kind::validate : cache::decision::kind::fetch;
  count(cache_.counts().refreshes);
}

std::string_view cached_request::upstream_head() {
  if (decision_.what == cache::decision::kind::validate)
    own_head_ = cache::validating_head(head_, *decision_.stored);
  else if (decision_.leads && (request_.is_conditional() || !request_.range.empty()))
    own_head_ = cache::unconditional_head(head_);
  else
    return head_;
  return own_head_;
}

void cached_request::learn_facts(http::message_head const& head, char const* base) {
  if (!token_ || !cache_.has_facts()) return;
  said_ = cache_.read_facts(head, base);
  cache_.learn(*token_, said_, asked_);
}

cached_request::course cached_request::on_answer(upstream_connection const& from) {
  http::message_head const& head = from.head();
  char const* const base = from.base();
  learn_facts(head, base);
  cache::moment const now = cache_now();
  cache::answer_facts const facts = cache::read_answer(head, base, now, cache_.targets());
  forward_status_ = head.status;
  vary_ = cache::outward_vary(facts, cache_.fact_names());
  if (request_.what != cache::request_facts::kind::lookup) {
    if (request_.what == cache::request_facts::kind::unsafe && head.status < 400) invalidate(head, base, now);
    return course::pass;
  }
  cache::storing_rules const rules{
      .forwarding = {.hsts = worker_.current()->hsts, .rewrite_location = &worker_.rewrite_location()},
      .session_facts = cache_.fact_names(),
      .targets = cache_.targets(),
      .guess = cache_.with([](cache::cache& c) { return c.rules().guess; })};
  if (decision_.what == cache::decision::kind::validate && head.status == 304)
    return on_not_modified(facts, head, base, rules, now);
  if (is_server_error(head.status) && may_serve_instead(false)) return course::serve;
  std::optional<std::uint64_t> length;
  if (auto const stated = from.parser().content_length()) length = *stated;
  if (request_.is_head)
    on_head_answer(facts, head, base, rules, length, now);
  else
    begin_storing(facts, head, base, rules, length, now);
  return course::pass;
}

// The stored answer still holds, for those whom it concerned: unless the 304 says that it is about another answer, or
// of another session.
cached_request::course cached_request::on_not_modified(cache::answer_facts const& facts, http::message_head const& head,
                                                       char const* base, cache::storing_rules const& rules,
                                                       cache::moment now) {
  cache::stored_answer const& stored = *decision_.stored;
  if (!cache::confirms(stored, facts) || !concerns(said_)) {
    forget_stored();
    decision_.what = cache::decision::kind::fetch;
    decision_.stored.reset();
    own_head_ = cache::unconditional_head(head_);
    return course::again;
  }
  auto merged = std::make_shared<cache::stored_answer>(cache::merge(stored, head, base, facts, rules, asked_, now));
  bool const stays = cache::may_stay(request_, *merged, facts, rules, now);
  if (stays)
    put_merged(merged);
  else
    forget_stored();
  decision_.stored = std::move(merged);
  confirmed_ = true;
  count(cache_.counts().validated);
  land(stays ? cache::landing::stored : cache::landing::unshared);
  return course::serve;
}

/// Whether the stored answer is for a session of which this is said.
bool cached_request::concerns(cache::fact_values const& facts) const {
  cache::vary_spec const& vary = decision_.stored->vary;
  return vary.facts.empty() || cache_.keys().variant(resource_, vary, head_, facts) == decision_.flight;
}

void cached_request::begin_storing(cache::answer_facts const& facts, http::message_head const& head, char const* base,
                                   cache::storing_rules const& rules, std::optional<std::uint64_t> length,
                                   cache::moment now) {
  bool may = cache::may_store(request_, facts) && !cache::varies_on_unknown(facts, rules.session_facts) &&
             !http::has_other_coding(head, base);
  std::optional<http::token_digest> variant;
  storing s;
  if (may) {
    s.answer = cache::make_stored(head, base, facts, rules, asked_, now);
    s.answer.authorized = request_.authorized;
    // The facts that the answer itself states, not those known before: it is of these that it was made.
    variant = cache_.keys().variant(resource_, s.answer.vary, head_, said_);
    may = variant && cache::is_worth_storing(facts, s.answer.fresh);
  }
  if (!may) {
    if (decision_.leads) cache_.with([&](cache::cache& c) { c.pass(resource_, now); });
    land(cache::landing::unshared);
    return;
  }
  s.variant = *variant;
  std::size_t const expected = length.value_or(first_content_bytes);
  bool const fits = cache_.with([&](cache::cache& c) {
    return expected <= c.rules().max_answer && c.answers().make_room(cache::heap_bytes(expected + 1));
  });
  if (!fits) {
    land(cache::landing::unshared);
    return;
  }
  content_ = std::make_shared<cache::growing_content>(expected, cache_.used());
  storing_ = std::move(s);
}

upstream_connection::body_state cached_request::take_from(upstream_connection* from) {
  using state = upstream_connection::body_state;
  state what = from ? state::more : state::broken;
  while (what == state::more && storing_) {
    what = from->next_body(pieces_, max_pieces);
    for (std::string_view const piece : pieces_) take(piece);
  }
  if (what == state::done) complete();
  if (what == state::broken) give_up();
  return what;
}

// Also of one for which the store has no room any more: its client is served out of what was taken.
void cached_request::take(std::string_view piece) {
  std::size_t const block = content_->next_block(piece.size());
  bool const fits = !storing_ || block == 0 || cache_.with([&](cache::cache& c) {
    return content_->size() + piece.size() <= c.rules().max_answer &&
           c.answers().make_room(cache::heap_bytes(block + 1));
  });
  content_->append(piece);
  if (!fits) stop_storing(cache::landing::unshared);
}

void cached_request::complete() {
  if (!storing_) return;
  storing s = std::move(*storing_);
  storing_.reset();
  std::shared_ptr<std::string const> whole = content_->whole();
  bool const stored = cache_.with([&](cache::cache& c) {
    s.answer.body = std::make_shared<cache::stored_body>(std::move(whole), cache_.used());
    return c.keep(resource_, key_, s.variant, std::make_shared<cache::stored_answer>(std::move(s.answer)));
  });
  if (stored) count(cache_.counts().stored);
  land(stored ? cache::landing::stored : cache::landing::unshared);
}

void cached_request::stop_storing(cache::landing how) {
  storing_.reset();
  land(how);
}

bool cached_request::may_serve_instead(bool unreachable) {
  cache::moment const now = cache_now();
  // The session may be another one by now than when it was asked.
  bool const may = decision_.stored && concerns(known_facts(now)) && cache_.with([&](cache::cache& c) {
    return c.may_serve_on_error(*decision_.stored, unreachable, now);
  });
  land(cache::landing::failed);
  if (may) count(cache_.counts().stale_hits);
  return may;
}

// An answer to HEAD says what one to GET would have said (RFC 9111 4.3.5).
void cached_request::on_head_answer(cache::answer_facts const& facts, http::message_head const& head, char const* base,
                                    cache::storing_rules const& rules, std::optional<std::uint64_t> length,
                                    cache::moment now) {
  if (!decision_.stored || head.status != decision_.stored->status || !concerns(said_)) return;
  if (request_.control.no_store || request_.has_unkeyed_fields) return;
  if (!cache::agrees(*decision_.stored, facts, length)) {
    forget_stored();
    return;
  }
  auto merged =
      std::make_shared<cache::stored_answer>(cache::merge(*decision_.stored, head, base, facts, rules, asked_, now));
  if (!cache::may_stay(request_, *merged, facts, rules, now)) return; // it is for who asked
  put_merged(std::move(merged));
}

void cached_request::forget_stored() {
  cache_.with([&](cache::cache& c) { c.answers().erase_variant(decision_.flight); });
}

void cached_request::put_merged(std::shared_ptr<cache::stored_answer const> merged) {
  auto const variant = merged->vary == decision_.stored->vary
                           ? std::optional(decision_.flight)
                           : cache_.keys().variant(resource_, merged->vary, head_, said_);
  if (variant) cache_.with([&](cache::cache& c) { return c.keep(resource_, key_, *variant, std::move(merged)); });
}

void cached_request::invalidate(http::message_head const& head, char const* base, cache::moment now) {
  std::size_t gone = 0;
  auto const forget = [&](http::token_digest const& resource) {
    gone += cache_.with([&](cache::cache& c) { return c.forget(resource, now); });
  };
  forget(resource_);
  for (auto const field : {http::beast_http::field::location, http::beast_http::field::content_location})
    if (auto const value = http::find(head, base, field))
      if (std::string const other = cache::referred_key(key_, *value); !other.empty())
        forget(cache_.keys().resource(other));
  cache_.counts().invalidated.fetch_add(gone, std::memory_order_relaxed);
}

void cached_request::land(cache::landing how) {
  if (!std::exchange(decision_.leads, false)) return;
  bool const awaited = cache_.with([&](cache::cache& c) { return c.land(decision_.flight); });
  if (awaited) worker_.land(decision_.flight, how);
}

std::string cached_request::cache_status(cache::moment now) const {
  std::string out = "crest-gateway";
  bool const served = decision_.what == cache::decision::kind::answer || confirmed_;
  if (decision_.what == cache::decision::kind::answer)
    out += "; hit";
  else if (decision_.why != cache::forwarded::no)
    out.append("; fwd=").append(cache::name_of(decision_.why));
  if (forward_status_ != 0) out.append("; fwd-status=").append(std::to_string(forward_status_));
  if (storing_ || confirmed_) out += "; stored";
  if (waited_ && decision_.what != cache::decision::kind::answer) out += "; collapsed";
  if (served) {
    out += "; ttl=";
    out += std::to_string(decision_.stored->fresh.left_ns(now) / cache::second_ns);
  }
  return out;
}

}
