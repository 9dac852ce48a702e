#include "gateway/cache/shared_cache.hpp"

#include <utility>

namespace gateway::cache {
namespace {

/// One part in so many of the budget is for session facts, if any are configured.
constexpr std::size_t facts_part = 8;

std::size_t facts_bytes(cache_settings const& s) { return s.session_facts.empty() ? 0 : s.rules.bytes / facts_part; }

cache_rules rules_of(cache_settings const& s) {
  cache_rules rules = s.rules;
  rules.bytes -= facts_bytes(s);
  return rules;
}

}

shared_cache::shared_cache(cache_settings const& s, http::digest_key const& key, cache_locks locks)
  : locks_(std::move(locks))
  , keys_(key)
  , targets_(s.targets)
  , ignored_inputs_(s.ignored_inputs)
  , cache_(rules_of(s), keys_)
  , used_(cache_.answers().used())
  , shows_status_(s.shows_status) {
  if (!s.session_facts.empty()) facts_.emplace(s.session_facts, s.facts_max_age.count(), facts_bytes(s));
}

void shared_cache::reload(cache_settings const& s) {
  shows_status_.store(s.shows_status, std::memory_order_relaxed);
  std::lock_guard const lock(*locks_.answers);
  cache_.set_rules(s.rules);
}

std::span<std::string const> shared_cache::fact_names() const {
  return facts_ ? facts_->names() : std::span<std::string const>();
}

fact_values shared_cache::read_facts(http::message_head const& head, char const* base) const {
  return facts_->read(head, base, keys_);
}

void shared_cache::learn(http::token_digest const& token, fact_values const& said, moment asked) {
  std::lock_guard const lock(*locks_.facts);
  facts_->learn(token, said, asked);
}

fact_values shared_cache::facts_of(http::token_digest const& token, moment now) {
  std::lock_guard const lock(*locks_.facts);
  return facts_->find(token, now);
}

std::size_t shared_cache::purge(std::string_view key, bool and_below, moment now) {
  std::size_t const count = with([&](cache& c) {
    if (!and_below) return c.forget(keys_.resource(key), now);
    return c.forget_if([&](std::string_view stored) { return stored.starts_with(key); }, now);
  });
  counters_.purged.fetch_add(count, std::memory_order_relaxed);
  return count;
}

shared_cache::status shared_cache::snapshot() {
  status out;
  {
    std::lock_guard const lock(*locks_.answers);
    store const& answers = cache_.answers();
    out = {
        .answers = answers.size(), .bytes = answers.bytes(), .budget = answers.budget(), .evicted = answers.evicted()};
  }
  std::lock_guard const lock(*locks_.facts);
  if (facts_) out.sessions = facts_->size();
  return out;
}

}
