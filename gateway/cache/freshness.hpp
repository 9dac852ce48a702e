#pragma once

#include "gateway/cache/directives.hpp"
#include "gateway/cache/moment.hpp"
#include "gateway/http/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::cache {

/// What an answer's head says to a cache. Views point into the head.
struct answer_facts {
  unsigned status = 0;
  answer_directives control;
  std::optional<std::int64_t> date_s;
  std::optional<std::int64_t> last_modified_s;
  std::optional<std::int64_t> expires_s; // not a valid date: long ago (RFC 9111 5.3)
  std::int64_t age_s = 0;
  std::string_view etag, last_modified; // verbatim; empty without
  std::vector<std::string> vary;        // names, lower-case
  bool varies_on_anything = false;      // Vary: *
  bool sets_cookie = false;
};
/// `targets`: lower-case names of the fields meant for this cache, most important first: the first that is present and
/// valid replaces Cache-Control and Expires (RFC 9213 2.2).
answer_facts read_answer(http::message_head const& head, char const* base, moment now,
                         std::span<std::string const> targets);

/// How an answer without a stated lifetime gets one (RFC 9111 4.2.2): a part of the time since it was last modified.
struct heuristic {
  double fraction = 0.1;
  std::int64_t at_most_s = 86'400;
};

/// How old an answer is, and how old it may become.
struct freshness {
  std::int64_t lifetime_s = 0;    // below 0 if it was already stale when it was sent
  std::int64_t initial_age_s = 0; // when it came (RFC 9111 4.2.3: corrected_initial_age)
  std::int64_t received_ns = 0;

  std::int64_t age_ns(moment now) const { return initial_age_s * second_ns + (now.steady_ns - received_ns); }
  std::int64_t age_s(moment now) const { return age_ns(now) / second_ns; }
  /// For how long it will be fresh, or (negative) has been stale.
  std::int64_t left_ns(moment now) const { return lifetime_s * second_ns - age_ns(now); }
  bool is_fresh(moment now) const { return left_ns(now) > 0; }
};

/// `requested`: when its request was sent.
freshness freshness_of(answer_facts const& answer, heuristic const& h, moment requested, moment now);

/// Whether the lifetime of an answer with this status may be guessed (RFC 9110 15.1).
bool is_heuristically_cacheable(unsigned status);

}
