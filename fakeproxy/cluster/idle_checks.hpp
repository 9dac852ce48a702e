#pragma once

#include "base/contract/expects.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace fakeproxy::cluster {

/// A queue, first in, first out, of the characters whose sessions are to be looked at, and when. A proxy may hold
/// millions, each of which waits here once: a check is kept as how much later it is due than the one before it, in as
/// many bytes as that takes (seven bits in each, the lowest first; negative numbers fold between the positive ones),
/// and the character in four. That is five bytes for most. Not thread-safe.
class idle_checks {
public:
  struct check {
    std::uint32_t at; // in units of the owner's; wraps
    character_id character;
  };

  bool empty() const { return bytes_.empty(); }

  /// `c.at` may be before that of the check added last.
  void push(check const& c) {
    std::uint32_t const later = c.at - last_at_;
    std::uint32_t folded = later << 1 ^ (later >> 31 != 0 ? ~std::uint32_t{0} : 0);
    for (; folded > low_bits; folded >>= 7) put(folded | more);
    put(folded);
    for (unsigned shift = 0; shift != 32; shift += 8) put(raw(c.character) >> shift);
    last_at_ = c.at;
  }

  /// The one added first. Precondition: not empty.
  check front() const { return read().what; }
  /// Precondition: not empty.
  void pop_front() {
    reading const first = read();
    first_at_ = first.what.at;
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(first.bytes));
  }

private:
  static constexpr std::uint32_t low_bits = 0x7f, more = 0x80;
  struct reading {
    check what;
    std::size_t bytes;
  };

  void put(std::uint32_t low_byte) { bytes_.push_back(static_cast<std::uint8_t>(low_byte)); }
  reading read() const {
    CREST_EXPECTS(!empty());
    std::size_t at = 0;
    std::uint32_t folded = 0;
    for (unsigned shift = 0;; shift += 7) {
      std::uint32_t const byte = bytes_[at++];
      folded |= (byte & low_bits) << shift;
      if ((byte & more) == 0) break;
    }
    std::uint32_t const later = folded >> 1 ^ ((folded & 1) != 0 ? ~std::uint32_t{0} : 0);
    std::uint32_t character = 0;
    for (unsigned shift = 0; shift != 32; shift += 8) character |= std::uint32_t{bytes_[at++]} << shift;
    return {{first_at_ + later, character_id{character}}, at};
  }

  std::deque<std::uint8_t> bytes_;
  std::uint32_t first_at_ = 0; // of the check that was taken last: what the first one is counted from
  std::uint32_t last_at_ = 0;  // of the check that was added last
};

}
