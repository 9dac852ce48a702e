#include "gateway/cache/cache.hpp"

#include <algorithm>
#include <utility>

namespace gateway::cache {
namespace {

/// One part in so many of the budget is for resources that nobody waits for, another for those that were forgotten.
constexpr std::size_t pass_part = 64;

std::uint32_t seconds_of(std::int64_t ns) { return static_cast<std::uint32_t>(ns / second_ns); }

}

std::string_view name_of(forwarded why) {
  switch (why) {
  case forwarded::no:
    break;
  case forwarded::bypass:
    return "bypass";
  case forwarded::method:
    return "method";
  case forwarded::uri_miss:
    return "uri-miss";
  case forwarded::vary_miss:
    return "vary-miss";
  case forwarded::request:
    return "request";
  case forwarded::stale:
    return "stale";
  case forwarded::partial:
    return "partial";
  }
  return {};
}

cache::cache(cache_rules const& rules, variant_keys const& keys)
  : rules_(rules)
  , store_(rules.bytes - 2 * (rules.bytes / pass_part), keys)
  , passes_(pass_map::with_budget(rules.bytes / pass_part))
  , forgotten_(forgotten_map::with_budget(rules.bytes / pass_part)) {}

void cache::set_rules(cache_rules const& rules) {
  std::size_t const bytes = rules_.bytes;
  rules_ = rules;
  rules_.bytes = bytes;
}

// Why a stored answer may not be served without asking; `no`: it may.
forwarded cache::unusable(request_facts const& request, stored_answer const& stored, moment now) const {
  if (stored.no_cache) return forwarded::stale;
  if (stored.may_be_anothers(request)) return forwarded::request;
  request_directives const& asked = request.control;
  bool const obey = rules_.obey_clients;
  if (obey && asked.no_cache) return forwarded::request;
  std::int64_t const left_ns = stored.fresh.left_ns(now);
  if (obey && asked.max_age && stored.fresh.age_ns(now) > *asked.max_age * second_ns &&
      !(asked.max_stale && left_ns <= 0))
    return forwarded::request;
  if (obey && asked.min_fresh && left_ns < *asked.min_fresh * second_ns) return forwarded::request;
  if (left_ns <= 0) return forwarded::stale;
  return forwarded::no;
}

// To a client that allows it (RFC 9111 5.2.1.2).
bool cache::may_serve_stale(request_facts const& request, stored_answer const& stored, moment now) const {
  if (!rules_.obey_clients || !request.control.max_stale || stored.forbids_stale || stored.has_s_maxage) return false;
  return -stored.fresh.left_ns(now) <= *request.control.max_stale * second_ns;
}

bool cache::may_serve_on_error(stored_answer const& stored, bool unreachable, moment now) const {
  if (stored.forbids_stale) return false;
  if (stored.has_s_maxage && !stored.stale_if_error_s) return false;
  std::int64_t const ours_s =
      unreachable ? std::max(rules_.stale_if_unreachable_s, rules_.stale_if_error_s) : rules_.stale_if_error_s;
  return -stored.fresh.left_ns(now) <= stored.stale_if_error_s.value_or(ours_s) * second_ns;
}

bool cache::is_passed(http::token_digest const& resource, moment now) {
  passed const* const known = passes_.find(resource);
  return known && known->until_s > seconds_of(now.steady_ns);
}

void cache::pass(http::token_digest const& resource, moment now) {
  passes_.learn(resource, {seconds_of(now.steady_ns + rules_.pass_for_ns) + 1});
}

// The request becomes the one that others wait for, or waits itself.
void cache::lead(decision& out, question const& q, bool may_share, moment now) {
  if (!may_share || is_passed(q.resource, now)) return;
  auto const [at, is_first] = fetches_.emplace(out.variant, false);
  out.leads = is_first;
  if (is_first || !q.may_wait) return;
  at->second = true;
  out.what = decision::kind::wait;
}

bool cache::keep(http::token_digest const& resource, std::string_view key, http::token_digest const& variant,
                 store::answer_ptr answer) {
  std::int64_t since_ns = all_forgotten_ns_;
  if (packed_time const* const at = forgotten_.peek(resource)) since_ns = std::max(since_ns, at->get());
  return answer->requested_ns > since_ns && store_.put(resource, key, variant, std::move(answer));
}

std::size_t cache::forget(http::token_digest const& resource, moment now) {
  forgotten_.learn(resource, packed_time::of(now.steady_ns));
  return store_.erase(resource);
}

std::size_t cache::forget_if(std::function<bool(std::string_view key)> const& matches, moment now) {
  all_forgotten_ns_ = now.steady_ns;
  return store_.erase_if(matches);
}

bool cache::complete_fetch(http::token_digest const& variant) {
  auto const at = fetches_.find(variant);
  if (at == fetches_.end()) return false;
  bool const awaited = at->second;
  fetches_.erase(at);
  return awaited;
}

decision cache::ask(question const& q, moment now) {
  decision out;
  request_facts const& request = q.request;
  if (request.what != request_facts::kind::lookup || request.has_body) {
    out.why = request.has_body && request.what == request_facts::kind::lookup ? forwarded::bypass : forwarded::method;
    return out;
  }
  store::found const found = store_.find(q.resource, q.key, q.head, q.facts, now);
  out.variant = found.variant;
  bool const only_if_cached = request.control.only_if_cached && rules_.obey_clients;
  // A partial or conditional answer is of no use to others, nor is one to HEAD to a GET.
  bool const is_plain = !request.is_head && !request.is_conditional() && request.range.empty();
  bool const no_store = request.control.no_store;
  bool const may_share = is_plain && !no_store && !request.has_unkeyed_fields;
  if (!found.answer) {
    if (only_if_cached) {
      out.what = decision::kind::unavailable;
      return out;
    }
    out.why = found.knows_resource ? forwarded::vary_miss : forwarded::uri_miss;
    lead(out, q, may_share && !found.lacks_facts, now);
    return out;
  }
  stored_answer const& stored = *found.answer;
  out.why = unusable(request, stored, now);
  bool const as_it_is = out.why == forwarded::no ||
                        (out.why == forwarded::stale && !stored.no_cache && may_serve_stale(request, stored, now));
  if (as_it_is) {
    out = {.what = decision::kind::answer, .stored = found.answer};
    return out;
  }
  bool const takes_stale = !rules_.obey_clients || !request.control.max_age; // RFC 9111 5.2.1.1
  bool const while_asking = out.why == forwarded::stale && takes_stale && !stored.forbids_stale &&
                            -stored.fresh.left_ns(now) < stored.stale_while_revalidate_s * second_ns;
  if (while_asking) {
    out = {.what = decision::kind::answer, .stored = found.answer, .variant = found.variant};
    if (request.is_head || no_store || request.has_unkeyed_fields) return out; // its answer could not be stored
    out.refresh = out.leads = fetches_.emplace(found.variant, false).second;
    return out;
  }
  if (only_if_cached) {
    out.what = decision::kind::unavailable;
    return out;
  }
  out.stored = found.answer;
  if (request.is_head || no_store || request.has_unkeyed_fields) return out;
  if (stored.can_be_validated()) out.what = decision::kind::validate;
  lead(out, q, true, now);
  return out;
}

}
