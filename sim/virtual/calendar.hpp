#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace sim::virtual_time {

/// Events in the order of their times; those of equal time in the order in which they were added. A calendar queue (R.
/// Brown, "Calendar queues: a fast O(1) priority queue implementation", CACM 31(10), 1988): a ring of buckets, each a
/// short span of time, for the near future; a heap for what lies beyond the ring. The span adapts to the rate of
/// events, so that most buckets hold one or none; a bit for each bucket finds the next that holds any. A bucket is a
/// list in order, through one pool whose places are used again, the last one first: what is under way stays in the
/// cache. Not thread-safe.
///
/// `Payload` is small and trivially copyable.
template<class Payload>
class calendar {
public:
  struct event {
    std::int64_t at_ns;
    Payload what;
  };

  calendar() { last_.fill(none); }

  bool empty() const { return near_ == 0 && far_.empty(); }
  std::size_t size() const { return near_ + far_.size(); }
  std::uint64_t popped() const { return popped_; }

  /// `at_ns` is not before the last event popped.
  void push(std::int64_t at_ns, Payload what) {
    std::int64_t const bucket = at_ns >> width_bits_;
    if (bucket < reach_) return put(bucket, {at_ns, what});
    put_far({at_ns, sequence_++, what});
  }

  /// Removes the earliest event, if it is before `until_ns`. Precondition: not empty.
  bool pop_before(std::int64_t until_ns, event& into) {
    if (--until_review_ == 0) review();
    if (near_ == 0) {
      if (far_.front().at_ns >= until_ns) return false;
      turn_to(far_.front().at_ns >> width_bits_);
    }
    std::int64_t const bucket = next_bucket();
    std::size_t const place = place_of(bucket);
    std::uint32_t const last = last_[place], first = nodes_[last].next;
    node& taken = nodes_[first];
    if (taken.what.at_ns >= until_ns) return false;
    into = taken.what;
    last_popped_ns_ = into.at_ns;
    ++popped_;
    --near_;
    if (first == last) {
      clear(place);
    } else {
      nodes_[last].next = taken.next;
    }
    taken.next = std::exchange(free_, first);
    if (bucket != bucket_) turn_to(bucket);
    return true;
  }
  /// Removes the earliest event. Precondition: not empty.
  event pop() {
    event first;
    pop_before(std::numeric_limits<std::int64_t>::max(), first);
    return first;
  }

private:
  static constexpr std::size_t ring_size = 4096, ring_mask = ring_size - 1;
  static constexpr std::uint64_t review_every = 1 << 16; // pops between looks at the span, at most
  static constexpr int narrowest = 6, widest = 34;       // bits of ns

  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct node {
    event what;
    std::uint32_t next; // later in the bucket, after the last the first; on the free list: the next free one
  };
  struct far_event {
    std::int64_t at_ns;
    std::uint64_t sequence;
    Payload what;
  };
  struct later {
    bool operator()(far_event const& a, far_event const& b) const {
      return a.at_ns != b.at_ns ? a.at_ns > b.at_ns : a.sequence > b.sequence;
    }
  };

  static std::size_t place_of(std::int64_t bucket) { return static_cast<std::size_t>(bucket) & ring_mask; }

  /// The first bucket, from the last one popped on, that holds an event. Precondition: the ring holds any.
  std::int64_t next_bucket() const {
    std::size_t const place = place_of(bucket_), word = place / 64, bit = place % 64;
    if (std::uint64_t const rest = held_[word] >> bit; rest != 0) return bucket_ + std::countr_zero(rest);
    // The next word with any bit, around the ring; at last this word's lower bits.
    int const skip = std::countr_zero(std::rotr(words_held_, static_cast<int>(word + 1)));
    std::size_t const other = (word + 1 + static_cast<std::size_t>(skip)) % words;
    return bucket_ + (skip + 1) * 64 - static_cast<std::int64_t>(bit) + std::countr_zero(held_[other]);
  }

  /// Into its bucket of the ring, behind those of the same time.
  void put(std::int64_t bucket, event const& e) {
    ++near_;
    std::uint32_t const fresh = make_node(e);
    std::size_t const place = place_of(bucket);
    std::uint32_t& last = last_[place];
    if (last == none) {
      held_[place / 64] |= std::uint64_t{1} << place % 64;
      words_held_ |= std::uint64_t{1} << place / 64;
      nodes_[fresh].next = last = fresh;
      return;
    }
    std::uint32_t before = last;
    if (e.at_ns >= nodes_[before].what.at_ns) {
      last = fresh;
    } else {
      for (; nodes_[nodes_[before].next].what.at_ns <= e.at_ns; before = nodes_[before].next)
        if (until_review_ > 1) --until_review_; // a crowded bucket is a reason to look at the span
    }
    nodes_[fresh].next = std::exchange(nodes_[before].next, fresh);
  }

