#pragma once

#include "gateway/cache/content.hpp"
#include "gateway/cache/shared_cache.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::cache {

/// The environment of transactions: their clock, and the waiting requests.
class environment {
public:
  virtual moment now() const = 0;
  /// How heads change on their way to clients, as far as it changes what is stored.
  virtual http::answer_forwarding forwarding() const = 0;
  /// A fetch that requests wait for is over.
  virtual void fetch_completed(http::token_digest const& variant, fetch_outcome how) = 0;

protected:
  ~environment() = default;
};

/// One request's use of the cache: what is stored for it, and what its answer adds for others. Sans-I/O: the code that
/// carries the request calls `ask`, sends `upstream_head` if so decided, and reports what comes back. Ends the fetch
/// that it leads, whatever the outcome. Not thread-safe; the cache and the environment outlive it.
class transaction {
public:
  /// `token`: the request's, nullptr without.
  transaction(shared_cache& all, environment& place, http::message_head const& head, char const* base,
              http::request_summary const& summary, std::string_view scheme, bool has_body,
              http::token_digest const* token);
  transaction(transaction const&) = delete;
  transaction& operator=(transaction const&) = delete;
  ~transaction();

  /// Decides about the request. `head`: as the upstream would get it; must stay unchanged. `may_wait`: see
  /// cache::question.
  decision const& ask(std::string_view head, bool may_wait);
  /// What was served is to be validated by an exchange of the gateway's own (RFC 5861 3); from now on this transaction
  /// belongs to that.
  void begin_refresh();

  /// The request's own head, as it was asked about.
  std::string_view head() const { return head_; }
  /// The head to send: with conditions, or without the client's, where the answer is for others too.
  std::string_view upstream_head();

  /// The upstream has named another target: the answer is neither stored nor does it validate what is, and no request
  /// waits for it. Returns the request's own head.
  std::string_view answers_elsewhere();

  /// What to do with the upstream's answer.
  enum class course : std::uint8_t {
    pass,  // pass it on to the client; whether or not it is stored, give its content to `take`
    serve, // serve what is stored: it was validated, or the upstream has an error
    again  // the answer is about something else: ask again, for the complete answer
  };
  /// `length`: of its content, if stated.
  course on_answer(http::message_head const& head, char const* base, std::optional<std::uint64_t> length);
  bool is_storing() const { return storing_.has_value(); }
  /// Some of the content of an answer that is stored; `complete` after the last of it.
  void take(std::string_view piece);
  void complete();
  /// The content broke off.
  void give_up() { stop_storing(fetch_outcome::failed); }
  /// The content, as far as it was taken, of an answer that is being stored; nullptr if it was never to be stored. It
  /// remains complete from its beginning even if the store turns out to have no room for it.
  std::shared_ptr<growing_content const> content() const { return content_; }
  void forget_content() { content_.reset(); }
  /// No upstream answers: whether what is stored may be served instead. A fetch that was led is over.
  bool on_failure() { return may_serve_instead(true); }

  /// The answer's Cache-Status (RFC 9211).
  std::string cache_status(moment now) const;
  decision const& decided() const { return decision_; }
  /// What is stored was found to hold still, by the upstream's answer.
  bool confirmed() const { return confirmed_; }
  request_facts const& request() const { return request_; }
  /// Vary for the client; empty: the upstream's.
  std::string const& vary() const { return vary_; }

private:
  bool may_serve_instead(bool unreachable);
  fact_values known_facts(moment now);
  void learn_facts(http::message_head const& head, char const* base);
  storing_rules rules();
  course on_not_modified(answer_facts const& facts, http::message_head const& head, char const* base, moment now);
  bool concerns(fact_values const& facts) const;
  void begin_storing(answer_facts const& facts, http::message_head const& head, char const* base,
                     std::optional<std::uint64_t> length, moment now);
  void forget_stored();
  void stop_storing(fetch_outcome how);
  void on_head_answer(answer_facts const& facts, http::message_head const& head, char const* base,
                      std::optional<std::uint64_t> length, moment now);
  void invalidate(http::message_head const& head, char const* base, moment now);
  void put_merged(std::shared_ptr<stored_answer const> merged);
  void complete_fetch(fetch_outcome how);

  struct storing {
    stored_answer answer;
    http::token_digest variant;
  };

  shared_cache& cache_;
  environment& place_;
  request_facts request_;
  std::string key_;
  http::token_digest resource_;
  std::optional<http::token_digest> token_;
  std::string_view head_;
  std::string refresh_head_;
  std::string own_head_; // that `upstream_head` made
  moment asked_;
  decision decision_;
  fact_values said_{}; // facts in the answer
  std::optional<storing> storing_;
  std::shared_ptr<growing_content> content_;
  std::string vary_;
  unsigned forward_status_ = 0;
  bool waited_ = false;
  bool confirmed_ = false;
  bool elsewhere_ = false; // the answer is another target's
};

}
