#pragma once

#include <cstdint>
#include <vector>

namespace sim::virtual_time {

/// Messages under way, in slots that events refer to; a slot is reused once its message has been taken.
template<class Message>
class slot_pool {
public:
  std::uint32_t put(Message const& message) {
    if (free_.empty()) {
      all_.push_back(message);
      return static_cast<std::uint32_t>(all_.size() - 1);
    }
    std::uint32_t const place = free_.back();
    free_.pop_back();
    all_[place] = message;
    return place;
  }
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
