#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

namespace config {

/// A text iterator that reports how far it has read: nlohmann's SAX interface gives no positions.
class counting_iterator {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = char const*;
  using reference = char const&;

  /// `consumed` outlives all copies; it is set to the number of characters before the furthest iterator.
  counting_iterator(char const* begin, char const* at, std::size_t& consumed)
    : begin_(begin)
    , at_(at)
    , consumed_(&consumed) {}

  reference operator*() const { return *at_; }
  counting_iterator& operator++() {
    ++at_;
    *consumed_ = static_cast<std::size_t>(at_ - begin_);
    return *this;
  }
  counting_iterator operator++(int) {
    counting_iterator const before = *this;
    ++*this;
    return before;
  }
  bool operator==(counting_iterator const& other) const { return at_ == other.at_; }
  bool operator!=(counting_iterator const& other) const { return at_ != other.at_; }

private:
  char const* begin_;
  char const* at_;
  std::size_t* consumed_;
};

/// Turns increasing offsets into line numbers without starting from the beginning each time.
class line_counter {
public:
  explicit line_counter(std::string_view text)
    : text_(text) {}

  /// Line, from 1, of the character at `offset`, which must not be before the line of the previous call.
  std::size_t line_at(std::size_t offset) {
    for (; seen_ < offset && seen_ < text_.size(); ++seen_) {
      if (text_[seen_] == '\n') ++line_;
    }
    return line_;
  }

private:
  std::string_view text_;
  std::size_t seen_ = 0;
  std::size_t line_ = 1;
};

}
