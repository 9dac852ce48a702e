#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace sim::virtual_time {

/// Events in the order of their times; those of equal time in the order in which they were added. A calendar queue (R.
/// Brown, "Calendar queues: a fast O(1) priority queue implementation", CACM 31(10), 1988): a ring of buckets, each a
/// short span of time, for the near future; a heap for what lies beyond the ring. The span adapts to the rate of
/// events. Buckets are lists through one pool, whose places are used again, the last one first: what is under way
/// stays in the cache. Not thread-safe.
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
    : ring_(ring_size, none) {}

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  std::uint64_t popped() const { return popped_; }

  /// `at_ns` is not before the last event popped.
  void push(std::int64_t at_ns, Payload what) {
    ++size_;
    std::int64_t const bucket = at_ns >> width_bits_;
    if (bucket >= bucket_ + static_cast<std::int64_t>(ring_size)) {
      far_.push_back({at_ns, sequence_++, what});
      std::push_heap(far_.begin(), far_.end(), later{});
    } else if (bucket <= bucket_) {
      insert_now({at_ns, what});
    } else {
      put(bucket, {at_ns, what});
    }
  }

  /// The earliest event's time. Precondition: not empty.
  std::int64_t next_time() {
    settle();
    return now_[at_].at_ns;
  }

  /// Removes the earliest event. Precondition: not empty.
  event pop() {
    settle();
    --size_;
    ++popped_;
    return now_[at_++];
  }

private:
  static constexpr std::size_t ring_size = 4096, ring_mask = ring_size - 1;
  static constexpr std::uint64_t review_every = 1 << 16; // pops between looks at the span
  static constexpr int narrowest = 6, widest = 34;       // bits of ns

  static constexpr std::uint32_t none = ~std::uint32_t{0};

  struct node {
    event what;
    std::uint32_t next; // earlier in the bucket; on the free list: the next free one
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
  static bool earlier(event const& a, event const& b) { return a.at_ns < b.at_ns; }

  /// Into a bucket of the ring that is not yet open.
  void put(std::int64_t bucket, event const& e) {
    std::uint32_t& head = ring_[static_cast<std::size_t>(bucket) & ring_mask];
    std::uint32_t place = free_;
    if (place == none) {
      place = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({e, head});
    } else {
      free_ = nodes_[place].next;
      nodes_[place] = {e, head};
    }
    head = place;
  }

  /// Takes the events of a bucket, in the order of addition.
  void take(std::size_t place, std::vector<event>& into) {
    std::uint32_t const first = std::exchange(ring_[place], none);
    if (first == none) return;
    std::uint32_t last = first;
    auto const begin = static_cast<std::ptrdiff_t>(into.size());
    for (std::uint32_t at = first; at != none; at = nodes_[at].next) {
      into.push_back(nodes_[at].what);
      last = at;
    }
    nodes_[last].next = std::exchange(free_, first);
    std::reverse(into.begin() + begin, into.end());
  }

  /// Into the bucket that is being emptied, behind those of the same time.
  void insert_now(event const& e) {
    auto const place = std::upper_bound(now_.begin() + static_cast<std::ptrdiff_t>(at_), now_.end(), e, earlier);
    now_.insert(place, e);
  }

  /// Makes now_[at_] the earliest event.
  void settle() {
    if (at_ != now_.size()) return;
    if (popped_ - reviewed_ >= review_every) review();
    now_.clear();
    at_ = 0;
    while (now_.empty()) {
      if (size_ == far_.size()) { // nothing in the ring: leap
        bucket_ = far_.front().at_ns >> width_bits_;
      } else {
        ++bucket_;
      }
      take_near();
      take(static_cast<std::size_t>(bucket_) & ring_mask, now_);
      ++opened_;
    }
    sort_now();
  }

  /// Moves what the ring now reaches from the heap to it: before anything else can be added there, so that events of
  /// equal time stay in order.
  void take_near() {
    std::int64_t const reach = bucket_ + static_cast<std::int64_t>(ring_size);
    while (!far_.empty() && (far_.front().at_ns >> width_bits_) < reach) {
      std::pop_heap(far_.begin(), far_.end(), later{});
      far_event const& e = far_.back();
      put(e.at_ns >> width_bits_, {e.at_ns, e.what});
      far_.pop_back();
    }
  }

  void sort_now() {
    if (now_.size() > 32) {
      std::stable_sort(now_.begin(), now_.end(), earlier);
      return;
    }
    for (std::size_t i = 1; i < now_.size(); ++i) { // insertion: stable, and few
      event const e = now_[i];
      std::size_t place = i;
      for (; place > 0 && e.at_ns < now_[place - 1].at_ns; --place) now_[place] = now_[place - 1];
      now_[place] = e;
    }
  }

  /// Doubles or halves the span when buckets hold too many or too few events. Only called with no event half-taken.
  void review() {
    auto const pops = static_cast<double>(popped_ - reviewed_);
    double const load = pops / static_cast<double>(std::max<std::uint64_t>(1, opened_));
    reviewed_ = popped_;
    opened_ = 0;
    int bits = width_bits_;
    if (load > 8) bits -= static_cast<int>(std::bit_width(static_cast<std::uint64_t>(load / 4))) - 1;
    if (load < 1) bits += static_cast<int>(std::bit_width(static_cast<std::uint64_t>(2 / load))) - 1;
    bits = std::clamp(bits, narrowest, widest);
    if (bits == width_bits_) return;
    std::vector<far_event> all;
    all.reserve(size_);
    // Each bucket is in order of addition among equal times, and a heap's event was there before those of its time
    // that are in the ring, which cannot be: the ring takes them first.
    std::vector<event> near;
    for (std::size_t i = 0; i != ring_size; ++i) take((static_cast<std::size_t>(bucket_) + i) & ring_mask, near);
    for (event const& e : near) all.push_back({e.at_ns, all.size(), e.what});
    std::stable_sort(all.begin(), all.end(), [](far_event const& a, far_event const& b) { return a.at_ns < b.at_ns; });
    std::sort(far_.begin(), far_.end(), [](far_event const& a, far_event const& b) { return later{}(b, a); });
    all.insert(all.end(), far_.begin(), far_.end());
    far_.clear();
    sequence_ = 0;
    bucket_ = ((bucket_ + 1) << width_bits_ >> bits) - 1; // all events are in later buckets of the old width
    width_bits_ = bits;
    size_ -= all.size();
    for (far_event const& e : all) push(e.at_ns, e.what);
  }

  std::vector<std::uint32_t> ring_; // of each bucket: its newest event's node
  std::vector<node> nodes_;
  std::uint32_t free_ = none;
  std::vector<far_event> far_; // a heap
  std::vector<event> now_;     // the bucket that is being emptied, in order
  std::size_t at_ = 0;         // in now_
  std::int64_t bucket_ = -1;   // its number
  int width_bits_ = 14;
  std::size_t size_ = 0;
  std::uint64_t sequence_ = 0, popped_ = 0, reviewed_ = 0, opened_ = 0;
};

}
