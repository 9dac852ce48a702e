#include "gateway/cache/stored.hpp"

#include "gateway/cache/date.hpp"
#include "gateway/http/field_text.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gateway::cache {
namespace {

/// Statuses whose meaning for a cache is known here (RFC 9111 3: "understood").
bool is_understood(unsigned status) { return is_heuristically_cacheable(status) && status != 206; }

bool may_share(answer_directives const& control) { // with others than the token that asked (RFC 9111 3.5)
  return control.is_public || control.must_revalidate || control.s_maxage;
}

/// Whether it says that caches may store it.
bool speaks_of_caches(answer_facts const& answer) {
  answer_directives const& control = answer.control;
  return control.is_public || control.max_age || control.s_maxage || answer.expires_s;
}

/// Whether it sets a cookie that is not among the `withheld`.
bool sets_cookie_for_all(answer_facts const& answer, std::vector<std::string> const& withheld) {
  return answer.sets_cookie && std::find(withheld.begin(), withheld.end(), "set-cookie") == withheld.end();
}

bool allows_cookie(answer_facts const& answer, cookie_rule rule) {
  switch (rule) {
  case cookie_rule::never:
    return false;
  case cookie_rule::if_public:
    return answer.control.is_public;
  case cookie_rule::if_explicit:
    return speaks_of_caches(answer);
  }
  return false;
}

/// Whether the client says who it is by a field that did not select the answer.
bool is_somebodys(request_facts const& request, std::vector<std::string> const& vary) {
  bool const by_cookie = request.has_cookie && std::find(vary.begin(), vary.end(), "cookie") == vary.end();
  return by_cookie || request.has_key;
}

/// Fields written anew whenever it is served, or for one connection only (RFC 9111 3.1).
bool is_of_the_moment(http::beast_http::field id) {
  using enum http::beast_http::field;
  return id == age || id == content_length || id == proxy_authenticate || id == proxy_authentication_info ||
         id == proxy_authorization;
}

/// In a 304 these describe a message other than the stored one (RFC 9111 3.2).
bool keeps_its_own(http::beast_http::field id) {
  using enum http::beast_http::field;
  return is_of_the_moment(id) || id == content_encoding || id == content_range;
}
bool keeps_its_own_and_etag(http::beast_http::field id) {
  return keeps_its_own(id) || id == http::beast_http::field::etag;
}

/// Appends an answer's fields as they are stored.
void append_fields(std::string& out, http::message_head const& head, char const* base, answer_facts const& facts,
                   std::span<std::string const> withheld, storing_rules const& rules,
                   bool (*drops)(http::beast_http::field)) {
  std::string const vary = outward_vary(facts, rules.session_facts);
  http::answer_forwarding how = rules.forwarding;
  how.vary = vary;
  how.without = withheld;
  http::append_answer_fields(out, head, base, how, drops);
}

void fill_in(stored_answer& out, answer_facts const& facts, storing_rules const& rules, moment requested, moment now) {
  answer_directives const& control = facts.control;
  out.fresh = freshness_of(facts, rules.guess, requested, now);
  out.requested_ns = requested.steady_ns;
  out.guessed = !speaks_of_caches(facts);
  out.no_cache = control.no_cache;
  out.forbids_stale = control.forbids_stale();
  out.has_s_maxage = control.s_maxage.has_value();
  out.stale_while_revalidate_s = control.stale_while_revalidate.value_or(0);
  out.stale_if_error_s = control.stale_if_error;
  out.etag = facts.etag;
  out.last_modified = facts.last_modified;
  out.last_modified_s = facts.last_modified_s;
  out.date_s = facts.date_s;
}

/// A head of our own, read again.
answer_facts read_again(std::string const& head, moment now, std::span<std::string const> targets) {
  std::string const text = head + "\r\n";
  http::message_head lines;
  http::answer_parser parser(lines, {.bytes = static_cast<std::uint32_t>(text.size() + 1)});
  boost::system::error_code ec;
  parser.parse_head(text.data(), text.size(), ec);
  answer_facts facts = read_answer(lines, text.data(), now, targets);
  // Views into `text` end here; the validators are taken from the stored answer.
  facts.etag = facts.last_modified = {};
  return facts;
}

void make_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

bool is_condition(std::string_view name) {
  static constexpr std::array<std::string_view, 6> conditions{"If-None-Match",       "If-Modified-Since", "If-Match",
                                                              "If-Unmodified-Since", "If-Range",          "Range"};
  return std::any_of(conditions.begin(), conditions.end(), [&](std::string_view c) { return http::iequals(name, c); });
}

}

stored_body::stored_body(std::shared_ptr<std::string const> bytes, std::shared_ptr<byte_counter> in)
  : bytes_(std::move(bytes))
  , counted_(heap_bytes_of(*bytes_) + heap_bytes(sizeof(std::string) + 16) + heap_bytes(sizeof(stored_body) + 16))
  , in_(std::move(in)) {
  in_->bytes.fetch_add(counted_, std::memory_order_relaxed);
}

