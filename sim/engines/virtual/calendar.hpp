#pragma once

#include "base/contract/expects.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

namespace sim::virtual_time {

/// Events in the order of their times; those of equal time in the order in which they were added. A calendar queue (R.
/// Brown, "Calendar queues: a fast O(1) priority queue implementation", CACM 31(10), 1988) that sorts late, as a ladder
/// queue does (Tang, Goh and Thng, ACM TOMACS 15(3), 2005): a ring of buckets, each a short span of time, for the near
/// future; a heap for what lies beyond the ring. A bucket is a short array in no order until its time comes: then it is
/// sorted where it is, and is the page that events are taken from one by one. The span adapts to the rate of events, so
/// that a page holds a few; what does not fit into a bucket is in a list of its own. The next bucket that is not empty
/// is found by their counts, eight at a time; marks say which eight are worth a look. Not thread-safe.
///
/// `Payload` is small and trivially copyable.
template<class Payload>
class calendar {
public:
  struct event {
    std::int64_t at_ns;
    Payload what;
  };

  calendar()
    : slots_(new event[ring_size * room]) {}
  calendar(calendar const&) = delete;
  calendar& operator=(calendar const&) = delete;

  bool empty() const { return size() == 0; }
  std::size_t size() const { return on_page() + near_ + far_.size(); }
  std::uint64_t popped() const { return turned_ - on_page(); }

  /// `at_ns` is not before the last event popped.
  [[gnu::always_inline]] void push(std::int64_t at_ns, Payload what) {
    std::int64_t const bucket = at_ns >> width_bits_;
    if (static_cast<std::uint64_t>(bucket - bucket_ - 1) >= ring_size - 1) [[unlikely]]
      return push_elsewhere(at_ns, what);
    put(bucket, at_ns, what);
  }

  /// Removes the earliest event, if it is before `until_ns`. Precondition: not empty.
  bool pop_before(std::int64_t until_ns, event& into) {
    return pop_before(until_ns, into, [] {});
  }
  /// … and calls `turned()` when a page was turned for that: see `look_ahead`.
  template<class Turned>
  [[gnu::always_inline]] bool pop_before(std::int64_t until_ns, event& into, Turned turned) {
    if (first_ == end_) {
      if (!turn_before(until_ns)) return false;
      turned();
    }
    into.at_ns = first_->at_ns; // member by member, see `insert`
    if (into.at_ns >= until_ns) return false;
    into.what = first_++->what;
    return true;
  }
  /// Removes the earliest event. Precondition: not empty.
  event pop() {
    event first;
    pop_before(std::numeric_limits<std::int64_t>::max(), first);
    return first;
  }

