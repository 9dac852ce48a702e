#pragma once

#include "base/contract/expects.hpp"
#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace fakeproxy::proxy {

using cluster::duration;
using cluster::time_point;

/// `c` servers that each serve one request at a time, and one queue in the order of arrival. The end of a service is
/// known when it is requested (J. Kiefer and J. Wolfowitz, "On the theory of queues with many servers", 1955), so that
/// no event is needed for its beginning.
class fifo_servers {
public:
  /// 0 servers: no limit.
  explicit fifo_servers(std::uint32_t servers)
    : free_at_(servers)
    , count_(servers) {}

  /// When a service of `time` that is requested now ends. Calls come in order of `now`.
  [[gnu::always_inline]] time_point serve(time_point now, duration time) {
    busy_ += time;
    if (count_ == 0) return now + time;
    if (count_ <= scanned) {
      // The first to be free, without a branch: which it is nobody could foresee.
      time_point* first = free_at_.data();
      time_point const* const end = first + count_;
      time_point least = *first;
      for (time_point* at = first + 1; at != end; ++at) {
        bool const is_earlier = *at < least;
        least = is_earlier ? *at : least;
        first = is_earlier ? at : first;
      }
      return *first = std::max(now, least) + time;
    }
    std::pop_heap(free_at_.begin(), free_at_.end(), std::greater<>{});
    time_point const end = free_at_.back() = std::max(now, free_at_.back()) + time;
    std::push_heap(free_at_.begin(), free_at_.end(), std::greater<>{});
    return end;
  }

  /// Brings them into the processor's caches, for a call that comes soon.
  void prefetch() const { memory::prefetch(free_at_.data(), std::min(free_at_.size(), scanned) * sizeof(time_point)); }

  /// Drops all that is being served or waits.
  void clear() { std::fill(free_at_.begin(), free_at_.end(), 0); }

  /// Sum of all service times so far, also of those that have not ended.
  duration busy() const { return busy_; }

private:
  static constexpr std::size_t scanned = 16;
  std::vector<time_point> free_at_; // beyond `scanned` a heap, the earliest first
  std::uint32_t count_;             // as many as these
  duration busy_ = 0;
};

/// `c` servers shared by all requests that are present, each of which gets at most one server (egalitarian processor
/// sharing). The next one to end is known, and changes with each arrival.
template<class Who>
class sharing_servers {
public:
  /// 0 servers: no limit, so that requests do not slow each other.
  explicit sharing_servers(std::uint32_t servers)
    : servers_(servers) {}

  void enter(time_point now, duration time, Who who) {
    advance(now);
    busy_ += time;
    jobs_.push_back({work_ + static_cast<double>(time), order_++, who});
    std::push_heap(jobs_.begin(), jobs_.end(), later{});
  }

  std::size_t size() const { return jobs_.size(); }
  /// When the next one ends, if no other arrives. Not before `now`. Precondition: not empty.
  time_point next_end(time_point now) const {
    CREST_EXPECTS(!jobs_.empty());
    double const left = std::max(0.0, jobs_.front().ends_at - work_) / rate();
    return std::max(now, since_ + static_cast<duration>(left + 0.999999));
  }
  /// Takes out the one that ends now.
  Who leave(time_point now) {
    CREST_EXPECTS(!jobs_.empty());
    advance(now);
    std::pop_heap(jobs_.begin(), jobs_.end(), later{});
    Who const who = jobs_.back().who;
    jobs_.pop_back();
    return who;
  }

  void clear() { jobs_.clear(); }
  duration busy() const { return busy_; }

private:
  struct job {
    double ends_at; // measured in work done per job
    std::uint64_t order;
    Who who;
  };
  struct later {
    bool operator()(job const& a, job const& b) const {
      return a.ends_at != b.ends_at ? a.ends_at > b.ends_at : a.order > b.order;
    }
  };

  /// Work done per job in a nanosecond.
  double rate() const {
    auto const jobs = static_cast<double>(jobs_.size());
    return servers_ == 0 || jobs <= servers_ ? 1 : servers_ / jobs;
  }
  void advance(time_point now) {
    if (!jobs_.empty()) work_ += static_cast<double>(now - since_) * rate();
    since_ = now;
  }

  std::uint32_t servers_;
  std::vector<job> jobs_; // a heap, the first to end first
  double work_ = 0;       // done for a job present from the start, ns
  time_point since_ = 0;
  std::uint64_t order_ = 0;
  duration busy_ = 0;
};

/// The servers of a proxy, and which requests they work on.
template<class Who>
class servers {
public:
  struct settings {
    std::uint32_t count = 0; // 0: no limit
    bool sharing = false;    // all requests at once, each with its share; otherwise in the order of arrival
  };

  explicit servers(settings s = {})
    : sharing_(s.sharing)
    , queue_(s.count)
    , shared_(s.count) {}

  /// When a service of `time` that is requested now ends. Nothing: it shares the servers, and later arrivals move its
  /// end; see `next_deadline`. Calls come in order of `now`.
  [[gnu::always_inline]] std::optional<time_point> serve(time_point now, duration time, Who who) {
    if (!sharing_ || time <= 0) return queue_.serve(now, time);
    shared_.enter(now, time, who);
    return std::nullopt;
  }

  /// When the first of those that share ends, as things stand. It changes with each `serve` and `on_deadline`.
  std::optional<time_point> next_deadline(time_point now) const {
    if (shared_.size() == 0) return std::nullopt;
    return shared_.next_end(now);
  }
  /// The one that ends. Precondition: `now` is `next_deadline` or later.
  Who on_deadline(time_point now) { return shared_.leave(now); }

  void prefetch() const { queue_.prefetch(); }
  bool sharing() const { return sharing_; }
  std::size_t sharing_now() const { return shared_.size(); }
  /// Drops all that is being served or waits.
  void clear() {
    queue_.clear();
    shared_.clear();
  }
  /// Sum of all service times so far, also of those that have not ended.
  duration busy() const { return queue_.busy() + shared_.busy(); }

private:
  bool sharing_;
  fifo_servers queue_;
  sharing_servers<Who> shared_;
};

}
