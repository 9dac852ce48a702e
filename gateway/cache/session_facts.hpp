#pragma once

#include "gateway/cache/moment.hpp"
#include "gateway/cache/packed_time.hpp"
#include "gateway/cache/vary.hpp"
#include "gateway/http/digest.hpp"
#include "gateway/http/head_parser.hpp"
#include "gateway/routing/token_map.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace gateway::cache {

/// What the cluster said of each token's session: in answers of the proxy that has it, never in requests. Bounded, the
/// least recently used go first. Not thread-safe.
class session_facts {
public:
  /// `names`: the answer fields that carry facts, lower-case, at most `most_session_facts`. What is said holds for
  /// `max_age_ns` from when the request was sent that it was said in answer to.
  session_facts(std::vector<std::string> names, std::int64_t max_age_ns, std::size_t budget);

  std::span<std::string const> names() const { return names_; }

  /// The facts in an answer's head; those that it does not state are 0. One in several lines is all of these.
  fact_values read(http::message_head const& head, char const* base, variant_keys const& keys) const;

  /// Keeps what an answer stated, unless a request that was sent later taught something already. An answer without any
  /// fact teaches nothing.
  void learn(http::token_digest const& token, fact_values const& said, moment asked);

  /// What is known of a token's session and still holds; all 0 if nothing.
  fact_values find(http::token_digest const& token, moment now);

  std::size_t size() const { return map_.size(); }

private:
  /// Of 32-bit parts, as the map wants it.
  struct known {
    std::uint32_t values[2 * most_session_facts];
    packed_time asked_ms;
  };
  using map = routing::token_map<http::token_digest, known, http::token_digest_hash>;

  std::vector<std::string> names_;
  std::int64_t max_age_ms_;
  map map_;
};

}
