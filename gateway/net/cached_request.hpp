#pragma once

#include "gateway/cache/cache.hpp"
#include "gateway/cache/content.hpp"
#include "gateway/http/head_parser.hpp"
#include "gateway/net/answer_cache.hpp"
#include "gateway/net/upstream_connection.hpp"
#include "gateway/net/worker.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::net {

/// One request's dealings with the cache: what is stored for it, what it brings home for others. Ends the fetch that it
/// leads, whatever becomes of it. One thread.
class cached_request {
public:
  /// `token`: of the request, nullptr without.
  cached_request(worker& w, http::message_head const& head, char const* base, http::request_summary const& summary,
                 std::string_view scheme, bool has_body, http::token_digest const* token);
  cached_request(cached_request const&) = delete;
  cached_request& operator=(cached_request const&) = delete;
  ~cached_request();

  /// What becomes of it. `head`: as the upstream would get it; it stays as it is. `may_wait` as cache::question has it.
  cache::decision const& ask(std::string_view head, bool may_wait);
  /// What was served is to be validated, by an exchange of the gateway's own (RFC 5861 3) that this is for from now on.
  void begin_refresh(std::string_view head);

  /// The head to send: with conditions, or without the client's, where the answer is for others too.
  std::string_view upstream_head();

  /// What becomes of the upstream's answer.
  enum class course : std::uint8_t {
    pass,  // it goes on to the client, and past the cache or into it with `take`
    serve, // what is stored is served: it was confirmed, or the upstream has an error
    again  // the answer is about something else: ask once more, for the whole
  };
  course on_answer(upstream_connection const& from);
  bool is_storing() const { return storing_.has_value(); }
  /// The content of an answer that is stored, as far as it was taken; nullptr if it never was to be stored. It stays
  /// complete from its beginning even if the store has no room for it after all.
  std::shared_ptr<cache::growing_content const> content() const { return content_; }
  void forget_content() { content_.reset(); }
  /// The content broke off.
  void give_up() { stop_storing(cache::landing::failed); }
  /// Takes what has come of the content, as long as it is to be stored; nullptr: its connection is gone. What follows.
  upstream_connection::body_state take_from(upstream_connection* from);
  /// No upstream answers: whether what is stored may be served instead. A fetch that was led is over.
  bool on_failure() { return may_serve_instead(true); }

  /// What is said of the answer (RFC 9211).
  std::string cache_status(cache::moment now) const;
  cache::decision const& decided() const { return decision_; }
  cache::request_facts const& request() const { return request_; }
  /// Vary as it goes on; empty: as the upstream has it.
  std::string const& vary() const { return vary_; }

private:
  bool may_serve_instead(bool unreachable);
  cache::fact_values known_facts(cache::moment now);
  void learn_facts(http::message_head const& head, char const* base);
  course on_not_modified(cache::answer_facts const& facts, http::message_head const& head, char const* base,
                         cache::storing_rules const& rules, cache::moment now);
  bool concerns(cache::fact_values const& facts) const;
  void begin_storing(cache::answer_facts const& facts, http::message_head const& head, char const* base,
                     cache::storing_rules const& rules, std::optional<std::uint64_t> length, cache::moment now);
  void take(std::string_view piece);
  void complete();
  void forget_stored();
  void stop_storing(cache::landing how);
  void on_head_answer(cache::answer_facts const& facts, http::message_head const& head, char const* base,
                      cache::storing_rules const& rules, std::optional<std::uint64_t> length, cache::moment now);
  void invalidate(http::message_head const& head, char const* base, cache::moment now);
  void put_merged(std::shared_ptr<cache::stored_answer const> merged);
  void land(cache::landing how);

  struct storing {
    cache::stored_answer answer;
    http::token_digest variant;
  };

  worker& worker_;
  answer_cache& cache_;
  cache::request_facts request_;
  std::string key_;
  http::token_digest resource_;
  std::optional<http::token_digest> token_;
  std::string_view head_;
  std::string own_head_; // that `upstream_head` made
  cache::moment asked_;
  cache::decision decision_;
  cache::fact_values said_{}; // facts in the answer
  std::optional<storing> storing_;
  std::shared_ptr<cache::growing_content> content_;
  std::vector<std::string_view> pieces_;
  std::string vary_;
  unsigned forward_status_ = 0;
  bool waited_ = false;
  bool confirmed_ = false;
};

}