stored_body::~stored_body() { in_->bytes.fetch_sub(counted_, std::memory_order_relaxed); }

bool stored_answer::may_be_anothers(request_facts const& request) const {
  return guessed && is_somebodys(request, vary.fields);
}

std::size_t stored_answer::footprint() const {
  std::size_t bytes = heap_bytes(sizeof(stored_answer) + 16);
  for (std::string const* text : {&head, &etag, &last_modified}) bytes += heap_bytes_of(*text);
  bytes += heap_bytes(vary.fields.capacity() * sizeof(std::string)) + heap_bytes(vary.facts.capacity());
  bytes += heap_bytes(withheld.capacity() * sizeof(std::string));
  for (std::string const& name : vary.fields) bytes += heap_bytes_of(name);
  return bytes;
}

bool may_store(request_facts const& request, answer_facts const& answer, cookie_rule rule) {
  answer_directives const& control = answer.control;
  if (request.what != request_facts::kind::lookup || request.is_head || request.control.no_store) return false;
  // The answer depends on something that is not in the key.
  if (request.has_body || request.has_unkeyed_fields) return false;
  bool const is_final = answer.status >= 200 && answer.status != 206 && answer.status != 304;
  bool const asked_for_less = request.is_conditional() || !request.range.empty();
  if (asked_for_less && answer.status != 200) return false;
  if (answer.status == 412 || answer.status == 416 || answer.status == 417) return false;
  // A demand for credentials concerns only the client that gets it.
  if (!is_final || answer.status == 401 || answer.status == 407) return false;
  if (control.must_understand && !is_understood(answer.status)) return false;
  if (control.no_store && !control.must_understand) return false;
  if (control.is_private || answer.varies_on_anything) return false;
  if (request.authorized && !may_share(control)) return false;
  if (sets_cookie_for_all(answer, control.withheld) && !allows_cookie(answer, rule)) return false;
  if (speaks_of_caches(answer)) return true;
  return is_heuristically_cacheable(answer.status) && !is_somebodys(request, answer.vary);
}

bool is_worth_storing(answer_facts const& answer, freshness const& fresh) {
  return fresh.lifetime_s > fresh.initial_age_s || !answer.etag.empty() || answer.last_modified_s ||
         answer.control.stale_while_revalidate || answer.control.stale_if_error;
}

bool varies_on_unknown(answer_facts const& answer, std::span<std::string const> session_facts) {
  return std::any_of(answer.vary.begin(), answer.vary.end(), [&](std::string const& name) {
    return http::is_internal(name) &&
           std::find(session_facts.begin(), session_facts.end(), name) == session_facts.end();
  });
}

namespace {

bool forbids_storing(answer_facts const& said, storing_rules const& rules) {
  return said.control.no_store || said.control.is_private || said.varies_on_anything ||
         varies_on_unknown(said, rules.session_facts);
}

}

bool is_for_who_asked(request_facts const& request, stored_answer const& merged, answer_facts const& said,
                      storing_rules const& rules) {
  if (merged.may_be_anothers(request)) return true;
  bool const brings_cookie = sets_cookie_for_all(said, merged.withheld) && !allows_cookie(said, rules.set_cookie);
  return brings_cookie && !forbids_storing(said, rules);
}

bool may_stay(request_facts const& request, stored_answer const& merged, answer_facts const& said,
              storing_rules const& rules, moment now) {
  if (forbids_storing(said, rules) || is_for_who_asked(request, merged, said, rules)) return false;
  request_facts as_if = request; // for the complete answer, with GET
  as_if.is_head = false;
  as_if.authorized = request.authorized || merged.authorized;
  as_if.if_match = as_if.if_none_match = as_if.if_modified_since = as_if.if_unmodified_since = as_if.range = {};
  return may_store(as_if, read_again(merged.head, now, rules.targets), rules.set_cookie);
}

std::string outward_vary(answer_facts const& facts, std::span<std::string const> session_facts) {
  if (varies_on_unknown(facts, session_facts)) return "*";
  if (facts.varies_on_anything) return facts.vary.empty() ? "" : "*";
  auto const is_fact = [&](std::string const& name) {
    return std::find(session_facts.begin(), session_facts.end(), name) != session_facts.end();
  };
  if (std::none_of(facts.vary.begin(), facts.vary.end(), is_fact)) return {};
  std::string out = "Authorization";
  for (std::string const& name : facts.vary)
    if (!is_fact(name) && name != "authorization") out.append(", ").append(name);
  return out;
}

