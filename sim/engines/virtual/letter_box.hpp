#pragma once

#include <cstdint>
#include <vector>

namespace sim::virtual_time {

/// What is on its way, by places that occurrences name; a place is used again when what was there has been taken.
template<class Letter>
class letter_box {
public:
  std::uint32_t put(Letter const& letter) {
    if (free_.empty()) {
      all_.push_back(letter);
      return static_cast<std::uint32_t>(all_.size() - 1);
    }
    std::uint32_t const place = free_.back();
    free_.pop_back();
    all_[place] = letter;
    return place;
  }
  Letter take(std::uint32_t place) {
    free_.push_back(place);
    return all_[place];
  }

private:
  std::vector<Letter> all_;
  std::vector<std::uint32_t> free_;
};

}