  /// To look ahead: changes when a page is turned.
  std::uint64_t turned() const { return turned_; }
  /// Calls `next(payload)` for each event that the next page will hold, as things stand, and `after_next(payload)` for
  /// each of the page after that.
  template<class Next, class AfterNext>
  void look_ahead(Next next, AfterNext after_next) const {
    if (near_ == 0) return;
    std::int64_t const first = next_bucket(bucket_), second = next_bucket(first + 1);
    for_each_in(first, next);
    if (second < reach()) for_each_in(second, after_next);
  }

private:
  static constexpr std::size_t ring_size = 4096, ring_mask = ring_size - 1;
  static constexpr std::size_t room = 8;                   // events of a bucket that need no list
  static constexpr std::uint64_t review_every = 1 << 14;   // pages between reviews of the span
  static constexpr double fewest = 1.5, aim = 3, most = 6; // events of a page, on average
  static constexpr std::uint32_t most_searches = 256;      // beyond the next eight buckets: more cause a review at once
  static constexpr std::size_t crowd = 64;                 // … of one page: more than this causes a review at once
  static constexpr int narrowest = 6, widest = 34;         // bits of ns

  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct node {
    event what;
    std::uint32_t next; // of the bucket's list: added before it; on the free list: the next free one
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

  // ---- the page: events of bucket_, in order: in its slots, or in an array if they do not fit there

  std::size_t on_page() const { return static_cast<std::size_t>(end_ - first_); }

  [[gnu::noinline]] void push_elsewhere(std::int64_t at_ns, Payload what) {
    if (at_ns >> width_bits_ <= bucket_) return put_on_page({at_ns, what});
    put_far({at_ns, sequence_++, what});
  }

  /// Inserts it in order, behind events of the same time.
  void put_on_page(event const& e) {
    if (first_ == page_begin_ && end_ == page_end_) grow_page();
    ++turned_;
    if (end_ != page_end_ && (first_ == page_begin_ || end_[-1].at_ns <= e.at_ns)) {
      insert(first_, end_++, e);
    } else {
      event* at = --first_;
      for (; at + 1 != end_ && at[1].at_ns <= e.at_ns; ++at) at[0] = at[1];
      *at = e;
    }
  }
  /// Moves it to an array with room at its end.
  void grow_page() {
    std::size_t const count = on_page();
    std::vector<event> larger(2 * count + 16);
    std::copy(first_, end_, larger.begin());
    page_.swap(larger);
    turn_to(page_.data(), count, page_.size());
  }
  void turn_to(event* page, std::size_t count, std::size_t capacity) {
    page_begin_ = first_ = page;
    end_ = page + count;
    page_end_ = page + capacity;
  }

  /// Turns to the first bucket that holds an event, if it begins before `until_ns`. Returns whether the page then holds
  /// any. Precondition: the page is empty, the calendar is not.
  [[gnu::always_inline]] bool turn_before(std::int64_t until_ns) {
    CREST_EXPECTS(near_ != 0 || !far_.empty());
    if (pages_ >= review_at_) [[unlikely]]
      review();
    std::int64_t const bucket = near_ != 0 ? next_bucket(bucket_) : far_.front().at_ns >> width_bits_;
    if (bucket << width_bits_ >= until_ns) return false;
    ++pages_;
    bucket_ = bucket;
    if (first_far_ < reach()) take_near();
    take_bucket();
    return true;
  }

  /// Makes the events of bucket_ the page. Precondition: there are some, and the page is empty.
  [[gnu::always_inline]] void take_bucket() {
    std::size_t const place = place_of(bucket_);
    event* const slots = &slots_[place * room];
    std::size_t const count = std::exchange(counts_[place], std::uint8_t{0});
    if (count > room) [[unlikely]]
      return take_list(place);
    near_ -= count;
    turned_ += count;
    turn_to(slots, count, room);
    sort(slots, slots + count);
  }
  /// By time; stable.
  static void sort(event* first, event* end) {
    for (event* next = first + 1; next < end; ++next) insert(first, next, *next);
  }
  /// Puts `e` among the events from `first` on, which are in order, behind those of the same time: `at` is the place
  /// behind the last.
  [[gnu::always_inline]] static void insert(event* first, event* at, event const e) {
    // Member by member: a read of a whole event would have to wait until writes of its members have reached memory.
    for (std::int64_t before; at != first && (before = at[-1].at_ns) > e.at_ns; --at) {
      at->at_ns = before;
      at->what = at[-1].what;
    }
    at->at_ns = e.at_ns;
    at->what = e.what;
  }
  /// The same for a bucket that has a list.
  [[gnu::noinline]] void take_list(std::size_t place) {
    page_.assign(&slots_[place * room], &slots_[place * room] + room);
    std::uint32_t const newest = lists_[place];
    std::uint32_t last = newest;
    for (std::uint32_t at = newest; at != none; at = nodes_[at].next) {
      page_.push_back(nodes_[at].what);
      last = at;
    }
    std::reverse(page_.begin() + room, page_.end());
    nodes_[last].next = std::exchange(free_, newest);
    near_ -= page_.size();
    turned_ += page_.size();
    turn_to(page_.data(), page_.size(), page_.size());
    if (page_.size() <= crowd) return sort(first_, end_);
    review_at_ = 0;
    std::stable_sort(first_, end_, [](event const& a, event const& b) { return a.at_ns < b.at_ns; });
  }

  // ---- the ring: buckets after bucket_

  /// The first bucket from `from` on that holds an event, around the ring: those before `from` come after `reach()`.
  /// Precondition: the ring holds any.
  std::int64_t next_bucket(std::int64_t from) const {
    std::size_t const place = place_of(from), in_word = place % 8;
    if (std::uint64_t const rest = counts_at(place - in_word) >> 8 * in_word; rest != 0)
      return from + std::countr_zero(rest) / 8;
    return bucket_beyond(from - static_cast<std::int64_t>(in_word));
  }
  /// The first one beyond the eight that begin with `from`, around the ring; last of all, those that have passed by.
  [[gnu::noinline]] std::int64_t bucket_beyond(std::int64_t from) const {
    std::size_t const own = place_of(from) / 8;
    if (++searches_ == most_searches) review_at_ = 0;
    for (std::size_t at = (own + 1) % eights;;) {
      std::uint64_t const rest = eight_of(marks_.data() + at / 8 * 8) >> 8 * (at % 8);
      if (rest == 0) {
        at = (at / 8 + 1) * 8 % eights;
        continue;
      }
      at += static_cast<std::size_t>(std::countr_zero(rest) / 8);
      if (std::uint64_t const those = counts_at(at * 8); those != 0) {
        std::size_t const ahead = at > own ? at - own : at - own + eights;
        return from + static_cast<std::int64_t>(ahead * 8) + std::countr_zero(those) / 8;
      }
      marks_[at] = 0;
    }
  }
  /// Of eight buckets, that of the first one in the lowest byte.
  std::uint64_t counts_at(std::size_t place) const { return eight_of(&counts_[place]); }
  static std::uint64_t eight_of(std::uint8_t const* bytes) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t eight;
    std::memcpy(&eight, bytes, sizeof eight);
    return eight;
  }

