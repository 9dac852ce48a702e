#include "base/metrics/latency_histogram.hpp"

#include <algorithm>
#include <cstdio>

namespace metrics {

std::string bound_text(std::size_t bucket) {
  if (bucket >= latency_bounds_s.size()) return "+Inf";
  char text[32];
  std::snprintf(text, sizeof text, "%g", latency_bounds_s[bucket]);
  return text;
}

std::size_t latency_histogram::count(std::chrono::nanoseconds latency) {
  double const seconds = std::chrono::duration<double>(latency).count();
  auto const bound = std::lower_bound(latency_bounds_s.begin(), latency_bounds_s.end(), seconds);
  auto const index = static_cast<std::size_t>(bound - latency_bounds_s.begin());
  cells_[index].count.fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0) / 1000),
                    std::memory_order_relaxed);
  return index;
}

void latency_histogram::keep(cell& c, std::chrono::nanoseconds latency, metrics::labels which) {
  std::size_t characters = 0;
  for (auto const& [name, value] : which) characters += name.size() + value.size();
  if (which.empty() || characters > most_exemplar_characters) return;
  auto const unix_time = std::chrono::system_clock::now().time_since_epoch();
  std::lock_guard const lock(mutex_);
  c.example = exemplar{std::move(which), std::chrono::duration<double>(latency).count(),
                       std::chrono::duration<double>(unix_time).count()};
}

latency_histogram::snapshot latency_histogram::read() const {
  snapshot out;
  out.sum_s = static_cast<double>(sum_us_.load(std::memory_order_relaxed)) / 1e6;
  std::lock_guard const lock(mutex_);
  for (std::size_t i = 0; i != cells_.size(); ++i)
    out.buckets[i] = {cells_[i].count.load(std::memory_order_relaxed), cells_[i].example};
  return out;
}

}
