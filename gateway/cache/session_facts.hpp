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

/// What the cluster said about each token's session: taken from answers of the proxy that holds it, never from
/// requests. Bounded; evicts the least recently used. Not thread-safe.
class session_facts {
public:
  /// `names`: the answer fields that carry facts, lower-case, at most `most_session_facts`. A fact is valid for
  /// `max_age_ns` from when the request was sent whose answer stated it.
  session_facts(std::vector<std::string> names, std::int64_t max_age_ns, std::size_t budget);

  std::span<std::string const> names() const { return names_; }

  /// The facts in an answer's head; those that it does not state are 0. A fact in several lines has all of their
  /// values.
  fact_values read(http::message_head const& head, char const* base, variant_keys const& keys) const;

  /// Keeps what an answer stated, unless a later request has already taught something. An answer without facts teaches
  /// nothing.
  void learn(http::token_digest const& token, fact_values const& said, moment asked);

  /// What is known about a token's session and still valid; all 0 if nothing.
  fact_values find(http::token_digest const& token, moment now);

  std::size_t size() const { return map_.size(); }

private:
  /// Made of 32-bit parts, as the map requires.
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