stored_answer make_stored(http::message_head const& head, char const* base, answer_facts const& facts,
                          storing_rules const& rules, moment requested, moment now) {
  stored_answer out;
  out.status = head.status;
  fill_in(out, facts, rules, requested, now);
  out.vary = make_vary_spec(facts.vary, rules.session_facts);
  http::append_status_line(out.head, head.status, head.reason.in(base));
  out.withheld = facts.control.withheld;
  make_unique(out.withheld);
  std::vector<std::string> without = out.withheld;
  if (!facts.date_s) without.emplace_back("date"); // there is no valid one
  append_fields(out.head, head, base, facts, without, rules, is_of_the_moment);
  if (!facts.date_s) { // RFC 9110 6.6.1: a recipient with a clock adds it
    http::append_field(out.head, "Date", http_date(now.wall_s));
    out.date_s = now.wall_s;
  }
  out.head.shrink_to_fit();
  return out;
}

stored_answer merge(stored_answer const& old, http::message_head const& head, char const* base,
                    answer_facts const& facts, storing_rules const& rules, moment requested, moment now) {
  stored_answer out;
  out.status = old.status;
  out.body = old.body;
  out.authorized = old.authorized;
  out.withheld = old.withheld;
  out.withheld.insert(out.withheld.end(), facts.control.withheld.begin(), facts.control.withheld.end());
  make_unique(out.withheld);        // or each 304 would add to it
  std::string fresh_lines = "\r\n"; // in the place of a status line
  append_fields(fresh_lines, head, base, facts, out.withheld, rules,
                old.etag.empty() ? keeps_its_own : keeps_its_own_and_etag);
  if (!facts.date_s) http::append_field(fresh_lines, "Date", http_date(now.wall_s)); // of when it came
  http::name_set gone;
  http::for_each_field(fresh_lines, [&](std::string_view name, std::string_view) { gone.add(name); });
  for (std::string const& name : out.withheld) gone.add(name);
  gone.seal();
  out.head = old.head.substr(0, old.head.find("\r\n") + 2);
  http::for_each_field(old.head, [&](std::string_view name, std::string_view value) {
    if (!gone.contains(name)) http::append_field(out.head, name, value);
  });
  out.head.append(fresh_lines, 2);
  answer_facts merged = read_again(out.head, now, rules.targets);
  merged.age_s = facts.age_s;
  if (!facts.date_s) merged.date_s = now.wall_s; // it describes the present
  fill_in(out, merged, rules, requested, now);
  out.etag = old.etag.empty() ? std::string(facts.etag) : old.etag;
  out.last_modified = facts.last_modified.empty() ? old.last_modified : std::string(facts.last_modified);
  out.last_modified_s = facts.last_modified_s ? facts.last_modified_s : old.last_modified_s;
  out.vary = facts.vary.empty() ? old.vary : make_vary_spec(facts.vary, rules.session_facts);
  out.head.shrink_to_fit();
  return out;
}

bool confirms(stored_answer const& stored, answer_facts const& not_modified) {
  // If only the 304 has an entity tag, a weak one alone selects nothing.
  bool const by_tag = !not_modified.etag.empty() && !(is_weak(not_modified.etag) && stored.etag.empty());
  if (by_tag)
    return is_weak(not_modified.etag) ? matches_weakly(not_modified.etag, stored.etag)
                                      : matches_strongly(not_modified.etag, stored.etag);
  if (not_modified.last_modified_s && stored.last_modified_s)
    return *not_modified.last_modified_s == *stored.last_modified_s;
  return true; // without any, it can only be about what was asked for
}

bool agrees(stored_answer const& stored, answer_facts const& head_answer, std::optional<std::uint64_t> length) {
  if (length && *length != stored.body->bytes().size()) return false;
  if (!head_answer.etag.empty() && !matches_weakly(head_answer.etag, stored.etag)) return false;
  return !head_answer.last_modified_s || head_answer.last_modified_s == stored.last_modified_s;
}

namespace {

template<class Keeps>
std::string head_with(std::string_view request_head, Keeps keeps) {
  std::string out(request_head.substr(0, request_head.find("\r\n") + 2));
  http::for_each_field(request_head, [&](std::string_view name, std::string_view value) {
    if (keeps(name)) http::append_field(out, name, value);
  });
  return out.append("\r\n");
}

}

std::string unconditional_head(std::string_view request_head) {
  return head_with(request_head, [](std::string_view name) { return !is_condition(name); });
}

std::string own_head(std::string_view request_head) {
  return head_with(request_head,
                   [](std::string_view name) { return !is_condition(name) && !http::iequals(name, "Lab-Request"); });
}

std::string validating_head(std::string_view request_head, stored_answer const& stored) {
  std::string out = unconditional_head(request_head);
  out.resize(out.size() - 2); // the empty line
  if (!stored.etag.empty()) http::append_field(out, "If-None-Match", stored.etag);
  if (stored.last_modified_s) http::append_field(out, "If-Modified-Since", stored.last_modified);
  return out.append("\r\n");
}

}
