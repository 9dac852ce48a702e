#pragma once

#include "base/contract/expects.hpp"
#include "base/memory/home_order.hpp"
#include "base/memory/prefetch.hpp"
#include "base/memory/zeroed_array.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace gateway::routing {

/// A token map whose departures concern nobody.
struct unwatched {
  template<class Key>
  void operator()(Key const&) const {}
};

/// Bounded map from tokens to what was learnt about them, with exact LRU eviction. The capacity is fixed at
/// construction so that all of the map's memory stays within a budget of bytes. Not thread-safe.
///
/// `Key` is a digest (live) or a dense id (virtual), `Payload` small; both trivially copyable. `Hash` is a stateless
/// function object whose upper bits are well mixed. `Watch` is called with the key of each entry that leaves the map,
/// evicted or forgotten.
///
/// Open addressing in one array, ordered by home place (P. Celis, "Robin Hood hashing", 1986). An entry carries the
/// time of its last use, counted in uses: a hit writes nothing else. When something must be evicted, the order of use
/// is computed from these stamps in one pass over the map, and again when that order is used up: some 20 ns an entry,
/// at most once per as many uses as there are entries.
template<class Key, class Payload, class Hash, class Watch = unwatched>
class token_map : memory::home_order<token_map<Key, Payload, Hash, Watch>> {
public:
  using key_type = Key;
  using payload_type = Payload;
  using hash_type = Hash;

  /// The largest map that fits into `budget_bytes`; at least one entry.
  static token_map with_budget(std::size_t budget_bytes) { return token_map(capacity_for(budget_bytes)); }

  /// Entries of the largest map that fits into `budget` bytes; at least one.
  static std::size_t capacity_for(std::size_t budget) {
    std::size_t low = 1;
    std::size_t high = std::min(budget / sizeof(entry), most_entries) + 1;
    while (low + 1 < high) {
      std::size_t const middle = low + (high - low) / 2;
      (bytes_for(middle) <= budget ? low : high) = middle;
    }
    return low;
  }

  /// Throws std::bad_alloc.
  explicit token_map(std::size_t capacity, Watch watch = {})
    : watch_(watch)
    , capacity_(std::clamp<std::size_t>(capacity, 1, most_entries))
    , slots_(slots_for(capacity_))
    , clock_limit_(static_cast<std::uint32_t>(std::min<std::uint64_t>(8 * capacity_ + 64, 0xf0000000u)))
    , entries_(slots_)
    , order_(order_for(capacity_)) {}

  /// Brings the places of `key` into the processor's caches, for a call that comes soon.
  void prefetch(Key const& key) const { memory::prefetch(&entries_[home(Hash{}(key))]); }

  /// Where a key was found. It may have moved since, or have been forgotten: what takes a hint looks.
  using hint = std::uint32_t;
  static constexpr hint no_hint = std::numeric_limits<hint>::max();

  /// What is known of `key`, which becomes the most recently used; nullptr if nothing. Valid until the next call that
  /// changes the map. `where` is for a later call with the same key.
  Payload const* find(Key const& key, hint& where) {
    place const at = locate(key);
    where = at.found ? static_cast<hint>(at.slot) : no_hint;
    if (!at.found) return nullptr;
    touch(entries_[at.slot]);
    return &entries_[at.slot].payload;
  }
  Payload const* find(Key const& key) {
    hint ignored;
    return find(key, ignored);
  }

  /// The same without counting as a use.
  Payload const* peek(Key const& key) const {
    place const at = locate(key);
    return at.found ? &entries_[at.slot].payload : nullptr;
  }

  /// What is known of `key`, if it is where the hint says; does not count as a use.
  Payload const* at(hint where, Key const& key) const { return is_at(where, key) ? &entries_[where].payload : nullptr; }

  struct learnt {
    bool written = false;
    bool evicted = false; // the least recently used entry had to go
  };

  /// Writes `payload` for `key`, which becomes the most recently used; unless `keeps(old payload)`; then nothing
  /// changes. `keeps` is called at most once, and before `payload` is read.
  template<class Keeps>
  learnt learn(Key const& key, Payload const& payload, Keeps keeps, hint where = no_hint) {
    place at = is_at(where, key) ? place{where, true} : locate(key);
    if (at.found) {
      entry& known = entries_[at.slot];
      if (keeps(static_cast<Payload const&>(known.payload))) return {};
      known.payload = payload;
      touch(known);
      return {true, false};
    }
    bool const full = size_ == capacity_;
    if (full) {
      erase(oldest());
      at = locate(key);
    }
    order::make_room(at.slot);
    entry& fresh = entries_[at.slot];
    std::memcpy(fresh.key, &key, sizeof(Key));
    fresh.payload = payload;
    ++size_;
    fresh.last_used = 0;
    touch(fresh);
    return {true, full};
  }
  learnt learn(Key const& key, Payload const& payload) {
    return learn(key, payload, [](Payload const&) { return false; });
  }

  /// Forgets `key` if `when(payload)`; returns whether it did.
  template<class When>
  bool forget(Key const& key, When when) {
    place const at = locate(key);
    if (!at.found || !when(static_cast<Payload const&>(entries_[at.slot].payload))) return false;
    erase(at.slot);
    return true;
  }
  /// Forgets `key`; returns whether it was known.
  bool forget(Key const& key) {
    return forget(key, [](Payload const&) { return true; });
  }

  /// Forgets all entries for which `when(payload)` is true, in one pass over the map; returns how many.
  template<class When>
  std::size_t forget_all(When when) {
    std::size_t const before = size_;
    for (std::size_t slot = 0; slot != slots_;) {
      entry const& e = entries_[slot];
      if (e.last_used != 0 && when(static_cast<Payload const&>(e.payload)))
        erase(slot); // the next one may have moved here
      else
        ++slot;
    }
    return before - size_;
  }

