#pragma once

#include "contract/expects.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace sim::virtual_time {

/// `c` servers that each serve one request at a time, and one queue in the order of arrival. When a service will end is
/// known when it is asked for (J. Kiefer and J. Wolfowitz, "On the theory of queues with many servers", 1955): no event
/// for its beginning is needed.
class fifo_servers {
public:
  /// 0 servers: no limit.
  explicit fifo_servers(std::uint32_t servers)
    : free_at_(servers) {}

  /// When a service of `time_ns` that is asked for now ends. Calls come in order of `now_ns`.
  std::int64_t serve(std::int64_t now_ns, std::int64_t time_ns) {
    busy_ns_ += time_ns;
    if (free_at_.empty()) return now_ns + time_ns;
    if (free_at_.size() <= scanned) {
      auto const first = std::min_element(free_at_.begin(), free_at_.end());
      return *first = std::max(now_ns, *first) + time_ns;
    }
    std::pop_heap(free_at_.begin(), free_at_.end(), std::greater<>{});
    std::int64_t const end = free_at_.back() = std::max(now_ns, free_at_.back()) + time_ns;
    std::push_heap(free_at_.begin(), free_at_.end(), std::greater<>{});
    return end;
  }

  /// All that was being served or waited is gone.
  void clear() { std::fill(free_at_.begin(), free_at_.end(), 0); }

  /// Sum of all service times so far, also of those that have not ended.
  std::int64_t busy_ns() const { return busy_ns_; }

private:
  static constexpr std::size_t scanned = 16;
  std::vector<std::int64_t> free_at_; // beyond `scanned` a heap, the earliest first
  std::int64_t busy_ns_ = 0;
};

/// `c` servers shared by all requests that are there, each at most one server's worth (egalitarian processor sharing).
/// Who ends next is known, and changes with each arrival.
class sharing_servers {
public:
  /// 0 servers: no limit, so that nobody disturbs anybody.
  explicit sharing_servers(std::uint32_t servers)
    : servers_(servers) {}

  void enter(std::int64_t now_ns, std::int64_t time_ns, std::uint32_t who) {
    advance(now_ns);
    busy_ns_ += time_ns;
    jobs_.push_back({work_ + static_cast<double>(time_ns), order_++, who});
    std::push_heap(jobs_.begin(), jobs_.end(), later{});
  }

  bool empty() const { return jobs_.empty(); }
  /// When the next one ends, if nobody else comes. Not before `now_ns`. Precondition: not empty.
  std::int64_t next_end(std::int64_t now_ns) const {
    CREST_EXPECTS(!jobs_.empty());
    double const left = std::max(0.0, jobs_.front().ends_at - work_) / rate();
    return std::max(now_ns, since_ns_ + static_cast<std::int64_t>(left + 0.999999));
  }
  /// Takes out the one that ends now.
  std::uint32_t leave(std::int64_t now_ns) {
    CREST_EXPECTS(!jobs_.empty());
    advance(now_ns);
    std::pop_heap(jobs_.begin(), jobs_.end(), later{});
    std::uint32_t const who = jobs_.back().who;
    jobs_.pop_back();
    return who;
  }

  void clear() { jobs_.clear(); }
  std::int64_t busy_ns() const { return busy_ns_; }

private:
  struct job {
    double ends_at; // on the clock of work done for each
    std::uint64_t order;
    std::uint32_t who;
  };
  struct later {
    bool operator()(job const& a, job const& b) const {
      return a.ends_at != b.ends_at ? a.ends_at > b.ends_at : a.order > b.order;
    }
  };

  /// Work done for each job in a nanosecond.
  double rate() const {
    auto const jobs = static_cast<double>(jobs_.size());
    return servers_ == 0 || jobs <= servers_ ? 1 : servers_ / jobs;
  }
  void advance(std::int64_t now_ns) {
    if (!jobs_.empty()) work_ += static_cast<double>(now_ns - since_ns_) * rate();
    since_ns_ = now_ns;
  }

  std::uint32_t servers_;
  std::vector<job> jobs_; // a heap, the first to end first
  double work_ = 0;       // done for a job that was there all the time, ns
  std::int64_t since_ns_ = 0;
  std::uint64_t order_ = 0;
  std::int64_t busy_ns_ = 0;
};

}
