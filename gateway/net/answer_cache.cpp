#include "gateway/net/answer_cache.hpp"

#include <chrono>
#include <ctime>
#include <malloc.h>

namespace gateway::net {
namespace {

/// Of the budget, for what is known of sessions, where answers vary on it.
constexpr std::size_t facts_part = 8;

cache::cache_rules rules_of(cache_settings const& s, std::size_t bytes) {
  cache::cache_rules rules = s.rules;
  rules.bytes = bytes;
  return rules;
}

std::size_t facts_bytes(cache_settings const& s) { return s.session_facts.empty() ? 0 : s.rules.bytes / facts_part; }

}

answer_cache::answer_cache(cache_settings const& s)
  : keys_(http::random_digest_key())
  , targets_(s.targets)
  , cache_(rules_of(s, s.rules.bytes - facts_bytes(s)), keys_)
  , used_(cache_.answers().used())
  , shows_status_(s.shows_status) {
  ::mallopt(M_MMAP_THRESHOLD, static_cast<int>(cache::mapped_from));
  if (!s.session_facts.empty()) facts_.emplace(s.session_facts, s.facts_max_age.count(), facts_bytes(s));
}

void answer_cache::reload(cache_settings const& s) {
  shows_status_.store(s.shows_status, std::memory_order_relaxed);
  std::lock_guard const lock(mutex_);
  cache_.set_rules(s.rules);
}

std::span<std::string const> answer_cache::fact_names() const {
  return facts_ ? facts_->names() : std::span<std::string const>();
}

cache::fact_values answer_cache::read_facts(http::message_head const& head, char const* base) const {
  return facts_->read(head, base, keys_);
}

void answer_cache::learn(http::token_digest const& token, cache::fact_values const& said, cache::moment asked) {
  std::lock_guard const lock(facts_mutex_);
  facts_->learn(token, said, asked);
}

cache::fact_values answer_cache::facts_of(http::token_digest const& token, cache::moment now) {
  std::lock_guard const lock(facts_mutex_);
  return facts_->find(token, now);
}

std::size_t answer_cache::purge(std::string_view key, bool and_below) {
  std::size_t const count = with([&](cache::cache& c) {
    if (!and_below) return c.forget(keys_.resource(key), cache_now());
    return c.forget_if([&](std::string_view stored) { return stored.starts_with(key); }, cache_now());
  });
  counters_.purged.fetch_add(count, std::memory_order_relaxed);
  return count;
}

answer_cache::status answer_cache::snapshot() {
  status out;
  {
    std::lock_guard const lock(mutex_);
    cache::store const& answers = cache_.answers();
    out = {
        .answers = answers.size(), .bytes = answers.bytes(), .budget = answers.budget(), .evicted = answers.evicted()};
  }
  std::lock_guard const lock(facts_mutex_);
  if (facts_) out.sessions = facts_->size();
  return out;
}

cache::moment cache_now() {
  timespec wall{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &wall);
  return {.wall_s = wall.tv_sec,
          .steady_ns =
              std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
                  .count()};
}

}
