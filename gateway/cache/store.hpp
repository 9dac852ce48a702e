#pragma once

#include "gateway/cache/stored.hpp"
#include "gateway/http/digest.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::cache {

/// Stored answers within a budget of actual bytes; evicts the least recently used. An answer that is still being sent
/// is not evicted, since that would free nothing, and counts until it is sent. Not thread-safe.
///
/// A resource (one URI) has variants (one answer for each set of values that its answers vary on).
class store {
public:
  using answer_ptr = std::shared_ptr<stored_answer const>;

  /// `budget`: bytes for all that the store holds, answers that are still being fetched included.
  store(std::size_t budget, variant_keys const& keys);
  store(store const&) = delete;
  store& operator=(store const&) = delete;
  ~store();

  struct found {
    answer_ptr answer;            // nullptr: none for this request
    http::token_digest variant{}; // of the answer; without one, of what a fetch would bring, as far as is known
    bool knows_resource = false;
    bool lacks_facts = false; // there are answers that vary on a fact that is not known for this token's session
  };
  /// The answer that this request may get: fresh rather than stale, then as RFC 9111 4.1 prefers. It becomes the most
  /// recently used.
  found find(http::token_digest const& resource, std::string_view key, std::string_view head, fact_values const& facts,
             moment now);

  /// Makes room for `bytes` more; false if there is none.
  bool make_room(std::size_t bytes);
  /// The same, and counts them.
  bool reserve(std::size_t bytes);
  void release(std::size_t bytes);

  /// Stores an answer in place of what was stored for the same variant. False if it does not fit, or if its request is
  /// older than that of what is stored.
  bool put(http::token_digest const& resource, std::string_view key, http::token_digest const& variant,
           answer_ptr answer);
  /// Forgets all answers of a resource; returns how many.
  std::size_t erase(http::token_digest const& resource);
  void erase_variant(http::token_digest const& variant);
  /// Forgets those whose key `matches` accepts; looks at every resource.
  std::size_t erase_if(std::function<bool(std::string_view key)> const& matches);

  variant_keys const& keys() const { return keys_; }
  std::shared_ptr<byte_counter> const& used() const { return used_; }
  std::size_t bytes() const { return used_->bytes.load(std::memory_order_relaxed); }
  std::size_t budget() const { return budget_; }
  std::size_t size() const { return variants_.size(); }
  std::uint64_t evicted() const { return evicted_; }

private:
  struct by_use_tag;
  struct by_resource_tag;
  template<class Tag>
  using hook = boost::intrusive::list_base_hook<boost::intrusive::tag<Tag>>;
  struct variant : hook<by_use_tag>, hook<by_resource_tag> {
    http::token_digest id, resource;
    answer_ptr answer;
    std::size_t counted = 0;
  };
  template<class Tag>
  using list = boost::intrusive::list<variant, boost::intrusive::base_hook<hook<Tag>>>;
  struct resource {
    std::string key;
    std::vector<vary_spec> specs; // that its answers have, the latest first
    list<by_resource_tag> variants;
    std::size_t counted = 0;
  };
  template<class T>
  using by_digest = boost::unordered_flat_map<http::token_digest, std::unique_ptr<T>, http::token_digest_hash>;

  static std::size_t footprint(resource const& r);
  void note_spec(resource& r, vary_spec const& spec);
  void recount(resource& r);
  void erase(variant& v);
  bool evict_one();

  std::size_t budget_;
  variant_keys keys_;
  std::shared_ptr<byte_counter> used_ = std::make_shared<byte_counter>();
  by_digest<resource> resources_;
  by_digest<variant> variants_;
  list<by_use_tag> by_use_; // the most recent first
  std::uint64_t evicted_ = 0;
};

}