  /// Calls `f(key)` for each entry, in no particular order.
  template<class F>
  void for_each_key(F f) const {
    for (entry const& e : entries_)
      if (e.last_used != 0) f(key_of(e));
  }

  /// Calls `f(key, payload)` for each entry, the least recently used first; this changes no entry's age.
  template<class F>
  void for_each_by_use(F f) {
    put_in_order();
    for (std::uint32_t i = 0; i != ordered_; ++i) {
      entry const& e = entries_[order_[i]];
      f(key_of(e), static_cast<Payload const&>(e.payload));
    }
  }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  /// Bytes that the map holds at its full capacity, the order of use included; the budget bounds this.
  std::size_t bytes() const { return bytes_for(capacity_); }

private:
  /// Uses are numbered from 1; 0 is an empty slot.
  struct entry {
    std::uint32_t key[sizeof(Key) / sizeof(std::uint32_t)]; // not a Key: no padding for its alignment
    Payload payload;
    std::uint32_t last_used;
  };
  static_assert(std::is_trivially_copyable_v<Key> && std::is_trivially_copyable_v<Payload>);
  static_assert(sizeof(Key) % sizeof(std::uint32_t) == 0 && alignof(Payload) <= alignof(std::uint32_t));

  using order = memory::home_order<token_map>;
  friend order;
  using place = typename order::position;

  static constexpr std::size_t most_entries = std::size_t{1} << 31; // so that uses and slots have 32-bit numbers
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  /// At most 6 of 7 slots are in use: a probe of a full map looks at 4 or so.
  static std::size_t slots_for(std::size_t capacity) { return capacity + capacity / 6 + 1; }
  static std::size_t window_for(std::size_t capacity) { return capacity / 2 + 16; }
  static std::size_t order_for(std::size_t capacity) { return capacity + window_for(capacity); }
  static std::size_t bytes_for(std::size_t capacity) {
    return slots_for(capacity) * sizeof(entry) + order_for(capacity) * sizeof(std::uint32_t);
  }

  std::size_t home(std::size_t hash) const {
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * slots_) >> 64);
  }
  static Key key_of(entry const& e) {
    Key key;
    std::memcpy(&key, e.key, sizeof(Key));
    return key;
  }
  // For memory::home_order.
  std::size_t slot_count() const { return slots_; }
  bool is_empty(std::size_t slot) const { return entries_[slot].last_used == 0; }
  std::size_t home_of(std::size_t slot) const { return home(Hash{}(key_of(entries_[slot]))); }
  void move_slot(std::size_t from, std::size_t to) {
    entries_[to] = entries_[from];
    if (std::uint32_t const rank = entries_[to].last_used; rank <= ordered_)
      order_[rank - 1] = static_cast<std::uint32_t>(to);
  }

  bool is_at(hint where, Key const& key) const {
    return where < slots_ && entries_[where].last_used != 0 && key_of(entries_[where]) == key;
  }

  place locate(Key const& key) const {
    return order::seek(home(Hash{}(key)), [&](std::size_t slot) { return key_of(entries_[slot]) == key; });
  }

  void erase(std::size_t slot) {
    watch_(key_of(entries_[slot]));
    entries_[order::close(slot)].last_used = 0;
    --size_;
  }

  // ---- order of use

  void touch(entry& e) {
    if (e.last_used == clock_ && clock_ != 0) return;
    e.last_used = ++clock_;
    if (clock_ == clock_limit_) put_in_order();
  }

  /// The slot of the least recently used entry. Precondition: not empty.
  std::size_t oldest() {
    CREST_EXPECTS(size_ != 0);
    for (;;) {
      for (; evicted_to_ < ordered_; ++evicted_to_)
        if (std::uint32_t const slot = order_[evicted_to_]; entries_[slot].last_used == evicted_to_ + 1) return slot;
      put_in_order();
    }
  }

  /// Writes the slots of all entries to `order_` by their last use, and numbers uses from there on. The numbers are
  /// distinct, so each is a place in a window of them, which moves over all possible numbers.
  void put_in_order() {
    std::uint32_t* const window = order_.data() + capacity_;
    std::size_t const width = window_for(capacity_);
    std::uint32_t count = 0;
    for (std::uint64_t low = std::uint64_t{evicted_to_} + 1; count < size_; low += width) {
      std::fill(window, window + width, none);
      for (std::size_t slot = 0; slot != slots_; ++slot)
        if (std::uint64_t const at = entries_[slot].last_used - low; at < width)
          window[at] = static_cast<std::uint32_t>(slot);
      for (std::size_t at = 0; at != width; ++at)
        if (window[at] != none) order_[count++] = window[at];
    }
    for (std::uint32_t i = 0; i != count; ++i) entries_[order_[i]].last_used = i + 1;
    ordered_ = clock_ = count;
    evicted_to_ = 0;
  }

  [[no_unique_address]] Watch watch_;
  std::size_t capacity_;
  std::size_t slots_;
  std::uint32_t clock_limit_;
  memory::zeroed_array<entry> entries_;
  memory::zeroed_array<std::uint32_t>
      order_; // slots of the uses 1 to `ordered_`, as far as each is still its entry's last; then the window
  std::size_t size_ = 0;
  std::uint32_t clock_ = 0; // the last use
  std::uint32_t ordered_ = 0;
  std::uint32_t evicted_to_ = 0; // in order_: nothing is left before it
};

}
