#include "reports/markdown.hpp"

#include "reports/wording.hpp"

#include <cctype>

namespace reports {

std::string markdown_text(std::string_view text) {
  std::string const line = one_line(text);
  auto const in_a_word = [&](std::size_t at) {
    auto const letter = [&](std::size_t i) {
      return i < line.size() && std::isalnum(static_cast<unsigned char>(line[i])) != 0;
    };
    return at > 0 && letter(at - 1) && letter(at + 1);
  };
  std::string out;
  for (std::size_t at = 0; at != line.size(); ++at) {
    bool const markup = std::string_view("|\\`*<>[]&~$").find(line[at]) != std::string_view::npos;
    if (markup || (line[at] == '_' && !in_a_word(at))) out += '\\';
    out += line[at];
  }
  return out;
}

}
