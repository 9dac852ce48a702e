#pragma once

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace gateway::routing {

/// Bounded map from tokens to what was learnt about them, with exact LRU eviction. The capacity is fixed at
/// construction so that entries and index together stay within a budget of real bytes. Not thread-safe.
///
/// `Key` is a digest (live) or a dense id (virtual), `Payload` small and trivially copyable. `Hash` is a stateless,
/// well-mixing function object.
template<class Key, class Payload, class Hash>
class token_map {
public:
  using hash_type = Hash;

  /// The largest map that fits into `budget_bytes`; at least one entry.
  static token_map with_budget(std::size_t budget_bytes) { return token_map(capacity_for(budget_bytes)); }

  /// Entries of the largest map that fits into `budget` bytes; at least one.
  static std::size_t capacity_for(std::size_t budget) {
    std::size_t low = 1;
    std::size_t high = budget / sizeof(entry) + 1;
    while (low + 1 < high) {
      std::size_t const middle = low + (high - low) / 2;
      (bytes_for(middle) <= budget ? low : high) = middle;
    }
    return low;
  }

  explicit token_map(std::size_t capacity)
    : entries_(std::make_unique<std::vector<entry>>())
    , capacity_(capacity)
    , index_(0, index_hash{entries_.get()}, index_equal{entries_.get()}) {
    entries_->reserve(capacity_);
    index_.reserve(capacity_);
  }

  /// What is known of `key`, which becomes the most recently used; nullptr if nothing. Valid until the next `learn`.
  Payload const* find(Key const& key) {
    auto const found = index_.find(key);
    if (found == index_.end()) return nullptr;
    touch(*found);
    return &(*entries_)[*found].payload;
  }

  /// The same without making it recently used.
  Payload const* peek(Key const& key) const {
    auto const found = index_.find(key);
    return found == index_.end() ? nullptr : &(*entries_)[*found].payload;
  }

  struct learnt {
    bool added = false;   // the key was not there before
    bool evicted = false; // the least recently used entry had to go
  };

  /// Writes `payload` for `key`, which becomes the most recently used.
  learnt learn(Key const& key, Payload const& payload) {
    auto const found = index_.find(key);
    if (found != index_.end()) {
      (*entries_)[*found].payload = payload;
      touch(*found);
      return {};
    }
    bool const full = index_.size() == capacity_;
    if (full) erase_slot(oldest_);
    std::uint32_t const slot = take_slot();
    (*entries_)[slot].key = key;
    (*entries_)[slot].payload = payload;
    link_newest(slot);
    index_.insert(slot);
    return {true, full};
  }

  /// Forgets `key`; returns whether it was known.
  bool forget(Key const& key) {
    auto const found = index_.find(key);
    if (found == index_.end()) return false;
    erase_slot(*found);
    return true;
  }

  std::size_t size() const { return index_.size(); }
  std::size_t capacity() const { return capacity_; }

  /// Bytes that the map holds at its full capacity: what the budget bounds.
  std::size_t bytes() const { return bytes_for(capacity_); }

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct entry {
    Key key;
    Payload payload;
    std::uint32_t newer; // towards the most recently used; on the free list: the next free slot
    std::uint32_t older;
  };

  // The index holds slot numbers only; keys are compared in place.
  struct index_hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::vector<entry> const* entries = nullptr;
    std::size_t operator()(std::uint32_t slot) const noexcept { return Hash{}((*entries)[slot].key); }
    std::size_t operator()(Key const& key) const noexcept { return Hash{}(key); }
  };
  struct index_equal {
    using is_transparent = void;
    std::vector<entry> const* entries = nullptr;
    bool operator()(std::uint32_t a, std::uint32_t b) const noexcept { return a == b; }
    bool operator()(Key const& key, std::uint32_t slot) const noexcept { return key == (*entries)[slot].key; }
    bool operator()(std::uint32_t slot, Key const& key) const noexcept { return key == (*entries)[slot].key; }
  };
  static_assert(!std::is_same_v<Key, std::uint32_t>, "a key that is a plain integer could not be told from a slot");

  // Counts what the index asks for, so that the budget is about real bytes and not about a model of the library.
  template<class T>
  struct counting_allocator {
    using value_type = T;
    std::size_t* counted;
    explicit counting_allocator(std::size_t* bytes)
      : counted(bytes) {}
    template<class U>
    counting_allocator(counting_allocator<U> const& other)
      : counted(other.counted) {}
    T* allocate(std::size_t n) {
      *counted += n * sizeof(T);
      return std::allocator<T>{}.allocate(n);
    }
    void deallocate(T* p, std::size_t n) { std::allocator<T>{}.deallocate(p, n); }
    template<class U>
    bool operator==(counting_allocator<U> const& other) const {
      return counted == other.counted;
    }
  };

  static std::size_t bytes_for(std::size_t capacity) {
    std::size_t index_bytes = 0;
    {
      boost::unordered_flat_set<std::uint32_t, index_hash, index_equal, counting_allocator<std::uint32_t>> sample(
          0, index_hash{}, index_equal{}, counting_allocator<std::uint32_t>(&index_bytes));
      index_bytes = 0;
      sample.reserve(capacity);
    }
    return index_bytes + capacity * sizeof(entry);
  }

  std::uint32_t take_slot() {
    if (free_ != none) {
      std::uint32_t const slot = free_;
      free_ = (*entries_)[slot].newer;
      return slot;
    }
    entries_->push_back({});
    return static_cast<std::uint32_t>(entries_->size() - 1);
  }

  void erase_slot(std::uint32_t slot) {
    index_.erase(slot);
    unlink(slot);
    (*entries_)[slot].newer = free_;
    free_ = slot;
  }

  void unlink(std::uint32_t slot) {
    entry const& e = (*entries_)[slot];
    (e.newer == none ? newest_ : (*entries_)[e.newer].older) = e.older;
    (e.older == none ? oldest_ : (*entries_)[e.older].newer) = e.newer;
  }

  void link_newest(std::uint32_t slot) {
    entry& e = (*entries_)[slot];
    e.newer = none;
    e.older = newest_;
    (newest_ == none ? oldest_ : (*entries_)[newest_].newer) = slot;
    newest_ = slot;
  }

  void touch(std::uint32_t slot) {
    if (slot == newest_) return;
    unlink(slot);
    link_newest(slot);
  }

  std::unique_ptr<std::vector<entry>> entries_; // on the heap: the index's functions point to it
  std::size_t capacity_;
  boost::unordered_flat_set<std::uint32_t, index_hash, index_equal> index_;
  std::uint32_t newest_ = none;
  std::uint32_t oldest_ = none;
  std::uint32_t free_ = none;
};

}
