#include "gateway/cache/transaction.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>
#include <utility>

namespace gateway::cache {
namespace {

constexpr std::size_t first_content_bytes = 4096; // if the length is not stated

bool is_server_error(unsigned status) { return status == 500 || (status >= 502 && status <= 504); }

/// Unauthorized, Forbidden, Too Many Requests: another client may be allowed the same resource.
bool concerns_who_asked(unsigned status) { return status == 401 || status == 403 || status == 429; }

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}

transaction::transaction(shared_cache& all, environment& place, http::message_head const& head, char const* base,
                         http::request_summary const& summary, std::string_view scheme, bool has_body,
                         http::token_digest const* token)
  : cache_(all)
  , place_(place)
  , request_(read_request(head, base, summary, all.ignored_inputs())) {
  append_key(key_, scheme, summary.has_host ? summary.host : http::host_of_none, summary.target);
  resource_ = cache_.keys().resource(key_);
  request_.has_body = has_body;
  if (token) token_ = *token;
}

transaction::~transaction() { stop_storing(fetch_outcome::failed); }

/// What is known about the token's session, and still valid.
fact_values transaction::known_facts(moment now) {
  return token_ && cache_.has_facts() ? cache_.facts_of(*token_, now) : fact_values{};
}

decision const& transaction::ask(std::string_view head, bool may_wait) {
  head_ = head;
  asked_ = place_.now();
  fact_values const facts = known_facts(asked_);
  decision_ = cache_.with([&](cache& c) { return c.ask({request_, resource_, key_, head, facts, may_wait}, asked_); });
  cache_counters& counts = cache_.counts();
  switch (decision_.what) {
  case decision::kind::answer:
    count(decision_.stored->fresh.is_fresh(asked_) ? counts.hits : counts.stale_hits);
    break;
  case decision::kind::wait:
    if (!std::exchange(waited_, true)) count(counts.waits);
    break;
  case decision::kind::fetch:
  case decision::kind::validate:
    if (request_.what == request_facts::kind::lookup && !request_.has_body) count(counts.misses);
    break;
  case decision::kind::unavailable:
    break;
  }
  return decision_;
}

void transaction::begin_refresh() {
  refresh_head_ = own_head(head_);
  head_ = refresh_head_;
  asked_ = place_.now();
  decision_.what = decision_.stored->can_be_validated() ? decision::kind::validate : decision::kind::fetch;
  count(cache_.counts().refreshes);
}

std::string_view transaction::upstream_head() {
  if (decision_.what == decision::kind::validate)
    own_head_ = validating_head(head_, *decision_.stored);
  else if (decision_.leads && (request_.is_conditional() || !request_.range.empty()))
    own_head_ = unconditional_head(head_);
  else
    return head_;
  return own_head_;
}

std::string_view transaction::answers_elsewhere() {
  elsewhere_ = true;
  decision_.what = decision::kind::fetch;
  decision_.stored.reset();
  moment const now = place_.now();
  if (decision_.leads) cache_.with([&](cache& c) { c.pass(resource_, now); });
  complete_fetch(fetch_outcome::unshared);
  return head_;
}

void transaction::learn_facts(http::message_head const& head, char const* base) {
  if (!token_ || !cache_.has_facts()) return;
  said_ = cache_.read_facts(head, base);
  cache_.learn(*token_, said_, asked_);
}

storing_rules transaction::rules() {
  cache_rules const now = cache_.with([](cache& c) { return c.rules(); });
  return {.forwarding = place_.forwarding(),
          .session_facts = cache_.fact_names(),
          .targets = cache_.targets(),
          .guess = now.guess,
          .set_cookie = now.set_cookie};
}

transaction::course transaction::on_answer(http::message_head const& head, char const* base,
                                           std::optional<std::uint64_t> length) {
  learn_facts(head, base);
  moment const now = place_.now();
  answer_facts const facts = read_answer(head, base, now, cache_.targets());
  forward_status_ = head.status;
  vary_ = outward_vary(facts, cache_.fact_names());
  if (request_.what != request_facts::kind::lookup) {
    if (request_.what == request_facts::kind::unsafe && head.status < 400) invalidate(head, base, now);
    return course::pass;
  }
  if (elsewhere_) return course::pass;
  if (decision_.what == decision::kind::validate && head.status == 304) return on_not_modified(facts, head, base, now);
  if (is_server_error(head.status) && may_serve_instead(false)) return course::serve;
  if (request_.is_head)
    on_head_answer(facts, head, base, length, now);
  else
    begin_storing(facts, head, base, length, now);
  return course::pass;
}

// The stored answer is still valid for those whom it concerned, unless the 304 is about another answer, or for another
// session.
transaction::course transaction::on_not_modified(answer_facts const& facts, http::message_head const& head,
                                                 char const* base, moment now) {
  stored_answer const& stored = *decision_.stored;
  if (!confirms(stored, facts) || !concerns(said_)) {
    forget_stored();
    decision_.what = decision::kind::fetch;
    decision_.stored.reset();
    own_head_ = unconditional_head(head_);
    return course::again;
  }
  storing_rules const how = rules();
  auto merged = std::make_shared<stored_answer>(merge(stored, head, base, facts, how, asked_, now));
  bool const stays = may_stay(request_, *merged, facts, how, now);
  if (stays)
    put_merged(merged);
  else if (!is_for_who_asked(request_, *merged, facts, how))
    forget_stored();
  decision_.stored = std::move(merged);
  confirmed_ = true;
  count(cache_.counts().validated);
  complete_fetch(stays ? fetch_outcome::stored : fetch_outcome::unshared);
  return course::serve;
}

/// Whether the stored answer is for a session with these facts.
bool transaction::concerns(fact_values const& facts) const {
  vary_spec const& vary = decision_.stored->vary;
  return vary.facts.empty() || cache_.keys().variant(resource_, vary, head_, facts) == decision_.variant;
}

void transaction::begin_storing(answer_facts const& facts, http::message_head const& head, char const* base,
                                std::optional<std::uint64_t> length, moment now) {
  storing_rules const how = rules();
  bool may = may_store(request_, facts, how.set_cookie) && !varies_on_unknown(facts, cache_.fact_names()) &&
             !http::has_other_coding(head, base);
  std::optional<http::token_digest> variant;
  storing s;
  if (may) {
    s.answer = make_stored(head, base, facts, how, asked_, now);
    s.answer.authorized = request_.authorized;
    // The facts that the answer itself states, not those known before: it was made from these.
    variant = cache_.keys().variant(resource_, s.answer.vary, head_, said_);
    may = variant && is_worth_storing(facts, s.answer.fresh);
  }
  if (!may) {
    // A client that is turned away tells nothing about what others get.
    if (decision_.leads && !concerns_who_asked(head.status)) cache_.with([&](cache& c) { c.pass(resource_, now); });
    complete_fetch(fetch_outcome::unshared);
    return;
  }
  s.variant = *variant;
  std::size_t const expected = length.value_or(first_content_bytes);
  bool const fits = cache_.with(
      [&](cache& c) { return expected <= c.rules().max_answer && c.answers().make_room(heap_bytes(expected + 1)); });
  if (!fits) {
    complete_fetch(fetch_outcome::unshared);
    return;
  }
  content_ = std::make_shared<growing_content>(expected, cache_.used());
  storing_ = std::move(s);
}

// Even if the store has no room for it any more: its client is served from what was taken.
void transaction::take(std::string_view piece) {
  std::size_t const block = content_->next_block(piece.size());
  bool const fits = !storing_ || block == 0 || cache_.with([&](cache& c) {
    return content_->size() + piece.size() <= c.rules().max_answer && c.answers().make_room(heap_bytes(block + 1));
  });
  content_->append(piece);
  if (!fits) stop_storing(fetch_outcome::unshared);
}

void transaction::complete() {
  if (!storing_) return;
  storing s = std::move(*storing_);
  storing_.reset();
  std::shared_ptr<std::string const> whole = content_->whole();
  bool const stored = cache_.with([&](cache& c) {
    s.answer.body = std::make_shared<stored_body>(std::move(whole), cache_.used());
    return c.keep(resource_, key_, s.variant, std::make_shared<stored_answer>(std::move(s.answer)));
  });
  if (stored) count(cache_.counts().stored);
  complete_fetch(stored ? fetch_outcome::stored : fetch_outcome::unshared);
}

void transaction::stop_storing(fetch_outcome how) {
  storing_.reset();
  complete_fetch(how);
}

bool transaction::may_serve_instead(bool unreachable) {
  moment const now = place_.now();
  // The session may have changed since the request was sent.
  bool const may = decision_.stored && !decision_.stored->may_be_anothers(request_) && concerns(known_facts(now)) &&
                   cache_.with([&](cache& c) { return c.may_serve_on_error(*decision_.stored, unreachable, now); });
  complete_fetch(fetch_outcome::failed);
  if (may) count(cache_.counts().stale_hits);
  return may;
}

// An answer to HEAD says what one to GET would say (RFC 9111 4.3.5).
void transaction::on_head_answer(answer_facts const& facts, http::message_head const& head, char const* base,
                                 std::optional<std::uint64_t> length, moment now) {
  if (!decision_.stored || head.status != decision_.stored->status || !concerns(said_)) return;
  if (request_.control.no_store || request_.has_unkeyed_fields) return;
  if (!agrees(*decision_.stored, facts, length)) {
    forget_stored();
    return;
  }
  storing_rules const how = rules();
  auto merged = std::make_shared<stored_answer>(merge(*decision_.stored, head, base, facts, how, asked_, now));
  if (!may_stay(request_, *merged, facts, how, now)) return; // it is for the client that asked
  put_merged(std::move(merged));
}

void transaction::forget_stored() {
  cache_.with([&](cache& c) { c.answers().erase_variant(decision_.variant); });
}

void transaction::put_merged(std::shared_ptr<stored_answer const> merged) {
  auto const variant = merged->vary == decision_.stored->vary
                           ? std::optional(decision_.variant)
                           : cache_.keys().variant(resource_, merged->vary, head_, said_);
  // It now belongs to another variant, and must not be found under the old one.
  if (variant != decision_.variant) forget_stored();
  if (variant) cache_.with([&](cache& c) { return c.keep(resource_, key_, *variant, std::move(merged)); });
}

void transaction::invalidate(http::message_head const& head, char const* base, moment now) {
  std::size_t gone = 0;
  auto const forget = [&](http::token_digest const& resource) {
    gone += cache_.with([&](cache& c) { return c.forget(resource, now); });
  };
  forget(resource_);
  for (auto const field : {http::beast_http::field::location, http::beast_http::field::content_location})
    if (auto const value = http::find(head, base, field))
      if (std::string const other = referred_key(key_, *value); !other.empty()) forget(cache_.keys().resource(other));
  cache_.counts().invalidated.fetch_add(gone, std::memory_order_relaxed);
}

void transaction::complete_fetch(fetch_outcome how) {
  if (!std::exchange(decision_.leads, false)) return;
  bool const awaited = cache_.with([&](cache& c) { return c.complete_fetch(decision_.variant); });
  if (awaited) place_.fetch_completed(decision_.variant, how);
}

std::string transaction::cache_status(moment now) const {
  std::string out = "crest-gateway";
  bool const served = decision_.what == decision::kind::answer || confirmed_;
  if (decision_.what == decision::kind::answer)
    out += "; hit";
  else if (decision_.why != forwarded::no)
    out.append("; fwd=").append(name_of(decision_.why));
  if (forward_status_ != 0) out.append("; fwd-status=").append(std::to_string(forward_status_));
  if (storing_ || confirmed_) out += "; stored";
  if (waited_ && decision_.what != decision::kind::answer) out += "; collapsed";
  if (served) {
    out += "; ttl=";
    out += std::to_string(decision_.stored->fresh.left_ns(now) / second_ns);
  }
  return out;
}

}