  template<class F>
  void for_each_in(std::int64_t bucket, F f) const {
    std::size_t const place = place_of(bucket), count = std::min<std::size_t>(counts_[place], room);
    for (std::size_t i = 0; i != count; ++i) f(slots_[place * room + i].what);
  }

  [[gnu::always_inline]] void put(std::int64_t bucket, std::int64_t at_ns, Payload what) {
    std::size_t const place = place_of(bucket), count = counts_[place];
    ++near_;
    if (count >= room) [[unlikely]]
      return put_on_list(place, {at_ns, what});
    event& slot = slots_[place * room + count];
    slot.at_ns = at_ns;
    slot.what = what;
    counts_[place] = static_cast<std::uint8_t>(count + 1);
    marks_[place / 8] = 1; // always: whether it was the first is hard to foresee
  }
  [[gnu::noinline]] void put_on_list(std::size_t place, event const& e) {
    if (free_ == none) add_nodes();
    std::uint32_t const fresh = free_;
    std::uint32_t const before = counts_[place] == room ? none : lists_[place];
    free_ = nodes_[fresh].next;
    nodes_[fresh] = {e, before};
    lists_[place] = fresh;
    counts_[place] = room + 1;
  }
  void add_nodes() {
    std::size_t const before = nodes_.size();
    nodes_.resize(2 * before + 64);
    for (std::size_t i = nodes_.size(); i-- != before;) {
      nodes_[i].next = free_;
      free_ = static_cast<std::uint32_t>(i);
    }
  }

  // ---- the heap

  /// Moves what the ring now reaches, from bucket_ on, out of the heap, before anything else can be added there, so
  /// that events of equal time stay in order.
  [[gnu::noinline]] void take_near() {
    while (!far_.empty() && (far_.front().at_ns >> width_bits_) < reach()) {
      std::pop_heap(far_.begin(), far_.end(), later{});
      put(far_.back().at_ns >> width_bits_, far_.back().at_ns, far_.back().what);
      far_.pop_back();
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
  /// page is empty.
  [[gnu::noinline]] void review() {
    double const load =
        static_cast<double>(popped() - reviewed_) / static_cast<double>(std::max<std::uint64_t>(1, pages_));
    reviewed_ = popped();
    pages_ = 0;
    review_at_ = review_every;
    searches_ = 0;
    int bits = width_bits_;
    if (load > most) bits -= static_cast<int>(std::bit_width(static_cast<std::uint64_t>(load / aim)));
    if (load < fewest) ++bits;
    bits = std::clamp(bits, narrowest, widest);
    if (bits == width_bits_) return;
    std::vector<event> all; // in order
    all.reserve(near_);
    std::int64_t const now_ns = bucket_ << width_bits_; // nothing is before it
    while (near_ != 0) {
      bucket_ = next_bucket(bucket_);
      take_bucket();
      all.insert(all.end(), first_, end_);
      turned_ -= on_page();
      first_ = end_;
    }
    width_bits_ = bits;
    bucket_ = (now_ns >> bits) - 1; // so that all are after it
    review_at_ = review_every;
    searches_ = 0;
    for (event const& e : all) push(e.at_ns, e.what);
    take_near();
  }

  std::int64_t bucket_ = 0; // the page's
  int width_bits_ = 14;
  event *first_ = nullptr, *end_ = nullptr;           // of the page: what is still to come
  event *page_begin_ = nullptr, *page_end_ = nullptr; // … and the array that holds it
  std::unique_ptr<event[]> slots_;                    // `room` for each bucket: those added first, in order
  std::size_t near_ = 0;                              // events in the ring
  static constexpr std::size_t eights = ring_size / 8;
  mutable std::array<std::uint8_t, eights> marks_{}; // of each eight buckets; 0: none of them holds an event
  std::array<std::uint8_t, ring_size> counts_{};     // events of each bucket in slots; room + 1: it has a list, too
  std::array<std::uint32_t, ring_size> lists_;       // of a bucket that has one: its newest event
  std::vector<node> nodes_;                          // of lists
  std::uint32_t free_ = none;
  std::vector<event> page_;                                           // for a page that is not in slots
  std::vector<far_event> far_;                                        // a heap
  std::int64_t first_far_ = std::numeric_limits<std::int64_t>::max(); // bucket of the heap's earliest event
  std::uint64_t pages_ = 0;                                           // since the last review …
  mutable std::uint64_t review_at_ = review_every;                    // … and for the next one
  mutable std::uint32_t searches_ = 0;                     // beyond the next eight buckets, since the last review
  std::uint64_t sequence_ = 0, turned_ = 0, reviewed_ = 0; // turned: events that have been on a page
};

}
