#pragma once

#include "base/contract/expects.hpp"

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
/// Brown, "Calendar queues: a fast O(1) priority queue implementation", CACM 31(10), 1988) that sorts late, as a ladder
/// queue does (Tang, Goh and Thng, ACM TOMACS 15(3), 2005): a ring of buckets, each a short span of time, for the near
/// future; a heap for what lies beyond the ring. A bucket is an unordered list until its time comes: then it is sorted
/// into the page, an array that events are taken from one by one. The span adapts to the rate of events, so that a page
/// holds a few; a bit for each bucket finds the next that is not empty. List nodes are reused, the last freed first, so
/// that those in use stay in the CPU cache. Not thread-safe.
///
/// `Payload` is small and trivially copyable.
template<class Payload>
class calendar {
public:
  struct event {
    std::int64_t at_ns;
    Payload what;
  };

  calendar() { newest_.fill(none); }
  calendar(calendar const&) = delete;
  calendar& operator=(calendar const&) = delete;

  bool empty() const { return size() == 0; }
  std::size_t size() const { return static_cast<std::size_t>(end_ - first_) + near_ + far_.size(); }
  std::uint64_t popped() const { return popped_; }

  /// `at_ns` is not before the last event popped.
  void push(std::int64_t at_ns, Payload what) {
    std::int64_t const bucket = at_ns >> width_bits_;
    if (static_cast<std::uint64_t>(bucket - bucket_ - 1) >= ring_size - 1) [[unlikely]]
      return push_elsewhere(at_ns, what);
    put(bucket, {at_ns, what});
  }

