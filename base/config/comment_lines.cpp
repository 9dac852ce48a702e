#include "base/config/comment_lines.hpp"

#include <algorithm>
#include <cstddef>

namespace config {

void append_comment(std::string& out, std::string_view text, std::string_view first, std::string_view others) {
  constexpr std::size_t width = 100;
  std::string line(first);
  std::size_t words = 0;
  auto const finish = [&] {
    out += line + "\n";
    line = others;
    words = 0;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const end = std::min(text.find_first_of(" \n", at), text.size());
    std::string_view const word = text.substr(at, end - at);
    if (words > 0 && line.size() + 1 + word.size() > width) finish();
    line.append(words++ == 0 ? "" : " ").append(word);
    if (end < text.size() && text[end] == '\n') finish();
    at = end + 1;
  }
  if (words > 0) finish();
}

}
