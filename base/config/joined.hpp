#pragma once

#include <string>
#include <string_view>

namespace config {

/// Words, one after another: joined(names) is "a, b, c". `Words`: a range of what a string_view can be made of.
template<class Words>
std::string joined(Words const& words, std::string_view between = ", ") {
  std::string text;
  for (std::string_view const word : words) text.append(text.empty() ? "" : between).append(word);
  return text;
}

}
