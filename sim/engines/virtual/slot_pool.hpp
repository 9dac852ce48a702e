#pragma once

#include "base/memory/prefetch.hpp"

#include <cstdint>
#include <vector>

namespace sim::virtual_time {

/// Messages under way, in slots that events refer to; a slot is reused once its message has been taken.
template<class Message>
class slot_pool {
public:
  std::uint32_t put(Message const& message) {
    std::uint32_t const place = put();
    all_[place] = message;
    return place;
  }
  /// … or one that is written there with `at`.
  std::uint32_t put() {
    if (free_.empty()) {
      all_.emplace_back();
      return static_cast<std::uint32_t>(all_.size() - 1);
    }
    std::uint32_t const place = free_.back();
    free_.pop_back();
    return place;
  }
  Message& at(std::uint32_t place) { return all_[place]; }
  Message const& at(std::uint32_t place) const { return all_[place]; }
  void prefetch(std::uint32_t place) const { memory::prefetch(&all_[place]); }
  /// Valid until the next one is put.
  Message const& take(std::uint32_t place) {
    free_.push_back(place);
    return all_[place];
  }

private:
  std::vector<Message> all_;
  std::vector<std::uint32_t> free_;
};

}
