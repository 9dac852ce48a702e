#pragma once

#include "base/config/joined.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Enumerations that files spell as words. Each has a `name_of(value)` next to it, a switch over all values without a
/// default, so that no value can lack a word. Values count up from 0; `name_of` is empty for anything else.
namespace config {

template<class Enum>
constexpr std::size_t count_of() {
  std::size_t count = 0;
  while (!name_of(static_cast<Enum>(count)).empty()) ++count;
  return count;
}

/// All words, in the order of the values.
template<class Enum>
constexpr auto words_of() {
  std::array<std::string_view, count_of<Enum>()> words;
  for (std::size_t i = 0; i != words.size(); ++i) words[i] = name_of(static_cast<Enum>(i));
  return words;
}

/// nullopt when no value has that name.
template<class Enum>
constexpr std::optional<Enum> value_of(std::string_view word) {
  for (std::size_t i = 0; i != count_of<Enum>(); ++i)
    if (name_of(static_cast<Enum>(i)) == word) return static_cast<Enum>(i);
  return std::nullopt;
}

/// "fifo, processor_sharing".
template<class Enum>
std::string listed_words(std::string_view between = ", ") {
  return joined(words_of<Enum>(), between);
}

}
