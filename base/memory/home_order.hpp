#pragma once

#include <cstddef>

namespace memory {

/// The places of a hash table with open addressing whose slots are in the order of their home places (P. Celis, "Robin
/// Hood hashing", 1986): a search ends where what it seeks would stand, and what is erased leaves no mark.
///
/// `Table` derives from this, and has
/// - `slot_count()`, not 0 where there is something to seek; at least one slot stays empty,
/// - `is_empty(slot)`, and `home_of(slot)` of one that is not,
/// - `move_slot(from, to)`, which copies what is in a slot over another.
template<class Table>
class home_order {
protected:
  struct position {
    std::size_t slot; // not found: where it belongs
    bool found;
  };

  std::size_t after(std::size_t slot) const { return slot + 1 == table().slot_count() ? 0 : slot + 1; }

  /// Seeks from its home place on what `is_it(slot)` says it is.
  template<class IsIt>
  position seek(std::size_t home, IsIt is_it) const {
    std::size_t slot = home;
    for (std::size_t steps = 0;; ++steps, slot = after(slot)) {
      if (table().is_empty(slot)) return {slot, false};
      if (is_it(slot)) return {slot, true};
      if (steps > 0 && distance(slot) < steps) return {slot, false}; // it would have taken this one's place
    }
  }

  /// Shifts what is at `slot`, and all behind it up to the next empty slot, by one.
  void make_room(std::size_t slot) {
    std::size_t last = slot;
    while (!table().is_empty(last)) last = after(last);
    while (last != slot) {
      std::size_t const before = (last == 0 ? table().slot_count() : last) - 1;
      table().move_slot(before, last);
      last = before;
    }
  }

  /// Shifts back what stands behind `slot` away from home, over it. Returns the slot that is to be emptied.
  std::size_t close(std::size_t slot) {
    for (std::size_t next = after(slot); !table().is_empty(next) && distance(next) > 0; next = after(next)) {
      table().move_slot(next, slot);
      slot = next;
    }
    return slot;
  }

private:
  /// How far what is in a slot is from its home.
  std::size_t distance(std::size_t slot) const {
    std::size_t const from = table().home_of(slot);
    return slot >= from ? slot - from : slot + table().slot_count() - from;
  }

  Table& table() { return static_cast<Table&>(*this); }
  Table const& table() const { return static_cast<Table const&>(*this); }
};

}