  std::uint32_t make_node(event const& e) {
    if (free_ == none) [[unlikely]]
      add_nodes();
    std::uint32_t const place = free_;
    free_ = nodes_[place].next;
    nodes_[place].what = e;
    return place;
  }
  void add_nodes() {
    std::size_t const before = nodes_.size();
    nodes_.resize(2 * before + 64);
    for (std::size_t i = nodes_.size(); i-- != before;) {
      nodes_[i].next = free_;
      free_ = static_cast<std::uint32_t>(i);
    }
  }

  void clear(std::size_t place) {
    last_[place] = none;
    held_[place / 64] &= ~(std::uint64_t{1} << place % 64);
    if (held_[place / 64] == 0) words_held_ &= ~(std::uint64_t{1} << place / 64);
  }

  /// The ring begins at `bucket` now. What it then reaches moves from the heap to it: before anything else can be added
  /// there, so that events of equal time stay in order.
  void turn_to(std::int64_t bucket) {
    bucket_ = bucket;
    reach_ = bucket + static_cast<std::int64_t>(ring_size);
    ++opened_;
    if (first_far_ < reach_) take_near();
  }
  void take_near() {
    while (!far_.empty() && (far_.front().at_ns >> width_bits_) < reach_) {
      std::pop_heap(far_.begin(), far_.end(), later{});
      event const e{far_.back().at_ns, far_.back().what};
      far_.pop_back();
      put(e.at_ns >> width_bits_, e);
    }
    note_first_far();
  }
  void put_far(far_event const& e) {
    far_.push_back(e);
    std::push_heap(far_.begin(), far_.end(), later{});
    note_first_far();
  }
  void note_first_far() {
    first_far_ = far_.empty() ? std::numeric_limits<std::int64_t>::max() : far_.front().at_ns >> width_bits_;
  }

  /// Halves or doubles the span, perhaps more than once, when buckets hold too many or too few events.
  void review() {
    auto const pops = static_cast<double>(popped_ - reviewed_);
    double const load = pops / static_cast<double>(std::max<std::uint64_t>(1, opened_));
    bool const early = pops < static_cast<double>(review_every) / 2; // for crowded buckets
    reviewed_ = popped_;
    opened_ = 0;
    until_review_ = review_every;
    int bits = width_bits_;
    if (load > 2 || early)
      bits -= std::max(1, static_cast<int>(std::bit_width(static_cast<std::uint64_t>(load))) - 1);
    else if (load < 1.25 && !far_.empty())
      ++bits; // the ring could reach further
    bits = std::clamp(bits, narrowest, widest);
    if (bits == width_bits_) return;
    std::vector<event> all; // in order
    all.reserve(near_);
    while (near_ > 0) {
      bucket_ = next_bucket();
      std::size_t const place = place_of(bucket_);
      std::uint32_t const last = last_[place];
      for (std::uint32_t at = nodes_[last].next;; at = nodes_[at].next) {
        all.push_back(nodes_[at].what);
        --near_;
        if (at == last) break;
      }
      std::uint32_t const first = nodes_[last].next;
      nodes_[last].next = std::exchange(free_, first);
      clear(place);
    }
    width_bits_ = bits;
    bucket_ = last_popped_ns_ >> bits;
    reach_ = bucket_ + static_cast<std::int64_t>(ring_size);
    for (event const& e : all) push(e.at_ns, e.what);
    take_near();
  }

  std::array<std::uint32_t, ring_size> last_; // of each bucket: its last event's node
  static constexpr std::size_t words = ring_size / 64;
  static_assert(words == 64);
  std::array<std::uint64_t, words> held_{}; // a bit for each bucket: whether it holds an event
  std::uint64_t words_held_ = 0;            // a bit for each word of them
  std::vector<node> nodes_;
  std::uint32_t free_ = none;
  std::vector<far_event> far_;                                        // a heap
  std::int64_t bucket_ = 0;                                           // of the last event popped
  std::int64_t reach_ = ring_size;                                    // the first bucket beyond the ring
  std::int64_t first_far_ = std::numeric_limits<std::int64_t>::max(); // bucket of the heap's earliest event
  std::int64_t last_popped_ns_ = 0;
  int width_bits_ = 14;
  std::size_t near_ = 0; // events in the ring
  std::uint64_t until_review_ = review_every;
  std::uint64_t sequence_ = 0, popped_ = 0, reviewed_ = 0, opened_ = 0;
};

}
