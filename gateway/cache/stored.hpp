#pragma once

#include "gateway/cache/byte_counter.hpp"
#include "gateway/cache/conditions.hpp"
#include "gateway/cache/freshness.hpp"
#include "gateway/cache/vary.hpp"
#include "gateway/http/forward.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::cache {

/// An answer's content. Counts in the byte counter until nothing holds it any more: while it is still being sent it
/// outlives its eviction.
class stored_body {
public:
  stored_body(std::shared_ptr<std::string const> bytes, std::shared_ptr<byte_counter> in);
  stored_body(stored_body const&) = delete;
  stored_body& operator=(stored_body const&) = delete;
  ~stored_body();

  std::string_view bytes() const { return *bytes_; }

private:
  std::shared_ptr<std::string const> bytes_;
  std::size_t counted_;
  std::shared_ptr<byte_counter> in_;
};

/// Which answers with Set-Cookie are stored (RFC 9111 7.3): none; those that are `public`; all that state a lifetime.
/// One that withholds the field (`private="Set-Cookie"`, `no-cache="Set-Cookie"`) counts as one without.
enum class cookie_rule : std::uint8_t { never, if_public, if_explicit };

/// As a configuration writes it.
constexpr std::string_view name_of(cookie_rule value) {
  switch (value) {
  case cookie_rule::never:
    return "never";
  case cookie_rule::if_public:
    return "public";
  case cookie_rule::if_explicit:
    return "explicit";
  }
  return {};
}

/// An answer as it may be served again. Immutable, shared with those who send it.
struct stored_answer {
  unsigned status = 200;
  std::string head; // status line and end-to-end fields, without Age and framing
  std::shared_ptr<stored_body const> body;
  freshness fresh;
  std::int64_t requested_ns = 0; // when the request for it was sent
  bool authorized = false;       // its request had Authorization: shared only if it says so (3.5)
  bool guessed = false;          // its lifetime is guessed: it says nothing about caches but Last-Modified
  bool no_cache = false;         // only after validation
  bool forbids_stale = false;    // by must-revalidate, proxy-revalidate, no-cache
  bool has_s_maxage = false;     // which forbids it, too (RFC 9111 5.2.2.10), unless the answer says for how long
  std::int64_t stale_while_revalidate_s = 0;
  std::optional<std::int64_t> stale_if_error_s;
  std::string etag, last_modified; // empty: none
  std::optional<std::int64_t> last_modified_s, date_s;
  vary_spec vary;
  std::vector<std::string> withheld; // lower-case names of fields that are not for everybody

  validators compared() const { return {etag, last_modified, last_modified_s, date_s}; }
  bool can_be_validated() const { return !etag.empty() || last_modified_s; }
  /// Whether it must be validated before this client gets it: its lifetime is guessed, and the client says who it is by
  /// a field that did not select the answer.
  bool may_be_anothers(request_facts const& request) const;
  /// Its bytes without the body.
  std::size_t footprint() const;
};

/// How a head is changed on its way into the store.
struct storing_rules {
  http::answer_forwarding forwarding;           // how Location is rewritten, whether HSTS is replaced
  std::span<std::string const> session_facts{}; // names, lower-case
  std::span<std::string const> targets{};       // as read_answer has them
  heuristic guess;
  cookie_rule set_cookie = cookie_rule::if_public;
};

/// Whether an answer to this request may be stored for others (RFC 9111 3, 3.5); its own fields decide. One that sets a
/// cookie must explicitly allow it, by `rule` (7.3), and so must one to a client that says who it is.
bool may_store(request_facts const& request, answer_facts const& answer, cookie_rule rule = cookie_rule::if_public);

/// Whether Vary names a field between balancers and proxies that is not a session fact here: then it cannot be
/// determined whom the answer is for.
bool varies_on_unknown(answer_facts const& answer, std::span<std::string const> session_facts);

/// Whether storing it could ever be of use: it is fresh for a while, or can be validated.
bool is_worth_storing(answer_facts const& answer, freshness const& fresh);

/// The answer without its body. `requested`: when the request for it was sent.
stored_answer make_stored(http::message_head const& head, char const* base, answer_facts const& facts,
                          storing_rules const& rules, moment requested, moment now);

/// `old` updated by a 304 or an answer to HEAD (RFC 9111 3.2); shares the body. What that says may be only for the
/// client that asked: see `may_stay`.
stored_answer merge(stored_answer const& old, http::message_head const& head, char const* base,
                    answer_facts const& facts, storing_rules const& rules, moment requested, moment now);

/// Whether what a 304 or an answer to HEAD said is only for the client that asked, so that what is stored stays
/// unchanged for all others: its lifetime is guessed and the client says who it is; or it sets a cookie without itself
/// saying, by the rule for these, that it is for everybody. What the stored answer said concerned its own fields (7.3).
/// Not if storing it is forbidden.
bool is_for_who_asked(request_facts const& request, stored_answer const& merged, answer_facts const& said,
                      storing_rules const& rules);

/// Whether a merged answer may be stored again: what the 304 or the answer to HEAD said, and the merged fields, both
/// meet all that is required of a new answer (3, 3.5).
bool may_stay(request_facts const& request, stored_answer const& merged, answer_facts const& said,
              storing_rules const& rules, moment now);

/// Whether a 304 is about `stored` (RFC 9111 4.3.4): a strong validator that differs says that it is not.
bool confirms(stored_answer const& stored, answer_facts const& not_modified);

/// Whether an answer to HEAD shows that what is stored for GET is still so (RFC 9111 4.3.5).
bool agrees(stored_answer const& stored, answer_facts const& head_answer, std::optional<std::uint64_t> length);

/// `request_head` (as an upstream gets it) with the stored validators in place of the client's conditions and range
/// (RFC 9111 4.3.1).
std::string validating_head(std::string_view request_head, stored_answer const& stored);
/// The same without any condition or range, to fetch the complete answer.
std::string unconditional_head(std::string_view request_head);

/// The same for the gateway's own request, which must not be counted as a client's: without Lab-Request.
std::string own_head(std::string_view request_head);

/// Vary for clients and caches further on: names of session facts mean nothing there, so Authorization stands for them.
/// Empty if it need not change.
std::string outward_vary(answer_facts const& facts, std::span<std::string const> session_facts);

}