  /// Removes the earliest event, if it is before `until_ns`. Precondition: not empty.
  bool pop_before(std::int64_t until_ns, event& into) {
    if (first_ == end_ && !turn_before(until_ns)) return false;
    if (first_->at_ns >= until_ns) return false;
    into = *first_++;
    ++popped_;
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
  static constexpr std::uint64_t review_every = 1 << 14;   // pages between reviews of the span
  static constexpr double fewest = 1.5, aim = 3, most = 6; // events of a page, on average
  static constexpr std::size_t crowd = 64;                 // … of one page: more than this causes a review at once
  static constexpr int narrowest = 6, widest = 34;         // bits of ns

  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct node {
    event what;
    std::uint32_t next; // added to the bucket before it; on the free list: the next free one
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

  /// The first bucket beyond the ring.
  std::int64_t reach() const { return bucket_ + static_cast<std::int64_t>(ring_size); }
  static std::size_t place_of(std::int64_t bucket) { return static_cast<std::size_t>(bucket) & ring_mask; }

  // ---- the page: events up to the end of bucket_, in order, at the end of an array

  [[gnu::noinline]] void push_elsewhere(std::int64_t at_ns, Payload what) {
    if (at_ns >> width_bits_ <= bucket_) return put_on_page({at_ns, what});
    put_far({at_ns, sequence_++, what});
  }

  /// Inserts it in order, behind events of the same time.
  void put_on_page(event const& e) {
    if (first_ == page_.data()) grow_page();
    event* at = --first_;
    for (; at + 1 != end_ && at[1].at_ns <= e.at_ns; ++at) at[0] = at[1];
    *at = e;
  }
  [[gnu::noinline]] void grow_page() {
    std::size_t const more = page_.size() + 16;
    page_.insert(page_.begin(), more, event{});
    first_ = page_.data() + more;
    end_ = page_.data() + page_.size();
  }

  /// Turns to the first bucket that holds an event, if it begins before `until_ns`. Returns whether the page then holds
  /// any. Precondition: the page is empty, the calendar is not.
  bool turn_before(std::int64_t until_ns) {
    CREST_EXPECTS(near_ != 0 || !far_.empty());
    if (until_review_ == 0) [[unlikely]] {
      review();
      if (first_ != end_) return true; // its bucket has grown, and so has the page
    }
    std::int64_t const bucket = near_ != 0 ? next_bucket() : far_.front().at_ns >> width_bits_;
    if (bucket << width_bits_ >= until_ns) return false;
    --until_review_;
    ++pages_;
    bucket_ = bucket;
    if (first_far_ < reach()) take_near();
    take_bucket();
    return true;
  }

  /// Moves the events of bucket_ onto the page in order. The page is empty, or holds what came from the heap while the
  /// ring held nothing.
  void take_bucket() {
    std::size_t const place = place_of(bucket_);
    std::uint32_t const newest = newest_[place];
    if (newest == none) return;
    newest_[place] = none;
    held_[place / 64] &= ~(std::uint64_t{1} << place % 64);
    if (held_[place / 64] == 0) words_held_ &= ~(std::uint64_t{1} << place / 64);
    std::size_t count = 0;
    std::uint32_t at = newest;
    for (;;) { // from the newest to the oldest, each in front of those that are not earlier
      if (first_ == page_.data()) [[unlikely]]
        grow_page();
      node const& n = nodes_[at];
      event* to = --first_;
      if (++count <= crowd)
        for (; to + 1 != end_ && to[1].at_ns < n.what.at_ns; ++to) to[0] = to[1];
      *to = n.what;
      if (n.next == none) break;
      at = n.next;
    }
    nodes_[at].next = std::exchange(free_, newest);
    near_ -= count;
    if (count > crowd) sort_crowd(count);
  }
  /// Sorts the first `count` events of the page, of which those of equal time are in the order in which they were
  /// added.
  [[gnu::noinline]] void sort_crowd(std::size_t count) {
    until_review_ = 0;
    std::stable_sort(first_, first_ + count, [](event const& a, event const& b) { return a.at_ns < b.at_ns; });
  }

  // ---- the ring: buckets after bucket_

  /// The first bucket that holds an event. Precondition: the ring holds any.
  std::int64_t next_bucket() const {
    std::size_t const place = place_of(bucket_), word = place / 64, bit = place % 64;
    if (std::uint64_t const rest = held_[word] >> bit; rest != 0) return bucket_ + std::countr_zero(rest);
    // The next word around the ring with a bit set; last of all, this word's lower bits.
    int const skip = std::countr_zero(std::rotr(words_held_, static_cast<int>(word + 1)));
    std::size_t const other = (word + 1 + static_cast<std::size_t>(skip)) % words;
    return bucket_ + (skip + 1) * 64 - static_cast<std::int64_t>(bit) + std::countr_zero(held_[other]);
  }

  void put(std::int64_t bucket, event const& e) {
    if (free_ == none) [[unlikely]]
      add_nodes();
    std::size_t const place = place_of(bucket);
    std::uint32_t const fresh = free_;
    node& n = nodes_[fresh];
    free_ = n.next;
    n.what = e;
    n.next = newest_[place];
    newest_[place] = fresh;
    ++near_;
    if (n.next != none) return;
    held_[place / 64] |= std::uint64_t{1} << place % 64;
    words_held_ |= std::uint64_t{1} << place / 64;
  }
  [[gnu::noinline]] void add_nodes() {
    std::size_t const before = nodes_.size();
    nodes_.resize(2 * before + 64);
    for (std::size_t i = nodes_.size(); i-- != before;) {
      nodes_[i].next = free_;
      free_ = static_cast<std::uint32_t>(i);
    }
  }

  // ---- the heap

  /// Moves what the ring now reaches out of the heap, before anything else can be added there, so that events of equal
  /// time stay in order.
  void take_near() {
    while (!far_.empty() && (far_.front().at_ns >> width_bits_) < reach()) {
      std::pop_heap(far_.begin(), far_.end(), later{});
      event const e{far_.back().at_ns, far_.back().what};
      far_.pop_back();
      std::int64_t const bucket = e.at_ns >> width_bits_;
      if (bucket <= bucket_) {
        put_on_page(e);
      } else {
        put(bucket, e);
      }
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

  // ---- the span

  /// Halves or doubles the span, perhaps more than once, when pages hold too many or too few events. Precondition: the
  /// page is empty; it is not, afterwards, when its bucket reaches further than before and there are events.
  void review() {
    double const load =
        static_cast<double>(popped_ - reviewed_) / static_cast<double>(std::max<std::uint64_t>(1, pages_));
    reviewed_ = popped_;
    pages_ = 0;
    until_review_ = review_every;
    int bits = width_bits_;
    if (load > most) bits -= static_cast<int>(std::bit_width(static_cast<std::uint64_t>(load / aim)));
    if (load < fewest) ++bits;
    bits = std::clamp(bits, narrowest, widest);
    if (bits == width_bits_) return;
    std::vector<event> all; // in order
    all.reserve(near_);
    std::int64_t const now_ns = bucket_ << width_bits_; // nothing is before it
    while (near_ != 0) {
      bucket_ = next_bucket();
      take_bucket();
      all.insert(all.end(), first_, end_);
      first_ = end_;
    }
    width_bits_ = bits;
    bucket_ = now_ns >> bits;
    for (event const& e : all) push(e.at_ns, e.what);
    take_near();
  }

  std::vector<event> page_;
  event *first_ = nullptr, *end_ = nullptr;     // of page_: what is still to come
  std::array<std::uint32_t, ring_size> newest_; // of each bucket: the event added last
  static constexpr std::size_t words = ring_size / 64;
  static_assert(words == 64);
  std::array<std::uint64_t, words> held_{}; // a bit for each bucket: whether it holds an event
  std::uint64_t words_held_ = 0;            // a bit for each word of them
  std::vector<node> nodes_;
  std::uint32_t free_ = none;
  std::vector<far_event> far_;                                        // a heap
  std::int64_t bucket_ = 0;                                           // the page's
  std::int64_t first_far_ = std::numeric_limits<std::int64_t>::max(); // bucket of the heap's earliest event
  int width_bits_ = 14;
  std::size_t near_ = 0;                      // events in the ring
  std::uint64_t until_review_ = review_every; // pages
  std::uint64_t sequence_ = 0, popped_ = 0, reviewed_ = 0, pages_ = 0;
};

}
