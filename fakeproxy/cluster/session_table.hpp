#pragma once

#include "base/contract/expects.hpp"
#include "base/memory/home_order.hpp"
#include "base/memory/prefetch.hpp"
#include "base/memory/zeroed_array.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace fakeproxy::cluster {

/// A hash table from characters to values, for very many characters: no memory beyond its slots, and it grows by a
/// quarter, where it stands if it is large. Open addressing, ordered by home place (P. Celis, "Robin Hood hashing",
/// 1986), so that a search for what is not there, as most are, looks at four slots or so of a full table. Pointers into
/// it are valid until something is added or erased. Not thread-safe.
///
/// `Value` is small and trivially copyable. There is no entry for character_id::none.
template<class Value>
class session_table : memory::home_order<session_table<Value>> {
public:
  std::size_t size() const { return size_; }

  /// Brings the character's place into the processor's caches, for a call that comes soon.
  void prefetch(character_id character) const {
    if (slots_.empty()) return;
    memory::prefetch(&slots_[home(name_of(character))], 128); // its search may go on in the next line
  }

  Value* find(character_id character) { return const_cast<Value*>(std::as_const(*this).find(character)); }
  Value const* find(character_id character) const {
    if (slots_.empty()) return nullptr;
    std::uint32_t const name = name_of(character);
    slot const& s = slots_[locate(name)];
    return s.name == name && name != 0 ? &s.value : nullptr; // 0: character_id::none
  }

  struct placed {
    Value& value;
    bool fresh;
  };
  /// The character's value, a new one if there was none. Precondition: not character_id::none.
  placed try_emplace(character_id character) {
    CREST_EXPECTS(character != character_id::none);
    if (size_ >= most_) grow();
    std::uint32_t const name = name_of(character);
    std::size_t const place = locate(name);
    slot& s = slots_[place];
    bool const fresh = s.name != name;
    if (fresh) {
      order::make_room(place);
      s.name = name;
      s.value = Value{};
      ++size_;
    }
    return {s.value, fresh};
  }
  Value& operator[](character_id character) { return try_emplace(character).value; }

  bool erase(character_id character) {
    Value* const value = find(character);
    if (value) erase_found(*value);
    return value != nullptr;
  }
  /// Erases what `find` or `try_emplace` gave.
  void erase_found(Value& value) {
    auto const* const at = reinterpret_cast<slot const*>(reinterpret_cast<char const*>(&value) - offsetof(slot, value));
    slots_[order::close(static_cast<std::size_t>(at - slots_.data()))].name = 0;
    --size_;
  }

  /// Calls `f(character, value)` for each. The order is unspecified and must not become visible.
  template<class F>
  void for_each(F f) const {
    for (slot const& s : slots_)
      if (s.name != 0) f(character_id{s.name - 1}, s.value);
  }
  template<class F>
  void for_each(F f) {
    for (std::size_t i = 0; i < slots_.size(); ++i)
      if (slots_[i].name != 0) f(character_id{slots_[i].name - 1}, slots_[i].value);
  }

private:
  using order = memory::home_order<session_table>;
  friend order;

  struct slot {
    std::uint32_t name; // the character's number + 1; 0: empty
    Value value;
  };
  static_assert(std::is_trivially_copyable_v<Value> && std::is_standard_layout_v<slot>);

  static std::uint32_t name_of(character_id character) { return raw(character) + 1; }
  // Multiples of the golden ratio spread consecutively numbered characters evenly (Knuth, TAOCP 3, 6.4).
  std::size_t home(std::uint32_t name) const { return home(name, slots_.size()); }
  static std::size_t home(std::uint32_t name, std::size_t slot_count) {
    if (slot_count <= listed) return 0; // a list: what is in use stands at its beginning
    std::uint64_t const hash = name * std::uint64_t{0x9e3779b97f4a7c15u};
    return static_cast<std::size_t>((static_cast<unsigned __int128>(hash) * slot_count) >> 64);
  }

  // For memory::home_order.
  std::size_t slot_count() const { return slots_.size(); }
  bool is_empty(std::size_t place) const { return slots_[place].name == 0; }
  std::size_t home_of(std::size_t place) const { return home(slots_[place].name); }
  void move_slot(std::size_t from, std::size_t to) { slots_[to] = slots_[from]; }

  /// The slot of that name, or the one where it belongs. Often it is the one that was sought last.
  std::size_t locate(std::uint32_t name) const {
    if (slots_[last_].name == name) return last_;
    return last_ = order::seek(home(name), [&](std::size_t at) { return slots_[at].name == name; }).slot;
  }

  /// Precondition: it is not there, and there is room.
  void insert(slot const& s) {
    std::size_t const place = locate(s.name);
    order::make_room(place);
    slots_[place] = s;
  }

  [[gnu::noinline]] void grow() {
    std::size_t const before = slots_.size(), after = before + before / 4 + 8;
    most_ = after - after / 8;
    // What stands at the beginning because there was no room at the end, and now what finds none there.
    std::vector<slot> around;
    std::size_t first = 0;
    for (; first != before && slots_[first].name != 0; ++first) {
      if (before > listed && home(slots_[first].name) <= first) break;
      around.push_back(slots_[first]); // or it is in a list, which has no order
    }
    last_ = 0;
    if (slots_.grow(after)) {
      // They wait at its end. What is put in order never catches up with them: none moves further than the end did.
      std::copy_backward(slots_.data() + first, slots_.data() + before, slots_.data() + after);
      put_in_order(slots_.data() + (after - before) + first, slots_.data() + after, around);
    } else {
      memory::zeroed_array<slot> old = std::exchange(slots_, memory::zeroed_array<slot>(after, 4 * after));
      put_in_order(old.data() + first, old.data() + before, around);
    }
    for (slot const& s : around) insert(s);
  }
  /// Puts slots in the order of their former homes where they belong, and nothing elsewhere. Those for which there is
  /// no room before the end are added to `around`.
  [[gnu::noinline]] void put_in_order(slot const* from, slot const* to, std::vector<slot>& around) {
    std::size_t free = 0, last_home = 0; // nothing stands from `free` on
    for (; from != to; ++from) {
      if (from->name == 0) continue;
      slot const s = *from;
      std::size_t const own = home(s.name), at = std::max(free, own);
      if (at >= slots_.size()) {
        around.push_back(s);
      } else if (own < last_home) { // they had the same home
        free = put_before(free, own, s);
      } else {
        while (free != at) slots_[free++] = slot{};
        slots_[free++] = s;
        last_home = own;
      }
    }
    while (free != slots_.size()) slots_[free++] = slot{};
  }
  /// … behind the last one before `free` whose home is not behind its own. Returns what is free then.
  std::size_t put_before(std::size_t free, std::size_t own, slot const& s) {
    std::size_t at = free;
    while (at > own && (slots_[at - 1].name == 0 || home(slots_[at - 1].name) > own)) --at;
    std::size_t end = at;
    while (end != free && slots_[end].name != 0) ++end;
    std::copy_backward(slots_.data() + at, slots_.data() + end, slots_.data() + end + 1);
    slots_[at] = s;
    return std::max(free, end + 1);
  }

  static constexpr std::size_t listed = 8; // slots

  memory::zeroed_array<slot> slots_;
  std::size_t size_ = 0, most_ = 0; // most: before it grows
  mutable std::size_t last_ = 0;    // of slots_: where was sought last
};

}
