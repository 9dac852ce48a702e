#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace metrics {

/// Labels of a sample or an exemplar, in the order in which they are written.
using labels = std::vector<std::pair<std::string, std::string>>;

/// Upper bounds of the buckets of latencies in seconds, the same in all programs so that they can be compared and
/// summed. Above the last there is one more.
inline constexpr std::array<double, 14> latency_bounds_s{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                         0.1,    0.25,  0.5,    1,     2.5,  5,     10};

/// The upper bound of a bucket: "0.0005", …, "+Inf".
std::string bound_text(std::size_t bucket);

/// What an exemplar's labels may hold at most, names and values together (OpenMetrics 1.0, "Exemplars").
inline constexpr std::size_t most_exemplar_characters = 128;

/// Counts of latencies, and of each bucket one recent example that says which request it was. Thread-safe.
class latency_histogram {
public:
  using clock = std::chrono::steady_clock;

  struct exemplar {
    metrics::labels labels;
    double value_s = 0, unix_s = 0; // latency; when it was counted
  };
  struct bucket {
    std::uint64_t count = 0; // of this bucket alone
    std::optional<exemplar> example;
  };
  struct snapshot {
    std::array<bucket, latency_bounds_s.size() + 1> buckets;
    double sum_s = 0;
  };

  /// Some 10 ns. A bucket's example is replaced at most once a second: `which()`, its labels, is called only then. Of
  /// labels that are too long none are kept. `now`: about now.
  template<class Which>
  void record(std::chrono::nanoseconds latency, clock::time_point now, Which const& which) {
    cell& c = cells_[count(latency)];
    std::int64_t const second = now.time_since_epoch() / std::chrono::seconds(1);
    if (c.example_second.load(std::memory_order_relaxed) == second) return;
    c.example_second.store(second, std::memory_order_relaxed);
    keep(c, latency, which());
  }

  snapshot read() const;

private:
  struct cell {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::int64_t> example_second{-1};
    std::optional<exemplar> example; // under the mutex
  };

  /// The cell's index.
  std::size_t count(std::chrono::nanoseconds latency);
  void keep(cell& c, std::chrono::nanoseconds latency, metrics::labels which);

  std::array<cell, latency_bounds_s.size() + 1> cells_;
  std::atomic<std::uint64_t> sum_us_{0};
  mutable std::mutex mutex_;
};

}
