#include "sim/authoring/text_edits.hpp"

#include <algorithm>

namespace sim::authoring {

bool text_edits::begins_line(std::size_t at) const {
  while (at > 0 && (text_[at - 1] == ' ' || text_[at - 1] == '\t')) --at;
  return at == 0 || text_[at - 1] == '\n';
}

bool text_edits::ends_line(std::size_t at) const {
  std::size_t const next = text_.find_first_not_of(" \t\r", at);
  return next == std::string_view::npos || text_[next] == '\n';
}

void text_edits::replace_alone(std::size_t begin, std::size_t end, std::string const& by) {
  replace(begin, end, (begins_line(begin) ? "" : "\n") + by + (ends_line(end) ? "" : "\n"));
}

void text_edits::comment_out(std::size_t begin, std::size_t end) {
  std::string by = "# ";
  for (std::size_t at = begin; at < end;) {
    std::size_t const line = std::min(text_.find('\n', at), end);
    by.append(text_.substr(at, line - at));
    if (line < end) by += "\n# ";
    at = line + 1;
  }
  replace_alone(begin, end, by);
}

std::string text_edits::applied() const {
  std::string result;
  std::size_t copied = 0;
  for (auto const& [begin, one] : edits_) {
    result.append(text_.substr(copied, begin - copied)).append(one.by);
    copied = one.end;
  }
  return result.append(text_.substr(copied));
}

}
