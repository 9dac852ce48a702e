#pragma once

#include "sim/scenario/scenario.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace sim::virtual_time {

/// Which parts of the network carry nothing, and until when.
class partitions {
public:
  explicit partitions(std::vector<scenario::partition> all)
    : all_(std::move(all)) {}

  bool none() const { return all_.empty(); }

  /// How long a message that is sent `since_start_ns` after the start of the load, between the `a`-th node of side
  /// `from` and the `b`-th of the next one, is held up: 0 if nothing parts them. Partitions may follow one another.
  std::int64_t hold_ns(scenario::partition::side from, std::size_t a, std::size_t b,
                       std::int64_t since_start_ns) const {
    std::int64_t time = since_start_ns;
    auto const cuts = [&](scenario::partition const& p) {
      return p.from.kind == from && covers(p.from, a) && covers(p.to, b) && p.begin.count() <= time &&
             time < p.over.count();
    };
    for (auto cut = all_.begin(); (cut = std::find_if(all_.begin(), all_.end(), cuts)) != all_.end();)
      time = cut->over.count();
    return time - since_start_ns;
  }

  static bool covers(scenario::partition::end const& end, std::size_t index) {
    return !end.index || *end.index == index;
  }

private:
  std::vector<scenario::partition> all_;
};

}
